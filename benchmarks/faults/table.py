"""What was done and what differed, as lines of a Markdown table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One kind of fault. ``differences``: records or verdicts that it changed."""

    fault: str
    trials: int
    differences: int
    note: str = ""

    def __str__(self) -> str:
        return f"| {self.fault} | {self.trials} | {self.differences} | {self.note} |"


HEAD = "| fault | trials | differences | |\n|---|--:|--:|---|"
