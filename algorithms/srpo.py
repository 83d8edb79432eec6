"""SRPO, the announcement: Sample-Reweighted Policy Optimization.

No publication specifies it. This is srpo-paper plus this project's reading of "dynamic trajectory
scoring" and of the "reweighted policy gradient"; with replay_fraction 0 it *is* srpo-paper
without its stages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from srpo_bench.algorithms import replay
from srpo_bench.algorithms.base import RunInfo, Wait, setting
from srpo_bench.algorithms.batch import Batch, Grades, LogProbs, Rollouts
from srpo_bench.algorithms.grpo_token import GRPOTokenSettings
from srpo_bench.algorithms.history import SuccessRates, TrajectoryHistory
from srpo_bench.algorithms.srpo_paper import SRPOPaper


class SRPOSettings(GRPOTokenSettings):
    """grpo-token's, and what is replayed with which weight."""

    replay_fraction: float = setting(
        0.25, "replayed responses for each fresh one; 0: no replay", "unpublished", ge=0
    )
    history_steps: int = setting(8, "steps a response is remembered for", "unpublished", ge=1)
    half_life: float = setting(
        4.0, "steps after which a response's score has halved", "unpublished", gt=0
    )
    success_decay: float = setting(
        0.5, "share of the old value in a prompt's running success rate", "unpublished", ge=0, lt=1
    )
    solved_at: float = setting(
        0.95, "success rate from which a prompt is not replayed any more", "unpublished", gt=0
    )
    max_drift: float = setting(
        0.2,
        "nats; responses with a larger mean |log π − log μ| are not replayed",
        "unpublished",
        gt=0,
    )
    score_eps: float = setting(
        0.01, "ε added to a success rate's variance in the score", "unpublished", gt=0
    )
    priority_alpha: float = setting(
        0.6,
        "α in P(i) ∝ s^α; 0: uniform over positive scores",
        "arXiv 1511.05952, proportional",
        ge=0,
    )
    importance_beta: float = setting(
        0.4,
        "β of the correction (N P(i))^−β; 0: no correction",
        "arXiv 1511.05952, its start",
        ge=0,
    )


class SRPO(SRPOPaper):
    """srpo-paper that also trains on the best of its recent past.

    A response's r_i in the score is its accuracy, so that it and p̂_q are on one scale.
    """

    name = "srpo"
    paper = "press announcement; formulas: this project"
    changes = "srpo-paper plus a prioritised, reweighted replay of recent good responses; no stages"
    formula = (
        "srpo-paper's J over fresh (w = 1) and replayed responses, divided by Σ_i w_i |o_i|\n"
        "score s_i = max(a_i, 0) · 2^(−age_i / half_life), a_i = (r_i − p̂) / sqrt(p̂(1−p̂) + ε);\n"
        "0 if truncated, prompt solved, too old or drifted; drawn with P(i) ∝ s_i^α\n"
        "replayed: A_i = a_i, ρ against the stored μ, w_i = (N P(i))^−β / max_j w_j"
    )
    unpublished: ClassVar[dict[str, str]] = {
        **SRPOPaper.unpublished,
        "replay_fraction": "enough to matter, and fresh responses still lead",
        "history_steps": "two half-lives: older scores have fallen to a quarter",
        "half_life": "a few updates, in which the policy stays near",
        "success_decay": "a prompt is seen once an epoch, so the last two visits count most",
        "solved_at": "nothing is left to learn where all but one in twenty are correct",
        "max_drift": "the clip range: beyond it most tokens would be clipped anyway",
        "score_eps": "bounds a lucky success at ten standard deviations",
    }
    logs: ClassVar[Mapping[str, str]] = {
        **SRPOPaper.logs,
        "replayed": "responses that were replayed",
        "replay_scored": "responses whose drift was measured to find them",
        "replay_age": "mean age of the replayed, steps; where there are any",
        "replay_weight": "mean importance weight of the replayed; where there are any",
    }
    sampler_settings: ClassVar[Mapping[str, Any]] = {}  # the announcement names no curriculum
    Settings = SRPOSettings
    settings: SRPOSettings

    def __init__(self, settings: SRPOSettings, info: RunInfo) -> None:
        super().__init__(settings, info)
        self._rates = SuccessRates(settings.success_decay)
        self._history = TrajectoryHistory(settings.history_steps)
        self._step = 0

    @property
    def waits_for(self) -> list[Wait]:
        """The first replay, unless nothing is replayed."""
        return [Wait(event="first-replay")] if self.settings.replay_fraction else []

    def weigh(
        self, rollouts: Rollouts, grades: Grades, logp: LogProbs, rng: torch.Generator
    ) -> Batch:
        """srpo-paper's batch, with replayed responses joined on."""
        batch = super().weigh(rollouts, grades, logp, rng)
        self._step += 1
        self._rates.observe(rollouts, grades)  # first, so that scores are as of now
        wanted = round(self.settings.replay_fraction * len(rollouts))
        if wanted and len(self._history):
            batch = self._with_replay(batch, wanted, logp, rng)
        self._history.add(rollouts, grades.accuracy, self._step)
        return batch

    def _with_replay(
        self, fresh: Batch, wanted: int, logp: LogProbs, rng: torch.Generator
    ) -> Batch:
        """``fresh`` and up to ``wanted`` responses of the history."""
        s, history = self.settings, self._history
        rate, age = self._rates.of(history), self._step - history.birth
        advantage = replay.hindsight_advantage(history.accuracy, rate, s.score_eps)
        score = replay.trajectory_score(advantage, age, s.half_life)
        score = score.masked_fill(history.truncated | (rate >= s.solved_at), 0.0)
        priority = torch.where(score > 0, score**s.priority_alpha, 0.0)

        def is_near(rows: Tensor) -> Tensor:
            rollouts = history.pick(rows)
            return replay.drift(logp(rollouts), rollouts) <= s.max_drift

        # Drift costs a forward pass, so it is measured only on the way down the order of drawing.
        rows, scored = replay.take(replay.draw_order(priority, rng), wanted, is_near)
        drawn = {"replayed": len(rows), "replay_scored": scored}
        if not len(rows):
            return replace(fresh, metrics=fresh.metrics | drawn)
        weight = replay.importance_weight(priority[rows], s.importance_beta)
        means = {"replay_age": age[rows].float().mean(), "replay_weight": weight.mean()}
        return Batch(
            rollouts=Rollouts.concat([fresh.rollouts, history.pick(rows)]),
            advantage=torch.cat([fresh.advantage, advantage[rows]]),
            weight=torch.cat([fresh.weight, weight]),
            metrics=fresh.metrics | drawn | {key: float(mean) for key, mean in means.items()},
        )

    def state_dict(self) -> dict[str, Any]:
        """The memory of prompts and responses."""
        return {
            "step": self._step,
            "rates": self._rates.state_dict(),
            "history": self._history.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of ``state_dict``."""
        self._step = state["step"]
        self._rates.load_state_dict(state["rates"])
        self._history.load_state_dict(state["history"])
