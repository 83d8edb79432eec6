"""What ``bench power`` prints: how many more seeds would settle each claim about a ratio."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from srpo_bench.results.judgement.claims import Claim, Ratio, find, load
from srpo_bench.results.judgement.judge import Judge
from srpo_bench.results.judgement.power import power
from srpo_bench.results.runs import read
from srpo_bench.results.store import ResultsError

SEED = 0
"""Seed of the simulations: the same question has the same answer."""


def print_power(
    folder: Path,
    wanted: Sequence[str],
    claims_file: Path | None,
    as_json: bool,
    vouched: bool = False,
) -> None:
    """A sentence for every claim and challenger, those named or all that are about ratios.

    Raises:
        ResultsError: no such comparison or claim, or too few pairs to simulate from.
    """
    comparison = read(folder)
    claims = load([claims_file] if claims_file else [])
    chosen: list[Claim] = [find(claims, name) for name in wanted] or [
        claim for claim in claims if isinstance(claim.test, Ratio)
    ]
    judges = [
        Judge(comparison, arm, comparison.baseline, vouched)
        for arm in comparison.arms
        if arm != comparison.baseline
    ]
    pairs = [(judge, claim) for judge in judges for claim in chosen if judge.is_about(claim)]
    if not judges:
        raise ResultsError(f"{folder} has one arm, and every claim compares two.")
    if not pairs:
        raise ResultsError("No claim about a ratio is about these arms; name one with --claim.")
    powers = [power(judge, claim, np.random.default_rng(SEED)) for judge, claim in pairs]
    if as_json:
        print(json.dumps([needed.to_dict() for needed in powers], indent=2))
        return
    for needed in powers:
        print(f"{needed.sentence}.")
    print("If the arms are as they were measured so far; docs/scale.md says what is simulated.")
