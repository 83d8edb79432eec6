"""Seconds of an evaluation: an earlier commit against this tree.

``python -m benchmarks.evaluation [COMMIT [ROUNDS]]`` evaluates the micro base on 88 problems of
each micro family, four responses each (1,056), once with the code of COMMIT and once with this
tree's, in ROUNDS such pairs. Who begins alternates: other work on the machine then falls on both.
Each round has other problems, so nothing is remembered from round to round. It counts the responses
whose text and outcome are the same: all, unless the arithmetic of sampling was changed between the
two (docs/performance.md), which turns a draw here and there. The ratio is the rounds' median.
"""

from __future__ import annotations

import io
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

BEFORE = "f6002b5"
"""The last commit before evaluations were made faster."""
ROUNDS = 5
"""At most: the families hold no more problems."""
HERE = Path(__file__).parents[1]


class Side:
    """A process that evaluates with the code of one tree."""

    def __init__(self, tree: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(HERE / "benchmarks" / "evaluation_side.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._asks, self._answers = self._process.stdin, self._process.stdout
        if self._answers.readline() != "ready\n":
            raise SystemExit(f"The code in {tree} does not evaluate; its last words are above.")

    def evaluate(self, number: int) -> dict[str, Any]:
        """Round ``number``: seconds, and a digest of each response with its outcome."""
        self._asks.write(f"{number}\n")
        self._asks.flush()
        answer: dict[str, Any] = json.loads(self._answers.readline())
        return answer

    def close(self) -> None:
        """End it."""
        self._asks.close()
        self._process.wait()


def unpack(commit: str, folder: Path) -> None:
    """The tree of a commit of this repository."""
    packed = subprocess.run(
        ["git", "-C", str(HERE), "archive", commit], capture_output=True, check=False
    )
    if packed.returncode:
        raise SystemExit(f"{commit} is no commit of the repository in {HERE}.")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # not before 3.11.4
        archive.extractall(folder)


def main() -> None:
    commit = sys.argv[1] if len(sys.argv) > 1 else BEFORE
    rounds = min(int(sys.argv[2]), ROUNDS) if len(sys.argv) > 2 else ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        unpack(commit, Path(folder))
        before, after = Side(Path(folder)), Side(HERE)
        print("before/s  after/s  ratio  load")
        ratios, same, count = [], 0, 0
        for number in range(rounds):
            order = (before, after) if number % 2 else (after, before)
            results = {side: side.evaluate(number) for side in order}
            old, new = results[before], results[after]
            same += sum(a == b for a, b in zip(old["said"], new["said"], strict=True))
            count += len(new["said"])
            ratios.append(old["seconds"] / new["seconds"])
            seconds = f"{old['seconds']:8.2f} {new['seconds']:8.2f}"
            print(f"{seconds} {ratios[-1]:6.2f} {os.getloadavg()[0]:5.1f}", flush=True)
        before.close()
        after.close()
    print(f"{count} responses, {same} the same in both; one thread each")
    print(f"from {min(ratios):.2f} to {max(ratios):.2f}")
    print(f"ratio {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
