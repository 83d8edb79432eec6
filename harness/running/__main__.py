"""``python -P -m srpo_bench.harness.running FOLDER``: one planned run, for who starts commands.

Exit code 0: done; 130: stopped, and resumed by the same command; 1: failed; 2: no planned run; 75:
a later attempt has taken the run over.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from srpo_bench.harness.environment import settle
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.running.worker import CODES, planned, run_folder


def main(words: list[str]) -> int:
    """Run the folder named, and return the exit code."""
    if len(words) != 1:
        print("usage: python -P -m srpo_bench.harness.running FOLDER", file=sys.stderr)
        return 2
    folder = Path(words[0])
    try:
        settle(planned(folder)["settings"]["threads"])
        _hash_alike(words)
    except UserError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    return CODES[run_folder(folder)]


def _hash_alike(words: list[str]) -> None:
    """Begin anew where sets of words have an order of this process alone: Python reads the seed of
    its hashes as it starts."""
    if sys.flags.hash_randomization and not sys.flags.ignore_environment:
        unit = ["-P", "-m", "srpo_bench.harness.running"]
        os.execv(sys.executable, [sys.executable, *unit, *words])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
