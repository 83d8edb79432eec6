"""What README says of the published comparisons, written from their summary.json.

Run it when a comparison is published: the text between the marks is replaced, and a test holds it
to the letter, so that no number there was typed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

TREE = Path(__file__).resolve().parents[1]
README = TREE / "README.md"
EARLIER = {"ladder": "the ladder", "unstaged": "without stages", "again": "A/A"}
"""Published on the testbed before this one, judged by earlier rules."""
WHO = ("challenger", "baseline")


def answer(folder: str) -> str:
    """A comparison of one pair of arms, in one unit and with all that belongs to it."""
    s = _summary(folder)
    (pair,) = s["comparisons"]
    arm, base = pair["challenger"], pair["baseline"]
    verdict = next(h["verdict"] for h in s["headlines"] if h["challenger"] == arm)
    n, steps, flops = pair["pairs"], pair["axes"]["steps"], pair["axes"]["flops"]
    ours, theirs = (round(pair["grid"]["0.9"][f"reached_{who}"]["value"] * n) for who in WHO)
    ends = [_accuracy(s["arms"][name]["final_accuracy"]) for name in (arm, base)]
    health = s["health"][arm]
    before, whole = health["up_to_baselines_crossing"], health["whole_budget"]
    bound = f"; {pair['bound']}" if pair["bound"] else ""
    told = [
        f"**`steps-90` is {verdict.replace('-', ' ')} at this scale**, a toy model of a million "
        "parameters on arithmetic and small functions. Claimed: 90 % fewer steps. Measured: "
        f"**{fewer(steps['ratio'])}** (95 % interval: {_between(steps['interval'])}; {n} seed "
        f"pairs) to {100 * pair['target']:.1f} % accuracy, which is {base}'s base plus 90 % of its "
        f"gain{bound}. In FLOPs to there: {fewer(flops['ratio'])} "
        f"({_between(flops['interval'])}).",
        f"{ours} of {n} runs of `{arm}` arrive, and {theirs} of `{base}`. They end at {ends[0]} "
        f"and {ends[1]}.",
        f"Up to {base}'s crossing `{arm}`'s pool held fewer prompts than a batch in "
        f"{100 * before['short']:.1f} % of its steps, and {100 * before['flat']:.1f} % were "
        f"without gradient; over the whole budget {100 * whole['short']:.1f} % and "
        f"{100 * whole['flat']:.1f} %. {_plan(health, base)}",
    ]
    return "\n\n".join(_wrapped(paragraph) for paragraph in told)


def earlier() -> str:
    """Every contrast of the earlier ladders, and the A/A."""
    lines = ["| | what is added | arm against arm | ratio of steps (95 %) | |"]
    lines.append("|---|---|---|---|---|")
    for folder, name in EARLIER.items():
        s = _summary(folder)
        where = f"[{name}](results/published/{folder}/report.md)"
        for rung in s["ladder"]:
            pair = f"`{rung['arm']}` / `{rung['against']}`"
            steps, outcome = rung["steps"], rung["outcome"]
            lines.append(f"| {where} | {rung['adds']} | {pair} | {_ratio(steps)} | {outcome} |")
        for one in s["comparisons"] if not s["ladder"] else []:
            pair = f"`{one['challenger']}` / `{one['baseline']}`"
            steps = {"value": one["axes"]["steps"]["ratio"], **one["axes"]["steps"]}
            lines.append(f"| {where} | nothing | {pair} | {_ratio(steps)} | |")
    return "\n".join(lines)


BLOCKS: Mapping[str, Callable[[], str]] = {
    "answer": partial(answer, "graded"),
    "before": partial(answer, "micro"),
    "earlier": earlier,
}


def fewer(ratio: float) -> str:
    """A ratio of cost in the claim's unit: ``13 % fewer``, ``36 % more``."""
    return f"{abs(100 * (1 - ratio)):.0f} % {'more' if ratio > 1 else 'fewer'}"


def written(text: str) -> str:
    """README with what stands between its marks made anew."""
    for name, make in BLOCKS.items():
        begin, end = f"<!-- from summary.json: {name} -->\n", "\n<!-- end -->"
        head, found, rest = text.partition(begin)
        _, closed, tail = rest.partition(end)
        if not (found and closed):
            raise SystemExit(f"README has no block between {begin.strip()} and {end.strip()}.")
        text = f"{head}{begin}{make()}{end}{tail}"
    return text


def _summary(folder: str) -> dict[str, Any]:
    path = TREE / "results" / "published" / folder / "summary.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _between(interval: list[float]) -> str:
    low, high = interval
    if low > 1:
        return f"{100 * (low - 1):.0f} to {fewer(high)}"
    return (
        f"{100 * (1 - high):.0f} to {fewer(low)}" if high <= 1 else f"{fewer(low)} to {fewer(high)}"
    )


def _ratio(e: Mapping[str, Any]) -> str:
    low, high = e["interval"]
    return f"{e['value']:.2f} ({low:.2f}–{high:.2f})"


def _accuracy(e: Mapping[str, Any]) -> str:
    low, high = e["interval"]
    return f"{100 * e['value']:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def _plan(health: Mapping[str, Any], base: str) -> str:
    at = health["plan"]["short_from_step"]
    if not health["plan"]["known"]:
        return "The records do not say what its rule would have left of the pool."
    if health["plan"]["starves"]:
        return f"The plan starves it: {health['plan']['sentence']}."
    what = "never does" if at is None else f"does from step {at:g} on, after that crossing"
    return f"Does the plan leave it less than a batch? Its rule, run on {base}'s records, {what}."


def _wrapped(paragraph: str) -> str:
    """Lines of at most 104 characters."""
    return "\n".join(_lines(paragraph.split()))


def _lines(words: list[str]) -> Iterator[str]:
    line = ""
    for word in words:
        if line and len(line) + 1 + len(word) > 104:
            yield line
            line = ""
        line = f"{line} {word}".strip()
    yield line


def numbers_outside(text: str) -> list[str]:
    """Numbers that a section states in no block, no code and no link."""
    for name in BLOCKS:
        text = re.sub(rf"<!-- from summary.json: {name} -->.*?<!-- end -->", "", text, flags=re.S)
    text = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)", "", text, flags=re.S)
    return re.findall(r"(?<![\w.-])\d[\d.,]*", text)


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
