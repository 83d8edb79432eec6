"""Short ways to import and to read what came of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from srpo_bench.results.importers.convert import Imported, import_runs
from srpo_bench.results.importers.request import Request

HEADER = "algo,seed,step,accuracy"


def table(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text("".join(f"{row}\n" for row in (header, *rows)), encoding="utf-8")
    return path


def take(format: str, *files: str | Path, out: Path, **more: Any) -> Imported:
    return import_runs(Request(format, [str(f) for f in files], out, **more))


def evals(out: Path, run: str = "grpo/seed-1") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / run / "evals.jsonl").read_text().splitlines()]


def curve(out: Path, run: str = "grpo/seed-1") -> list[tuple[int, float]]:
    return [(line["step"], round(line["accuracy"], 6)) for line in evals(out, run)]


def contract(out: Path, run: str = "grpo/seed-1") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / run / "manifest.json").read_text())["contract"]
    return found
