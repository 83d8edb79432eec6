"""``make mutants``: a seeded sample of small faults; prints survivors, killed and survived.

python -m tests.mutants map [TESTS]         what each test runs; once, and after large changes
python -m tests.mutants sample 100 --seed 1
python -m tests.mutants file harness/running/learner.py
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
from collections import Counter
from itertools import chain
from pathlib import Path

from tests.mutants import ROOMS, ROOT, THOROUGH
from tests.mutants.equivalent import EQUIVALENT, LEFT_OUT
from tests.mutants.run import SECONDS, Mutant, judge, mutants_of, preload, still_there
from tests.mutants.together import judged

MAP = ROOT / ".mutants.json"


def main() -> int:
    """Exit code 1 where fewer than 95 % were killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    traced = commands.add_parser("map")
    traced.add_argument("tests", nargs="*", help="only these files of tests, made anew")
    sample = commands.add_parser("sample")
    sample.add_argument("count", type=int)
    sample.add_argument("--seed", type=int, default=0)
    file = commands.add_parser("file")
    file.add_argument("path", nargs="+")
    for command in (sample, file):
        command.add_argument("--seconds", type=float, default=SECONDS, help="of tests a mutant")
    chosen = parser.parse_args()
    if chosen.command == "map":
        return make_map(chosen.tests)
    if not MAP.is_file():
        sys.exit(f"There is no {MAP.name}: run 'python -m tests.mutants map' first.")
    if chosen.command == "file":
        return report([m for path in chosen.path for m in mutants_of(path)], chosen.seconds)
    return report(random.Random(chosen.seed).sample(every(), chosen.count), chosen.seconds)


def make_map(files: list[str]) -> int:
    """Run the rooms' tests once, with the lines they run written down. Slow ones too: some lines
    are run by no other, and a mutant takes the quickest first."""
    before = json.loads(MAP.read_text()) if files and MAP.is_file() else {}
    tests = files or [f"tests/{room}" for room in ROOMS]
    command = [sys.executable, "-m", "pytest", "-o", "addopts=", "-p", "tests.mutants.trace", "-q"]
    done = subprocess.run(
        [*command, *THOROUGH, *tests], env={**os.environ, "MUTANTS_MAP": str(MAP)}
    )
    kept = {test: e for test, e in before.items() if not test.startswith(tuple(files))}
    MAP.write_text(json.dumps({**kept, **json.loads(MAP.read_text())}))
    return done.returncode


def every() -> list[Mutant]:
    """All mutants of the rooms but those of files that are left out."""
    files = [str(path.relative_to(ROOT)) for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    kept = [f for f in sorted(files) if not any(f.startswith(prefix) for prefix in LEFT_OUT)]
    return [mutant for file in kept for mutant in mutants_of(file)]


def report(mutants: list[Mutant], seconds: float) -> int:
    """Judge and print; the number is of those that are not equivalent."""
    known = still_there(json.loads(MAP.read_text()))
    preload()
    counts: Counter[str] = Counter()
    at_import = [mutant for mutant in mutants if mutant.function is None]
    within = [mutant for mutant in mutants if mutant.function is not None]
    by_itself = ((mutant, judge(mutant, known, seconds)) for mutant in at_import)
    for mutant, found in chain(judged(within, known, seconds), by_itself):
        is_known = found != "killed" and mutant.key in EQUIVALENT
        verdict = "equivalent" if is_known else found
        counts[verdict] += 1
        if verdict != "killed":
            print(f"{verdict}: {mutant.file}:{mutant.line}: {mutant.what}", flush=True)
    if counts.total() < len(mutants):
        sys.exit(f"Only {counts.total()} of {len(mutants)} were judged: the session ended early.")
    real = sum(counts.values()) - counts["equivalent"]
    share = counts["killed"] / real if real else 1.0
    print(f"{dict(counts)}: {counts['killed']} of {real} killed, {100 * share:.1f} %")
    for prefix, why in LEFT_OUT.items():
        print(f"left out: {prefix}: {why}")
    return 0 if share >= 0.95 else 1


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    sys.exit(main())
