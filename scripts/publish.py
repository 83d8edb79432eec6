"""Publishes finished comparisons under results/published/, with the records behind them.

    python scripts/publish.py                        writes every packed comparison's report anew
    python scripts/publish.py runs/answer answer     packs its records and writes its report
    python scripts/publish.py runs/control control claims/control.yaml    judged by its own claims

Packed are comparison.json and of every run manifest, status, evals, steps, timing and last scores:
all that a verdict rests on; of the first seed also the responses that its first and last evaluation
recorded. Not packed are other responses, checkpoints and logs. ``tar xJf records.tar.xz`` in any
folder gives a comparison that ``bench report`` and ``bench verify`` read.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from srpo_bench.results.report import write_report
from srpo_bench.results.runs import read
from srpo_bench.results.store import STATUS

TREE = Path(__file__).resolve().parents[1]
PUBLISHED = TREE / "results" / "published"
RECORDS = "records.tar.xz"
CLAIMS = "claims.yaml"
SAMPLES = "samples.jsonl"
OF_A_RUN = (
    *("manifest.json", "status.json", "evals.jsonl", "steps.jsonl", "timing.jsonl"),
    "final.json",
)
SHOWN = ("report.md", "summary.json", "tables", "figures")
PATH = re.compile(r"(?<![\w).+*-])(?:/[\w.+-]+)+/([\w.+-]+)")
"""An absolute path, and no quotient in a problem; its last part is what a reader may know of it."""


def pack(folder: Path, target: Path) -> None:
    """A comparison's records as one archive, the same bytes whenever they are packed.

    Raises:
        ResultsError: there is no comparison, or a file of it is not what was sealed.
    """
    comparison = read(folder)
    files = [folder / "comparison.json"]
    for run in sorted(path for path in folder.glob("*/seed-*") if path.is_dir()):
        files += [run / file for file in OF_A_RUN if (run / file).is_file()]
    shown = sorted(folder.glob(f"*/seed-{comparison.seeds[0]}/{SAMPLES}"))
    target.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(target, "w:xz", preset=9) as archive:
        for path in [*files, *shown]:
            text = path.read_bytes()
            if path.suffix == ".json":
                record = without_place(json.loads(text))
                if path.name == STATUS and record["state"] == "running":
                    record["state"] = "stopped"  # cut off before it could say so
                plain = json.dumps(record, indent=2, ensure_ascii=False)
                text = f"{plain}\n".encode()
            if path.name == SAMPLES:
                text = first_and_last(text)
            place = path.relative_to(folder).as_posix()
            entry = tarfile.TarInfo(f"{comparison.plan['name']}/{place}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))


def first_and_last(samples: bytes) -> bytes:
    """A run's recorded responses from its first and its last evaluation."""
    lines = [(json.loads(line), line) for line in samples.splitlines(keepends=True)]
    evaluated = [(sample["step"], line) for sample, line in lines if sample["phase"] == "eval"]
    ends = {f(step for step, _ in evaluated) for f in (min, max)} if evaluated else set()
    return b"".join(line for step, line in evaluated if step in ends)


def without_place(value: Any) -> Any:
    """A record without absolute paths and the kernel's build, which say where somebody works and
    nothing about the result."""
    if isinstance(value, dict):
        plain = {key: without_place(part) for key, part in value.items()}
        if "system" in plain:
            plain["system"] = str(plain["system"]).partition("-")[0]
        return plain
    if isinstance(value, list):
        return [without_place(part) for part in value]
    return PATH.sub(r"\1", value) if isinstance(value, str) else value


def unpack(archive: Path, into: Path) -> Path:
    """The comparison's folder."""
    with tarfile.open(archive) as opened:
        opened.extraction_filter = getattr(tarfile, "data_filter", None)  # not before 3.11.4
        opened.extractall(into)
    (folder,) = into.iterdir()
    return folder


def own_claims(place: Path) -> list[Path]:
    """The claims that a published comparison is judged by beside the shipped ones."""
    return [path for path in (place / CLAIMS,) if path.is_file()]


def show(place: Path) -> None:
    """Write a published comparison's report from its records."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = unpack(place / RECORDS, Path(scratch))
        write_report(folder, claim_files=own_claims(place))
        for name in SHOWN:
            old, new = place / name, folder / "report" / name
            shutil.rmtree(old, ignore_errors=True)
            if new.is_dir():
                shutil.copytree(new, old, ignore=shutil.ignore_patterns("*.svg"))
            else:
                shutil.copyfile(new, old)


def main(arguments: list[str]) -> None:
    """See the top of this file."""
    if len(arguments) not in (0, 2, 3):
        raise SystemExit(__doc__)
    places = [PUBLISHED / arguments[1]] if arguments else sorted(PUBLISHED.iterdir())
    if arguments:
        pack(Path(arguments[0]), places[0] / RECORDS)
    if len(arguments) == 3:
        shutil.copyfile(arguments[2], places[0] / CLAIMS)
    for place in (p for p in places if (p / RECORDS).is_file()):
        show(place)
        print(f"{place.relative_to(TREE)}: {(place / RECORDS).stat().st_size // 1024} KiB packed")


if __name__ == "__main__":
    main(sys.argv[1:])
