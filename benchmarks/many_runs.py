"""Comparisons of as many runs as wanted, with full records: the published runs again and again.

Each copy has a seed of its own and evaluations that differ by chance alone, so that no two runs are
one. They serve to time what reads records, never to learn anything from.
"""

from __future__ import annotations

import json
import random
import shutil
import tarfile
from pathlib import Path
from typing import Any

RECORDS = Path(__file__).parents[1] / "results" / "published" / "micro" / "records.tar.xz"
_COPIED = ("steps.jsonl", "timing.jsonl", "status.json")


def write(folder: Path, runs: int) -> Path:
    """A comparison of ``runs`` finished runs, half of them each arm's."""
    with tarfile.open(RECORDS) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # not before 3.11.4
        archive.extractall(folder)
    (source,) = (path for path in folder.iterdir() if (path / "comparison.json").is_file())
    record = json.loads((source / "comparison.json").read_text())
    target = folder / f"of-{runs}"
    arms, seeds = [arm["arm"] for arm in record["arms"]], record["seeds"]
    record["seeds"] = list(range(1, runs // len(arms) + 1))
    for seed in record["seeds"]:
        old = seeds[(seed - 1) % len(seeds)]
        record["pools"][str(seed)] = record["pools"][str(old)]
        for arm in arms:
            _copy(source / arm / f"seed-{old}", target / arm / f"seed-{seed}", seed)
    (target / "comparison.json").write_text(json.dumps(record))
    shutil.rmtree(source)
    return target


def _copy(source: Path, target: Path, seed: int) -> None:
    target.mkdir(parents=True)
    for name in _COPIED:
        shutil.copy(source / name, target)
    manifest = json.loads((source / "manifest.json").read_text())
    (target / "manifest.json").write_text(json.dumps(manifest | {"seed": seed}))
    lines = [json.loads(line) for line in (source / "evals.jsonl").read_text().splitlines()]
    moved = [json.dumps(_again(line, seed)) for line in lines]
    (target / "evals.jsonl").write_text("\n".join(moved) + "\n")


def _again(line: dict[str, Any], seed: int) -> dict[str, Any]:
    """An evaluation as it might have come out: its problems' counts drawn with replacement. What
    comes before training is the seed's, and every arm's."""
    for task, score in line["tasks"].items():
        draw = random.Random(f"{seed} {task} {line['step'] and (line['step'], line['accuracy'])}")
        score["correct"] = draw.choices(score["correct"], k=score["n"])
        score["accuracy"] = sum(score["correct"]) / (score["n"] * score["k"])
    line["accuracy"] = sum(s["accuracy"] for s in line["tasks"].values()) / len(line["tasks"])
    return line
