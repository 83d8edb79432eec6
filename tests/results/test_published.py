"""What is published comes from the records beside it, and these name nobody's machine."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from scripts.publish import PUBLISHED, RECORDS, own_claims, pack, unpack, without_place
from srpo_bench.results.report import write_report
from tests.results import synthetic

PLACES = sorted(path.parent for path in PUBLISHED.glob(f"*/{RECORDS}"))
LIMIT = 30 * 2**20


def texts(folder: Path) -> dict[str, bytes]:
    """What a report says, by its path: figures are made of the same numbers."""
    found = [folder / "report.md", folder / "summary.json", *(folder / "tables").iterdir()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.mark.integration
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_the_published_report_is_made_anew_from_its_records(place: Path, tmp_path: Path) -> None:
    """Where this fails after a change of the report's words: python scripts/publish.py"""
    folder = unpack(place / RECORDS, tmp_path)
    write_report(folder, claim_files=own_claims(place))
    assert texts(folder / "report") == texts(place)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_published_records_hold_every_problems_count_and_no_place(
    place: Path, tmp_path: Path
) -> None:
    folder = unpack(place / RECORDS, tmp_path)
    for path in folder.rglob("*.json*"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r'"/\w+/|/home/|/root|/tmp|-glibc', text), path
        if path.name == "evals.jsonl":
            assert '"correct":[' in text.replace(" ", "")


def test_all_of_it_is_small() -> None:
    assert PLACES
    assert sum(place.joinpath(RECORDS).stat().st_size for place in PLACES) <= LIMIT


ASKED = [("eval", 0), ("train", 0), ("eval", 10), ("eval", 20), ("final", 20)]


def _sample(phase: str, step: int) -> str:
    said = {"task": "micro-math", "problem": "p", "prompt": "1+1\n=", "response": f"at {step}\n2"}
    return json.dumps({"phase": phase, "step": step, "outcome": "correct", **said}) + "\n"


def test_records_are_packed_the_same_twice_and_report_the_same(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=2, steps=20, target=10)
    for run in folder.glob("*/seed-*"):
        host = {"system": "Linux-6.1-build7-x86_64", "cores": 2}
        synthetic.change(run, "manifest.json", host=host, base={"path": "/home/me/models/base"})
        (run / "worker.log").write_text("none of it")
        (run / "samples.jsonl").write_text("".join(_sample(*where) for where in ASKED))
    pack(folder, tmp_path / "a" / RECORDS)
    pack(folder, tmp_path / "b" / RECORDS)
    assert (tmp_path / "a" / RECORDS).read_bytes() == (tmp_path / "b" / RECORDS).read_bytes()
    copy = unpack(tmp_path / "a" / RECORDS, tmp_path / "out")
    assert not list(copy.rglob("worker.log"))
    kept = [path.read_text() for path in sorted(copy.rglob("samples.jsonl"))]
    assert kept == ["".join(_sample(*where) for where in (ASKED[0], ASKED[3]))] * 2
    assert write_report(copy) == write_report(folder)
    written = texts(copy / "report")
    assert written == texts(folder / "report")
    assert b"at step 20, correct:\n\n    at 20\n    2\n" in written["report.md"]
    assert b"micro-math, seed 1; expected" in written["report.md"]


def test_paths_and_kernels_are_left_out_and_names_stay() -> None:
    told = {
        "command": "bench compare --out /home/me/runs/c --algos grpo,srpo",
        "system": "Linux-6.1-build7-x86_64-with-glibc2.36",
        "tasks": ["micro-math/8/2/2/2+4", "micro-math/(x+9+2)/2/3/2=6"],
        "base": {"path": "/data/models/Qwen2.5-0.5B"},
        "n": 3,
    }
    assert without_place(told) == {
        "command": "bench compare --out c --algos grpo,srpo",
        "system": "Linux",
        "tasks": ["micro-math/8/2/2/2+4", "micro-math/(x+9+2)/2/3/2=6"],
        "base": {"path": "Qwen2.5-0.5B"},
        "n": 3,
    }
