"""What a verdict means for somebody who has to decide: a fixed table of verdict and scale."""

from __future__ import annotations

from srpo_bench.results.judgement.rules import Outcome, Verdict
from srpo_bench.results.judgement.targets import Target
from srpo_bench.results.report.scale import Scale
from srpo_bench.results.statistics.steps import Gain
from srpo_bench.results.text import level

MEANING: dict[tuple[Verdict, Scale], str] = {
    ("supported", "toy"): (
        "The method keeps its promise on a toy. That is a reason to try it on a real model, and "
        "not yet one to plan with {needs} there."
    ),
    ("supported", "small"): (
        "The method keeps its promise on a small model. Try it on yours before you plan with "
        "{needs}."
    ),
    ("supported", "real"): (
        "Plan with it for models and tasks like these. Look at what else it costs below: fewer "
        "steps are not always less computing."
    ),
    ("refuted", "toy"): (
        "Do not plan with {needs}: the method, as it is built here, did not give that where it was "
        "tried. A toy shows what the method's rule does to learning, not what a 32B model does. "
        "Before money rests on the answer, run the same command on the model that you would train."
    ),
    ("refuted", "small"): (
        "Do not plan with {needs}: the method, as it is built here, did not give that on a small "
        "model. If a larger one is to be trained with it, run the same command there first."
    ),
    ("refuted", "real"): (
        "Do not plan with {needs} for models and tasks like these: the method, as it is built "
        "here, did not give that."
    ),
    ("inconclusive", "toy"): (
        "Neither plan with {needs} nor write it off. More seeds narrow the interval, and on a toy "
        "they are cheap; `bench power` says how many."
    ),
    ("inconclusive", "small"): (
        "Neither plan with {needs} nor write it off. More seeds narrow the interval; `bench power` "
        "says how many."
    ),
    ("inconclusive", "real"): (
        "Neither plan with {needs} nor write it off: these runs are too few or too noisy to say."
    ),
}
NO_VERDICT = (
    "Nothing follows for {needs} yet. The list below names the condition that is missing; what was "
    "measured stands beside it and decides nothing."
)
UNKNOWN = "The size of the model is not recorded, so ask first how like yours it is."
OUTCOMES: dict[Outcome, str] = {
    "fewer steps": "{arm} reached the same accuracy in fewer steps than {base} here.",
    "more steps": "{arm} needed more steps than {base} to the same accuracy here.",
    "equivalent": "{arm} and {base} needed as many steps as each other here, within 10 %.",
    "not distinguishable": "These runs do not tell {arm} and {base} apart in steps.",
    "not finished": "Nothing follows yet: runs are under way.",
    "not judged": "Nothing follows: the comparison does not allow a judgement; see why below.",
}
"""For a pair of arms that the claim is not about."""


def meaning(verdict: Verdict, scale: Scale, needs: str) -> str:
    """What a verdict on a claim means; ``needs`` is what it promises: ``90 % fewer steps``."""
    if verdict == "no-verdict":
        return NO_VERDICT.format(needs=needs)
    if scale == "unknown":
        return f"{MEANING[verdict, 'real'].format(needs=needs)} {UNKNOWN}"
    return MEANING[verdict, scale].format(needs=needs)


def of_pair(outcome: Outcome, arm: str, base: str) -> str:
    """What the outcome of two arms means that no claim names."""
    return OUTCOMES[outcome].format(arm=arm, base=base)


def without_target(baseline: str, gained: Gain, target: Target) -> str:
    """What stands in the place of a measurement where there is no accuracy to reach."""
    if target.named:
        return (
            f"{baseline} starts at {level(gained.base)}, and the target that was named is "
            f"{level(target.level)}, so there is nothing to count steps to."
        )
    return (
        f"{baseline} gained nothing, from {100 * gained.base:.1f} to {level(gained.final)}, so "
        "there is no target to reach and nothing to count steps to."
    )
