"""GRPO a second time: what two arms look like between which there is no difference."""

from __future__ import annotations

from srpo_bench.algorithms.grpo import GRPO


class GRPOAgain(GRPO):
    """The A/A control: grpo in everything but the order of its prompts."""

    name = "grpo-again"
    paper = "this project"
    changes = "nothing: grpo, going through the pool in another random order"
    formula = "grpo's J"
    sampler = "shuffled-again"
