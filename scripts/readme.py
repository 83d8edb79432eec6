"""What README says of the published comparisons, written from their summary.json.

Run it when a comparison is published: the text between the marks is replaced, and a test holds it
to the letter, so that no number there was typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scripts.blocks import (
    TREE,
    Blocks,
    change,
    is_published,
    percent,
    steps,
    summary,
    table,
    wrapped,
    written,
)

README = TREE / "README.md"
ANSWERS = {
    "answer": "the micro testbed",
    "smollm2-cpu": "SmolLM2-135M (`smollm2-cpu`)",
    "smollm2": "SmolLM2-135M (`smollm2`)",
}
"""Published comparisons that answer the claim -> where they were run. The first is always there."""
WHO = ("challenger", "baseline")


def answer() -> str:
    """Every answer, one sentence each, then a row for each of their challengers."""
    published = {folder: where for folder, where in ANSWERS.items() if is_published(folder)}
    sentences = [_sentence(folder, where) for folder, where in published.items()]
    others = [_others(summary(folder), where) for folder, where in published.items()]
    found = measured(published)
    rows = table(list(found[0]), [list(each.values()) for each in found])
    return "\n\n".join([*sentences, rows, *filter(None, [*others, _bound(rows)])])


def measured(answers: Mapping[str, str], health: bool = False) -> list[dict[str, str]]:
    """What stands of each challenger of each comparison that the claim speaks of, by heading, and
    with the health of its runs."""
    return [
        _measured(summary(folder), arm, where) | (_health(summary(folder), arm) if health else {})
        for folder, where in answers.items()
        for arm in _own(summary(folder))
    ]


def arms(folder: str) -> str:
    """Every challenger of a comparison against its baseline."""
    s = summary(folder)
    pairs = {pair["challenger"]: pair for pair in s["comparisons"]}
    rows = []
    for h in s["headlines"]:
        arm = h["challenger"]
        pair = pairs[arm]
        rows.append(
            (
                f"`{arm}`",
                steps(h) + _own_target(pair, s["target"]["accuracy"]),
                pair["neutral"]["outcome"],
                change(pair["axes"].get("flops")),
                h["difference"],
                arrive(pair),
            )
        )
    target = f"steps to {100 * s['target']['accuracy']:.1f} %"
    against = f"against `{s['baseline']}`"
    head = ["arm", f"{target}, {against}", "after Holm", "FLOPs to there", "at the end", "arrive"]
    return table(head, rows)


def rungs(folder: str) -> list[tuple[str, str, str, str]]:
    """The rungs of a ladder: what is added, arm against arm, ratio of steps, outcome."""
    return [
        (
            rung["adds"],
            f"`{rung['arm']}` / `{rung['against']}`",
            ratio(rung["steps"]),
            rung["outcome"],
        )
        for rung in summary(folder)["ladder"]
    ]


def parts() -> str:
    """What each part of SRPO adds."""
    head = ("what is added", "arm against arm", "ratio of steps (95 %)", "after Holm")
    return table(head, rungs("answer"))


def unit() -> str:
    """What the number of updates in a step does to the steps, without any other method."""
    s = summary("updates")
    (axes,) = (pair["axes"] for pair in s["comparisons"] if pair["challenger"] == "twelve")
    return wrapped(
        "How much the unit alone can do: GRPO with 12 updates a rollout batch against one, "
        f"to the same accuracy: rollout batches {change(axes['steps'])}, updates "
        f"{change(axes['updates'])} ([docs/answer.md](docs/answer.md#what-a-step-is))."
    )


def tuned() -> str:
    """Own learning rate against own learning rate."""
    s = summary("tuned")
    arms = [
        f"`{h['challenger']}` {steps(h)}, at the end {h['difference']}: "
        f"{h['verdict'].replace('-', ' ')}"
        for h in s["headlines"]
    ]
    return wrapped(
        "On the micro testbed with a learning rate for each, chosen alike on other seeds "
        "(`srpo-paper`'s when the others had been seen): "
        f"{'; '.join(arms)} ([docs/answer.md](docs/answer.md#tuned-alike))."
    )


BLOCKS: Blocks = {
    "answer": answer,
    "unit": unit,
    "parts": parts,
    "tuned": tuned,
}


def _bound(rows: str) -> str:
    """What *at least* means, where it stands in a table."""
    if "at least" not in rows:
        return ""
    return wrapped(
        "*At least*: the arm's mean curve never reaches the target, so the figure is a lower "
        "bound, itself no surer than the interval says."
    )


def _own_target(pair: Mapping[str, Any], target: float) -> str:
    """Where a pair's target is not that of all the baseline's runs, since some pairs are missing:
    ``, to 23.2 %``."""
    known = pair["target"] is not None and percent(pair["target"]) != percent(target)
    return f", to {percent(pair['target'])}" if known else ""


def _own(s: Mapping[str, Any]) -> list[str]:
    """The challengers that the claim is made of: those with all their pairs, where any has."""
    claimed = [h["challenger"] for h in s["headlines"] if h["claimed"]]
    pairs = {pair["challenger"]: pair["pairs"] for pair in s["comparisons"]}
    return [arm for arm in claimed if pairs[arm] == len(s["seeds"])] or claimed


def _sentence(folder: str, where: str) -> str:
    """Claimed and measured, in one unit."""
    s = summary(folder)
    headlines = {h["challenger"]: h for h in s["headlines"]}
    own = _own(s)
    verdicts = list(dict.fromkeys(headlines[arm]["verdict"].replace("-", " ") for arm in own))
    head = f"**`steps-90`: {' and '.join(verdicts)} on {where}**, {s['model']['words']}."
    claimed = f"Claimed: {headlines[own[0]]['claimed']}."
    if "no verdict" in verdicts:  # what was measured decides nothing, and stands in the table
        why = " ".join(dict.fromkeys(headlines[arm]["reason"] for arm in own))
        return wrapped(f"{head} {claimed} {why} What was measured stands below.")
    found = [(arm, headlines[arm]["measured"], headlines[arm]["interval"]) for arm in own]
    measured = [f"**{m.removesuffix(' steps')}** ({span}) by `{arm}`" for arm, m, span in found]
    return wrapped(f"{head} {claimed} Measured: {' and '.join(measured)}.")


def _others(s: Mapping[str, Any], where: str) -> str:
    """Of the arms that the claim is not about and that have all their pairs, those with the fewest
    steps and with the most."""
    rest = {h["challenger"]: h for h in s["headlines"] if not h["claimed"]}
    ratios = {
        pair["challenger"]: pair["axes"]["steps"]["ratio"]
        for pair in s["comparisons"]
        if pair["challenger"] in rest and pair["pairs"] == len(s["seeds"])
    }
    if len(ratios) < 2:
        return ""
    fewest, most = (
        f"`{arm}` with {steps(rest[arm])}"
        for arm in (min(ratios, key=ratios.__getitem__), max(ratios, key=ratios.__getitem__))
    )
    return wrapped(
        f"Beside them on {where} {len(ratios)} other arms, from {fewest} to {most}: "
        "[docs/answer.md](docs/answer.md)."
    )


def _measured(s: Mapping[str, Any], arm: str, where: str) -> dict[str, str]:
    """One challenger: heading -> what stands there."""
    pair = next(each for each in s["comparisons"] if each["challenger"] == arm)
    headline = next(each for each in s["headlines"] if each["challenger"] == arm)
    base = pair["baseline"]
    return {
        "": f"`{arm}` on {where}",
        "verdict on 90 % fewer steps": headline["verdict"].replace("-", " "),
        f"steps to target, against `{base}` (95 %)": steps(headline),
        "FLOPs to there": change(pair["axes"].get("flops")),
        f"target: 90 % of `{base}`'s gain": percent(pair["target"]),
        "runs that arrive": arrive(pair),
        f"at the end, against `{base}`": f"{headline['end']}: {headline['difference']}",
    }


def _health(s: Mapping[str, Any], arm: str) -> dict[str, str]:
    """How the pool held out, for one challenger."""
    health = s["health"][arm]
    before, overall = health["up_to_baselines_crossing"], health["whole_budget"]
    return {
        "steps with fewer prompts than a batch, up to target / in all": (
            f"{percent(before['short'])} / {percent(overall['short'])}"
        ),
        "steps without gradient": f"{percent(before['flat'])} / {percent(overall['flat'])}",
        f"its rule on `{s['baseline']}`'s records": _plan(health),
    }


def arrive(pair: Mapping[str, Any]) -> str:
    """``10 of 10; `grpo` 10``."""
    if not pair["pairs"]:
        return "–"
    ours, theirs = (
        round(pair["grid"]["0.9"][f"reached_{who}"]["value"] * pair["pairs"]) for who in WHO
    )
    return f"{ours} of {pair['pairs']}; `{pair['baseline']}` {theirs}"


def ratio(e: Mapping[str, Any]) -> str:
    """``0.94 (0.87–1.02)``, ``1.84 (0.12 or more)``."""
    if e["interval"] is None:
        return "not measured" if e["value"] is None else f"{e['value']:.2f}"
    low, high = e["interval"]
    return f"{e['value']:.2f} ({low:.2f}{' or more' if high is None else f'–{high:.2f}'})"


def _plan(health: Mapping[str, Any]) -> str:
    """What the plan would have left of the pool."""
    at = health["plan"]["short_from_step"]
    if not health["plan"]["known"]:
        return "drops nothing, or not recorded"
    if health["plan"]["starves"]:
        return "starves: no verdict"
    return "always leaves a batch" if at is None else f"leaves a batch up to step {at:g}"


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    README.write_text(written(text, BLOCKS), encoding="utf-8")
