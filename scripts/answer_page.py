"""What docs/answer.md says of the published comparisons. Run it when one is published."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from scripts import readme, real_model
from scripts.blocks import (
    PUBLISHED,
    TREE,
    Blocks,
    is_published,
    percent,
    steps,
    summary,
    table,
    written,
)
from scripts.publish import RECORDS, unpack

PAGE = TREE / "docs" / "answer.md"
NOT_RUN = "Not run."
CONTROLS = {
    ("positive", "fast"): "nine tenths fewer steps, *supported*",
    ("positive-pool", "fast"): "the same, on the larger pool",
    ("controls", "grpo-again"): "nothing told apart",
    ("controls", "random-reward"): "flat: it ends where it began",
}
"""(published comparison, arm) -> what must come out."""
UNITS = {"updates": "updates", "batch-4": "batch, 4 times", "batch-16": "batch, 16 times"}
"""Published comparisons of one or more arms at one named target, the first arm of the first being
what the others stand against."""
EARLIER = {"ladder": "the ladder", "unstaged": "without stages", "again": "A/A"}
"""Published on the testbed before this one, judged by earlier rules."""
HARD = ("sixth-hard", "none-hard")
"""Published comparisons with more of the prompts that nobody solves, and with none."""
COMPARISONS = ("answer", "tuned", "positive", "positive-pool", "controls", *UNITS, *HARD)


def arms() -> str:
    """The eleven arms."""
    return _where("answer", readme.arms)


def prompts() -> str:
    """Is a prompt asked twice in a batch before the target?"""
    return _where("answer", _prompts)


def controls() -> str:
    """What must come out, and what did."""
    rows = [
        (
            f"`{arm}` against `{_pair(folder, arm)['baseline']}`",
            must,
            _headline(folder, arm)["verdict"],
            steps(_headline(folder, arm)),
            _headline(folder, arm)["difference"],
            _from_to(folder, arm),
        )
        for (folder, arm), must in CONTROLS.items()
        if is_published(folder)
    ]
    head = (
        *("control", "must come out", "came out", "steps to target"),
        *("at the end, against it", "accuracy from and to"),
    )
    return table(head, rows) if rows else NOT_RUN


def units() -> str:
    """Steps, updates and responses to one target, side by side."""
    rows: list[Sequence[str]] = []
    for folder in filter(is_published, UNITS):
        measured = {h["challenger"]: steps(h) for h in summary(folder)["headlines"]}
        for arm, cost in _costs(folder).items():
            rows.append((f"`{arm}` of `{folder}`", *cost, measured.get(arm, "–")))
    head = ("arm", "steps", "updates", "responses", "steps, against the first")
    return table(head, rows) if rows else NOT_RUN


def tuned() -> str:
    """Own best against own best, and what was tried."""
    return _where("tuned", lambda folder: f"{_tried(folder)}\n\n{readme.arms(folder)}")


def hard() -> str:
    """What a share of all-wrong prompts does to SRPO, up to the target and in all."""
    rows = []
    for folder in filter(is_published, HARD):
        health = summary(folder)["health"]["srpo"]
        windows = (health["up_to_baselines_crossing"], health["whole_budget"])
        shares = (
            " / ".join(percent(window[name]) for window in windows)
            for name in ("hopeless", "short", "flat")
        )
        line = _headline(folder, "srpo")
        verdict = line["verdict"].replace("-", " ")
        arrived = readme.arrive(_pair(folder, "srpo"))
        rows.append((f"`{folder}`", verdict, steps(line), arrived, line["difference"], *shares))
    head = (
        *("comparison", "`steps-90`", "steps to target, against `grpo`", "arrive"),
        *(
            "at the end, against it",
            "groups all wrong",
            "fewer prompts than a batch",
            "no gradient",
        ),
    )
    return table(head, rows) if rows else NOT_RUN


def prices() -> str:
    """What each comparison cost."""
    rows = []
    for folder in filter(is_published, COMPARISONS):
        arms = summary(folder)["arms"].values()
        seconds = sum(arm["totals"].get("processor_seconds", 0.0) for arm in arms)
        runs = sum(arm["seeds"] for arm in arms)
        rows.append(
            (f"`{folder}`", str(runs), f"{seconds / runs:.0f} s", f"{seconds / 60:.0f} min")
        )
    head = ("comparison", "runs", "processor time a run, without evaluation", "in all")
    return table(head, rows) if rows else NOT_RUN


def before() -> str:
    """SRPO on the pool before this one."""
    arms = readme.measured({"micro": "the earlier pool"}, health=True)
    head, *rows = ([heading, *(arm[heading] for arm in arms)] for heading in arms[0])
    return table(head, rows)


def earlier() -> str:
    """Every contrast of the earlier ladders, and the A/A."""
    rows: list[Sequence[str]] = []
    for folder, name in EARLIER.items():
        where = f"[{name}](../results/published/{folder}/report.md)"
        rows += [(where, *rung) for rung in readme.rungs(folder)]
        s = summary(folder)
        for contrast in s["comparisons"] if not s["ladder"] else []:
            pair = f"`{contrast['challenger']}` / `{contrast['baseline']}`"
            estimate = {"value": contrast["axes"]["steps"]["ratio"], **contrast["axes"]["steps"]}
            rows.append((where, "nothing", pair, readme.ratio(estimate), ""))
    return table(("", "what is added", "arm against arm", "ratio of steps (95 %)", ""), rows)


BLOCKS: Blocks = {
    "arms": arms,
    "parts": readme.parts,
    "prompts": prompts,
    "controls": controls,
    "units": units,
    real_model.GPU: partial(real_model.arms, real_model.GPU),
    real_model.CPU: partial(real_model.arms, real_model.CPU),
    "both": partial(real_model.both, real_model.GPU),
    "both-cpu": partial(real_model.both, real_model.CPU),
    "tuned": tuned,
    "hard": hard,
    "prices": prices,
    "before": before,
    "earlier": earlier,
}


def _where(folder: str, make: Callable[[str], str]) -> str:
    return make(folder) if is_published(folder) else NOT_RUN


def _pair(folder: str, arm: str) -> Mapping[str, Any]:
    comparison: Mapping[str, Any] = next(
        each for each in summary(folder)["comparisons"] if each["challenger"] == arm
    )
    return comparison


def _headline(folder: str, arm: str) -> Mapping[str, Any]:
    headline: Mapping[str, Any] = next(
        each for each in summary(folder)["headlines"] if each["challenger"] == arm
    )
    return headline


def _from_to(folder: str, arm: str) -> str:
    own = summary(folder)["arms"][arm]
    return " to ".join(percent(own[f"{when}_accuracy"]["value"]) for when in ("base", "final"))


def _prompts(folder: str) -> str:
    rows = []
    for arm, health in summary(folder)["health"].items():
        twice = health["prompt_twice_up_to_own_crossing"]
        shares = [share for share in twice["by_run"] if share is not None]
        rows.append(
            (
                f"`{arm}`",
                f"{twice['runs_within']} of {len(shares)}",
                percent(max(shares)),
                percent(sum(shares) / len(shares)),
                percent(health["up_to_baselines_crossing"]["short"]),
            )
        )
    head = (
        *("arm", "runs with a prompt twice in at most 5 % of the steps", "most, of a run", "mean"),
        "fewer prompts than a batch, up to `grpo`'s target",
    )
    return table(head, rows)


def _costs(folder: str) -> dict[str, tuple[str, str, str]]:
    """Arm -> steps, updates and responses where its mean curve is at the target, which is named."""
    from srpo_bench.results.runs import read
    from srpo_bench.results.statistics.pace import steps_to

    with TemporaryDirectory() as scratch:
        comparison = read(unpack(PUBLISHED / folder / RECORDS, Path(scratch)))
        costs = {}
        for arm in comparison.arms:
            runs = comparison.of(arm)
            target = comparison.plan["targets"][0]
            crossing = steps_to([(run.evals.step, run.evals.accuracy) for run in runs], target)
            each = [runs[0].totals[name] / runs[0].last_step for name in ("updates", "responses")]
            costs[arm] = (
                ("not reached",) * 3
                if crossing is None
                else (f"{crossing:.0f}", *(f"{crossing * n:,.0f}" for n in each))
            )
    return costs


def _tried(folder: str) -> str:
    rows = [
        (
            f"`{tried['algorithm']}`",
            ", ".join(f"{path} {value:g}" for path, value in tried["values"].items()),
            "not reached" if tried["steps"] is None else f"{tried['steps']:.0f}",
            percent(sum(tried["scores"]) / len(tried["scores"])),
        )
        for tried in summary(folder)["tuning"]["candidates"]
    ]
    return table(("method", "tried", "steps to target", "accuracy at the end"), rows)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), BLOCKS), encoding="utf-8")
