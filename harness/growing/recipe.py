"""What determines a cold start, besides library versions and the kind of CPU."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from pydantic import Field

from srpo_bench.harness.config import Device, Optim, Section


class Recipe(Section):
    """A base, the worked solutions it is shown, and how."""

    model: str = Field(description="a Hugging Face folder, a GGUF, or a hub id")
    tasks: tuple[str, ...] = Field(min_length=1, description="their worked solutions are shown")
    held_out: tuple[str, ...] = Field((), description="tasks none of whose problems may be seen")
    data_dir: Path | None = Field(None, description="local files of the tasks; else the hub")
    examples: int | None = Field(None, gt=0, description="solutions; None: all there are")
    passes: int = Field(1, gt=0, description="times each is shown")
    batch: int = Field(8, gt=0, description="solutions an update")
    lr: float = Field(5e-5, gt=0, description="highest learning rate; falls to 0 linearly")
    seed: int = Field(0, ge=0)
    threads: int = Field(1, gt=0, description="CPU threads")
    device: Device = Field("auto", description="auto: an accelerator where there is one")
    date: dt.date | None = Field(
        None, description="today, for a chat template that asks; None: the day it was begun"
    )
    checked: int = Field(64, ge=0, description="unseen solutions whose loss is measured")

    def optim(self, updates: int) -> Optim:
        """AdamW, warmed up over a twentieth of the updates."""
        return Optim(lr=self.lr, schedule="linear", warmup_updates=updates // 20)
