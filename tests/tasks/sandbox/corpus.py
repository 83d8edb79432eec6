"""Every hostile program and every honest one, by name. Honest ones square a number."""

from __future__ import annotations

import json
from pathlib import Path

from tests.tasks.sandbox.adversarial import FORGERIES
from tests.tasks.sandbox.doors import doors
from tests.tasks.sandbox.honest import HONEST as WRITTEN
from tests.tasks.sandbox.lies import FOLDERS, LATE, LIES

_RECORDED = [
    json.loads(line)
    for line in (Path(__file__).parent / "cases" / "hostile.jsonl").read_text().splitlines()
]


def _recorded(kind: str) -> dict[str, str]:
    found = [row for row in _RECORDED if row["kind"] == kind]
    return {f"recorded/{row['name']}": row["program"] for row in found}


HOSTILE: dict[str, str] = {
    **FORGERIES,
    **doors(),
    **LIES,
    **FOLDERS,
    **LATE,
    **_recorded("hostile"),
}
HONEST: dict[str, str] = {**WRITTEN, **_recorded("honest")}
UNREPEATABLE = _recorded("unrepeatable")

VISIBLE = frozenset({"recorded/kernel/stat-outside"})
"""They only ask which files there are. Without bubblewrap that can be seen, as docs/reliability.md
says; no file can be read, and no name listed."""
