"""What docs/ say of published comparisons and of the calibration, written from their files.

    python scripts/numbers.py

The text between the marks is made anew and a test holds it to the letter, so that no number there
was typed. Figures that no file of the repository holds say so in words where they stand, or belong
to a section on the test's list of rules.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.calibration import FAMILIES, allowed, false
from srpo_bench.results.statistics import sequential
from srpo_bench.results.statistics.speed import QUANTILE

TREE = Path(__file__).resolve().parents[1]
DOCS = TREE / "docs"
CALIBRATION = DOCS / "calibration.jsonl"
NEAR = (0.09, 0.1, 0.11)
SEEDS = ("clean", "96 answers", "24 answers", "micro schedule", "plateaus ± 6 points",
         "gain 0.1, noise 0.012", "one challenger in ten fails")  # fmt: skip
VERDICTS = {0.05: "supported", 0.08: "supported", 0.12: "refuted", 0.15: "refuted", 0.2: "refuted"}


def published() -> str:
    """Every contrast of every published comparison, new ones too."""
    rows = ["| comparison | arm / baseline | pairs | ratio of steps (95 %) |", "|---|---|---|---|"]
    for path in sorted((TREE / "results" / "published").glob("*/summary.json")):
        name = path.parent.name
        for one in json.loads(path.read_text(encoding="utf-8"))["comparisons"]:
            steps, arms = one["axes"]["steps"], f"`{one['challenger']}` / `{one['baseline']}`"
            low, high = (math.inf if end is None else end for end in steps["interval"])
            ratio = f"{steps['ratio']:.2f} ({low:.2f} to {high:.2f})"
            link = f"[{name}](../results/published/{name}/report.md)"
            rows.append(f"| {link} | {arms} | {one['pairs']} | {ratio} |")
    return "\n".join(rows)


@cache
def _cells() -> list[dict[str, Any]]:
    lines = CALIBRATION.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _of(family: str, **known: float) -> list[dict[str, Any]]:
    """A family's cells, those of some pairs or ratio."""
    mine = (c for c in _cells() if c["family"] == family)
    return [c for c in mine if all(c[key] == value for key, value in known.items())]


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
    rows = [
        "| family | half | covers % | false at 0.09–0.11, worst % | told apart at 1, worst % "
        "| median width at 0.10 | median estimate of 0.10 |",
        "|---|---|---|---|---|---|---|",
    ]
    for family in (f for f in FAMILIES if not f.looks):
        mine = _of(family.name)
        covers = [c["covers"] for c in mine]
        held = f"{_share(min(covers))}–{_share(max(covers))}"
        last = max(_of(family.name, ratio=0.1), key=lambda c: float(c["pairs"]))
        width = "open" if last["width"] > 1e6 else f"{last['width']:.2f}"
        near = max(false(c) for c in mine if c["ratio"] in NEAR)
        apart = max(false(c) for c in mine if c["ratio"] == 1)
        rows.append(
            f"| {family.name} | {family.half} | {held if family.scored == 'coverage' else '–'} "
            f"| {_share(near)} | {_share(apart)} | {width} | {last['estimate']:.3f} |"
        )
    return "\n".join(rows)


def seeds() -> str:
    """How often the claim gets its verdict, by pairs and true ratio."""
    head = " | ".join(f"{ratio} {what}" for ratio, what in VERDICTS.items())
    rows = [f"| family | pairs | {head} |", "|---|---|" + "---|" * len(VERDICTS)]
    for name in SEEDS:
        for pairs in (8, 10, 20):
            found = [(_of(name, pairs=pairs, ratio=r), what) for r, what in VERDICTS.items()]
            if all(cells for cells, _ in found):
                shares = " | ".join(f"{100 * cells[0][what]:.0f} %" for cells, what in found)
                rows.append(f"| {name} | {pairs} | {shares} |")
    return "\n".join(rows)


def extended() -> str:
    """A line a family that is extended until it is settled."""
    rows = ["| family | half | false at 0.10, % | told apart at 1, % |", "|---|---|---|---|"]
    for family in (f for f in FAMILIES if f.looks):
        (at,), (equal,) = (_of(family.name, ratio=ratio) for ratio in (0.1, 1))
        name = family.name.removeprefix("extended").removeprefix(": ") or "clean"
        rows.append(
            f"| {name} | {family.half} | {_share(false(at), 2)} | {_share(false(equal), 2)} |"
        )
    return "\n".join(rows)


def widening() -> str:
    """How much wider the interval of a further look is, where the first was at eight pairs."""
    from scipy.stats import t

    pairs = (10, 12, 16, 24, 32)
    wider = [t.ppf(sequential.quantile(n, 8), n - 1) / t.ppf(QUANTILE, n - 1) for n in pairs]
    head = f"| pairs at the further look | {' | '.join(map(str, pairs))} |"
    row = f"| interval wider by | {' | '.join(f'{x:.2f}' for x in wider)} |"
    return "\n".join([head, "|---|" + "---|" * len(pairs), row])


def _share(value: float, digits: int = 1) -> str:
    return f"{100 * value:.{digits}f}"


PAGES: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "answer.md": {"results/published": published},
    "statistics.md": {
        "sequential.py: widening": widening,
        "calibration.jsonl: extended": extended,
        "calibration.jsonl: outcome": outcome,
        "calibration.jsonl: families": families,
        "calibration.jsonl: seeds": seeds,
    },
}
"""Page of docs/ -> what is written there, by the words of its mark."""


def written(text: str, blocks: Mapping[str, Callable[[], str]]) -> str:
    """A page with what stands between its marks made anew."""
    for name, make in blocks.items():
        begin, end = f"<!-- from {name} -->\n", "\n<!-- end -->"
        head, found, rest = text.partition(begin)
        _, closed, tail = rest.partition(end)
        if not (found and closed):
            raise SystemExit(f"There is no block between {begin.strip()} and {end.strip()}.")
        text = f"{head}{begin}{make()}{end}{tail}"
    return text


FIGURE = re.compile(
    r"(?<![\w.–-])(?:\d[\d,]*\.\d+|\d+ of \d+(?:,\d+)*|± ?\d|\d[\d,.]*(?= ?(?:%|‰|s\b|ms\b|seconds"
    r"|points|times|minutes|hours|[KMG]i?B\b|GFLOP)))"
)
"""A number as results are written: with decimals, a share, an error, a time, a size."""


def figures(page: str) -> Iterator[tuple[str, str, list[str]]]:
    """(title, text, figures) of every section with figures outside of blocks, code and links."""
    page = re.sub(r"<!-- from .*?<!-- end -->", "", page, flags=re.S)
    page = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)|arXiv [\d.]+", "", page, flags=re.S)
    for section in re.split(r"(?m)^(?=#+ )", page):
        if found := FIGURE.findall(section):
            yield section.partition("\n")[0].lstrip("# "), section, found


if __name__ == "__main__":
    for name, blocks in PAGES.items():
        path = DOCS / name
        path.write_text(written(path.read_text(encoding="utf-8"), blocks), encoding="utf-8")
