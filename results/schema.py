"""What stands in a run directory's files, field by field; see ``store`` for the files."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

SCHEMA = 1
"""Grows when an older reader would misunderstand, not for a field that it may ignore."""
State = Literal["waiting", "running", "done", "failed", "stopped"]
Unit = Literal["rollout batch", "update", "unstated"]
"""What a step of a run is."""

CORE = (
    "base_sha256",
    "pool_digest",
    "evaluation_digest",
    "eval_every",
    "steps",
    "responses_per_step",
)
"""Fields that must be known. Any other may be null, as long as it is null in all runs alike: that
is a plan that left a setting at "none"."""


class Ledger(TypedDict):
    """What one step cost. Every response that was generated is in it, discarded ones included."""

    prompts: int
    responses: int
    responses_discarded: int
    tokens_generated: int
    tokens_prefilled: int
    tokens_trained: int
    updates: int
    verifier_calls: int
    flops: float


class Spent(TypedDict):
    """Running totals at an evaluation: the axes of cost (seconds are in timing.jsonl)."""

    responses: int
    tokens: int
    updates: int
    flops: float


class Mismatch(TypedDict):
    """The engine's log-probs against the learner's own of the same tokens, before the update."""

    difference_mean: float
    """Mean over tokens of |log π − log μ|, nats."""
    difference_max: float
    kl: float
    """KL(engine ‖ learner), nats a token: the k3 estimator on the engine's samples."""
    ess_token: float
    """Effective sample size of the weights π/μ as a fraction of the tokens; 1: they agree."""
    ess_sequence: float
    """The same of whole responses, whose weights are products over tokens."""
    cut: NotRequired[float]
    """Share of tokens whose importance weight met a bound; only with a correction."""


class Step(TypedDict):
    """A line of steps.jsonl. Fractions and means are over the step's generated responses."""

    step: int
    reward: float
    accuracy: float
    length: float
    truncated: float
    groups: int
    groups_all_correct: int
    groups_all_wrong: int
    pool_size: int
    epoch: int
    by_prompt: NotRequired[list[dict[str, str | int]]]
    """Of every group its ``prompt``, and how many of its ``n`` responses are ``right``."""
    loss: float
    grad_norm: float
    lr: float
    ledger: Ledger
    algorithm: dict[str, float]
    """Whatever the algorithm recorded: clip_fraction, kl, replayed, dropped …"""
    rewards: NotRequired[dict[str, float]]
    """Means of the reward's fields that tasks and reward functions gave beside the grade's own."""
    own_reward: NotRequired[float]
    """Mean, over the batch that was trained on, of the reward that the algorithm made itself."""
    mismatch: NotRequired[Mismatch]
    """There when the engine does not share the learner's weights, or the settings ask for it."""


class TaskScore(TypedDict):
    """One task at one evaluation. stderr: of the mean over the fixed problems (sampling noise)."""

    accuracy: float
    stderr: float
    pass_at_k: float
    n: int
    k: int
    length: float
    outcomes: dict[str, int]
    correct: NotRequired[list[int]]
    """Right answers of k, problem by problem, in the order of the comparison's ``problems``; absent
    from older records and from imports."""


class Evaluation(TypedDict):
    """A line of evals.jsonl, and the whole of final.json. accuracy: unweighted mean over tasks."""

    step: int
    accuracy: float
    stderr: float
    tasks: dict[str, TaskScore]
    spent: Spent


class Timing(TypedDict):
    """A line of timing.jsonl: seconds of one step (step 0 has the first evaluation only)."""

    step: int
    rollout: float
    grading: float
    training: float
    sync: float
    """Weights on their way to an engine that has its own; absent from older records."""
    evaluation: float
    other: float
    """What no phase claims."""
    processor: NotRequired[float]
    """Processor seconds of the whole step without its evaluation, beside the wall's above; absent
    from older records, as those by phase are."""
    processor_rollout: NotRequired[float]
    processor_grading: NotRequired[float]
    processor_training: NotRequired[float]
    processor_sync: NotRequired[float]
    processor_evaluation: NotRequired[float]
    processor_other: NotRequired[float]


PROCESSOR = "processor"
PHASES = tuple(n for n in Timing.__annotations__ if n != "step" and not n.startswith(PROCESSOR))
"""Where a step's seconds go."""


class Sample(TypedDict):
    """A line of samples.jsonl: one response, enough to grade it again."""

    step: int
    phase: Literal["train", "eval", "final"]
    problem: str
    task: str
    prompt: str
    response: str
    answer: str | None
    """What the grader read from the response; None: nothing."""
    expected: str
    """What it compared with: a gold answer, or the source of hidden tests."""
    outcome: str
    repeatable: NotRequired[bool]
    """False where the clock or addresses may have decided: graded again it may be another."""
    reward: float
    advantage: float | None
    length: int
    truncated: bool
    rewards: NotRequired[dict[str, float]]
    """The reward's fields that the task and reward functions gave beside the grade's own."""
    own_reward: NotRequired[float]
    """The reward that the algorithm made itself."""
