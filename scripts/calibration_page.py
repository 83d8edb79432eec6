"""What docs/statistics.md says of the calibration, written from docs/calibration.jsonl, which
``python -m benchmarks.calibration --keep`` wrote. Run it when a cell is measured anew."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from benchmarks.calibration import FAMILIES, allowed, false
from scripts.blocks import TREE, Blocks, table, written
from srpo_bench.results.statistics import sequential
from srpo_bench.results.statistics.speed import QUANTILE

PAGE = TREE / "docs" / "statistics.md"
SOURCE = "calibration.jsonl"
NEAR = (0.09, 0.1, 0.11)
SEEDS = ("clean", "96 answers", "24 answers", "micro schedule", "plateaus ± 6 points",
         "gain 0.1, noise 0.012", "one challenger in ten fails")  # fmt: skip
VERDICTS = {0.05: "supported", 0.08: "supported", 0.12: "refuted", 0.15: "refuted", 0.2: "refuted"}


@cache
def _cells() -> list[dict[str, Any]]:
    lines = PAGE.with_name(SOURCE).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _of(family: str, **fixed: float) -> list[dict[str, Any]]:
    """A family's cells, those of some pairs or ratio."""
    mine = (c for c in _cells() if c["family"] == family)
    return [c for c in mine if all(c[key] == value for key, value in fixed.items())]


def outcome() -> str:
    """What the calibration came to, over all families that are judged once."""
    once = [c for c in _cells() if not c["family"].startswith("extended")]
    near = [c for c in once if c["truth"] != 1 and c["ratio"] in NEAR]
    worst = {half: max(false(c) for c in near if c["half"] == half) for half in "AB"}
    limit = max(allowed(c) for c in near)
    apart = max(false(c) for c in once if c["truth"] == 1)
    covers = [c["covers"] for c in once if c["scored"] == "coverage"]
    over = sum(false(c) > allowed(c) for c in once)
    return (
        f"{len(once)} cells, {sum(c['simulations'] for c in once):,} simulations. Cells with more "
        f"false verdicts than their bound: {over}.\nThe worst false verdict at or beside the "
        f"threshold is {_share(worst['A'])} % in half A and {_share(worst['B'])} % in half B "
        f"(allowed:\n2.5 % and three Monte-Carlo errors, {_share(limit)} %); equal arms are told "
        f"apart in at most {_share(apart)} % (allowed: 5 %).\nThe printed interval covers "
        f"{_share(min(covers))} to {_share(max(covers))} %."
    )


def families() -> str:
    """A line a family that is judged once."""
    head = [
        *("family", "half", "covers %", "false at 0.09–0.11, worst %", "told apart at 1, worst %"),
        *("median width at 0.10", "median estimate of 0.10"),
    ]
    return table(head, [_family(f.name, f.half, f.scored) for f in FAMILIES if not f.looks])


def _family(name: str, half: str, scored: str) -> list[str]:
    mine = _of(name)
    covers = [c["covers"] for c in mine]
    held = f"{_share(min(covers))}–{_share(max(covers))}" if scored == "coverage" else "–"
    last = max(_of(name, ratio=0.1), key=lambda c: float(c["pairs"]))
    width = "open" if last["width"] > 1e6 else f"{last['width']:.2f}"
    near = max(false(c) for c in mine if c["ratio"] in NEAR)
    apart = max(false(c) for c in mine if c["ratio"] == 1)
    return [name, half, held, _share(near), _share(apart), width, f"{last['estimate']:.3f}"]


def seeds() -> str:
    """How often the claim gets its verdict, by pairs and true ratio."""
    rows = []
    for name in SEEDS:
        for pairs in (8, 10, 20):
            chosen = [(_of(name, pairs=pairs, ratio=r), verdict) for r, verdict in VERDICTS.items()]
            if all(cells for cells, _ in chosen):
                shares = [f"{100 * cells[0][verdict]:.0f} %" for cells, verdict in chosen]
                rows.append([name, str(pairs), *shares])
    return table(["family", "pairs", *(f"{r} {verdict}" for r, verdict in VERDICTS.items())], rows)


def extended() -> str:
    """A line a family that is extended until it is settled."""
    rows = []
    for family in (f for f in FAMILIES if f.looks):
        (at,), (equal,) = (_of(family.name, ratio=ratio) for ratio in (0.1, 1))
        name = family.name.removeprefix("extended").removeprefix(": ") or "clean"
        rows.append([name, family.half, _share(false(at), 2), _share(false(equal), 2)])
    return table(["family", "half", "false at 0.10, %", "told apart at 1, %"], rows)


def widening() -> str:
    """How much wider an interval of a further look is, where the first was at eight pairs."""
    from scipy.stats import t

    pairs = (10, 12, 16, 24, 32)
    wider = [t.ppf(sequential.quantile(n, 8), n - 1) / t.ppf(QUANTILE, n - 1) for n in pairs]
    head = ["pairs at the further look", *map(str, pairs)]
    return table(head, [["interval wider by", *(f"{x:.2f}" for x in wider)]])


def _share(value: float, digits: int = 1) -> str:
    return f"{100 * value:.{digits}f}"


BLOCKS: Blocks = {
    "widening": widening,
    "outcome": outcome,
    "families": families,
    "seeds": seeds,
    "extended": extended,
}


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), BLOCKS, SOURCE), encoding="utf-8")
