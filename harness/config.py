"""The whole surface of a comparison as typed, validated settings. One file to read.

Everything here is shared by all arms: two runs are matched when these are equal. What differs
between arms is an algorithm and that algorithm's own settings (``Arm``).
"""

from __future__ import annotations

import datetime as dt
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, field_validator, model_validator

from srpo_bench.harness.seeds import seeds_of
from srpo_bench.tasks.base import Grade


class Section(BaseModel):
    """Immutable; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Device = Literal["auto", "cpu", "cuda", "mps"]


class Model(Section):
    """The base policy every arm starts from."""

    path: str = Field("micro", description="'micro', a Hugging Face folder, a GGUF, or a hub id")
    revision: str | None = Field(None, description="hub revision; a hub id should be pinned")
    dtype: Literal["float32", "bfloat16"] = Field(
        "float32", description="compute dtype; weights and optimiser stay in float32"
    )
    device: Device = Field("auto", description="auto: an accelerator where there is one")


class Data(Section):
    """The prompt pool."""

    tasks: tuple[str, ...] = Field(
        ("micro-gsm8k", "micro-math", "micro-humaneval"),
        min_length=1,
        description="trained on: names, FILE.py:Class or FILE.yaml",
    )
    data_dir: Path | None = Field(None, description="local files of the benchmarks; else the hub")
    pool_size: int | None = Field(None, gt=0, description="its prompts; None: all there are")
    style: Literal["auto", "base", "chat"] = Field(
        "auto", description="auto: chat if it has a template"
    )
    shots: int = Field(0, ge=0, description="worked examples before each problem")
    date: dt.date | None = Field(
        None, description="today, for a chat template that asks; None: the day of planning"
    )


class Vllm(Section):
    """vLLM, where the engine is one; the torch engine reads none of it."""

    address: str | None = Field(
        None,
        pattern=r"^https?://",
        description="a server's that is running, for vllm-server; None: start and stop one",
    )
    max_model_len: int | None = Field(None, gt=0, description="tokens; None: the model's context")
    gpu_memory_utilization: float = Field(0.4, gt=0, le=1, description="beside the learner's")
    cpu_cache_gib: int = Field(1, gt=0, description="key-value cache on a CPU, GiB")
    enforce_eager: bool = Field(True, description="no compiled graphs: a faster start")
    start_seconds: float = Field(600.0, gt=0, description="longest wait for a server to start")
    answer_seconds: float = Field(600.0, gt=0, description="longest wait for a server's answer")
    arguments: dict[str, Any] = Field({}, description="more engine arguments, by vLLM's names")


class Rollout(Section):
    """How responses are sampled."""

    engine: Literal["torch", "vllm", "vllm-server"] = Field(
        "torch", description="vllm: in the run's process; vllm-server: in one of its own"
    )
    vllm: Vllm = Vllm()
    prompts_per_step: int = Field(8, gt=0, description="groups a rollout batch")
    group_size: int = Field(8, gt=1, description="responses a prompt, G")
    temperature: float = Field(1.0, gt=0, description="of sampling; log-probs are of it, too")
    top_p: float = Field(1.0, gt=0, le=1, description="nucleus of sampling")
    max_new_tokens: int | None = Field(None, gt=0, description="None: the largest of the tasks'")
    rows_at_once: int = Field(
        1024, gt=0, description="responses decoded together; memory, not results"
    )
    measure_mismatch: bool = Field(
        False,
        description="record the engine's log-probs against the learner's at every step, even where "
        "the two share their weights; costs a forward pass",
    )
    correction: Literal[
        "none", "token-truncated", "token-masked", "sequence-truncated", "sequence-masked"
    ] = Field(
        "none",
        description="of that mismatch: none (ρ is against the engine's log-probs), truncated (TIS, "
        "Yao et al. 2025) or masked (IcePop, Ling Team 2025; Liu et al. 2025) importance weights",
    )
    correction_cap: float = Field(
        3.0, gt=0, description="largest importance weight C (TRL 1.16: 3; verl: 2; IcePop: 5)"
    )
    correction_floor: float = Field(
        0.0, ge=0, description="smallest importance weight (TRL: none; IcePop: 0.5); 0: no bound"
    )

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> Self:
        if self.correction_floor >= self.correction_cap:
            raise ValueError("correction_floor must be below correction_cap")
        return self


Beta = Annotated[float, Field(ge=0, lt=1)]


class Optim(Section):
    """AdamW and its schedule. β as SRPO publishes them."""

    lr: float = Field(1e-6, gt=0, description="learning rate after warm-up")
    betas: tuple[Beta, Beta] = Field((0.9, 0.95), description="AdamW's decays")
    eps: float = Field(1e-8, gt=0, description="AdamW's ε")
    weight_decay: float = Field(0.0, ge=0, description="AdamW's, decoupled")
    schedule: Literal["constant", "linear", "cosine"] = Field(
        "constant", description="of the rate after warm-up: linear and cosine end at 0"
    )
    warmup_updates: int = Field(0, ge=0, description="updates until the whole rate, linearly")
    max_grad_norm: float = Field(1.0, gt=0, description="gradients are clipped to this norm")
    updates_per_step: int = Field(
        1, gt=0, description="shares a rollout batch is cut into, by groups; an update each"
    )
    num_iterations: int = Field(1, gt=0, description="passes over a rollout batch, GRPO's μ")
    micro_batch_tokens: int = Field(16384, gt=0, description="padded tokens a forward pass")

    @property
    def updates_a_step(self) -> int:
        """Optimiser updates a rollout batch gives."""
        return self.updates_per_step * self.num_iterations


class Reward(Section):
    """Weights of the named reward fields: a grade's own, those that a task's grades carry, and
    those of reward functions. Algorithms read accuracy itself where they say so."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, float] = Field(init=False)

    accuracy: float = Field(1.0, description="weight of 1 for a right response, else 0")
    format: float = Field(0.0, description="weight of the form the task asks for, 0 or 1")
    language: float = Field(0.0, description="weight of keeping to one natural language, 0 to 1")

    @property
    def named(self) -> dict[str, float]:
        """The weights beside those of a grade's own fields."""
        return dict(self.__pydantic_extra__)

    def of(self, grade: Grade) -> float:
        """The weighted sum of a grade's reward fields; one that it does not carry counts 0."""
        return (
            self.accuracy * grade.accuracy
            + self.format * grade.format
            + self.language * grade.language
            + sum(weight * grade.fields.get(name, 0.0) for name, weight in self.named.items())
        )


class Scoring(Section):
    """Which held-out problems are asked, and how responses are sampled."""

    split: Literal["dev", "test"] = Field("test", description="which held-out split is asked")
    problems: PositiveInt | dict[str, PositiveInt] | None = Field(
        None, description="problems a task at most, or task -> problems; None: the whole split"
    )
    k: int = Field(1, gt=0, description="samples a problem (avg@k)")
    temperature: float = Field(1.0, ge=0, description="0: greedy, and then k is 1")
    top_p: float = Field(1.0, gt=0, le=1, description="nucleus")

    @model_validator(mode="after")
    def _samples_can_differ(self) -> Self:
        if self.temperature == 0 and self.k > 1:
            raise ValueError("k samples at temperature 0 are all the same; set a temperature")
        return self


class Evaluation(Scoring):
    """Held-out scoring, the same problems for the whole comparison."""

    tasks: tuple[str, ...] | None = Field(None, description="None: the training tasks")
    every: int = Field(10, gt=0, description="steps between evaluations")
    early_every: int | None = Field(
        None, gt=0, description="the same up to early_until; None: every"
    )
    early_until: int = Field(0, ge=0, description="last step of the early cadence")

    def due(self, step: int) -> bool:
        """True when this step is followed by an evaluation. A claim of a tenth of the steps needs
        a fine look at the first of them; the rest may be looked at less often."""
        return step % ((step <= self.early_until and self.early_every) or self.every) == 0


class Final(Scoring):
    """A last scoring of the trained policy, on benchmarks of its own, once the last step is over.
    Each benchmark has the response length that it needs, whatever training allowed."""

    tasks: tuple[str, ...] = Field((), description="none: there is no such pass")
    max_new_tokens: int | None = Field(None, gt=0, description="None: each task's own")


class Config(Section):
    """One comparison's contract."""

    steps: int = Field(100, gt=0, description="rollout batches a run")
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        (1, 2, 3, 4, 5, 6, 7, 8),
        min_length=1,
        description="one run an arm each; 8 is the seeds 1 to 8, or a list such as 5,7-9",
    )
    threads: int = Field(1, gt=0, description="CPU threads a run")
    checkpoint_every: int = Field(50, gt=0, description="steps between checkpoints")
    keep_checkpoints: int = Field(1, gt=0, description="the newest ones; older are deleted")
    samples_every: int = Field(10, gt=0, description="steps between recorded training responses")
    targets: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        (), description="accuracies to reach, named before any run; the first one decides"
    )
    sinks: tuple[Literal["tensorboard", "wandb", "trackio"], ...] = Field(
        (), description="where metrics also go, beside the run's records; no part of the contract"
    )
    model: Model = Model()
    data: Data = Data()
    rollout: Rollout = Rollout()
    optim: Optim = Optim()
    reward: Reward = Reward()
    evaluation: Evaluation = Evaluation()
    final: Final = Final()

    def on(self, day: dt.date) -> Config:
        """These settings with a day for chat templates, where none is named."""
        data = self.data.model_copy(update={"date": self.data.date or day})
        return self.model_copy(update={"data": data})

    def evaluates(self, step: int) -> bool:
        """Whether a step is followed by an evaluation; the last one always is."""
        return self.evaluation.due(step) or step == self.steps

    @property
    def evaluation_tasks(self) -> tuple[str, ...]:
        """The tasks that are scored: those named, else those trained on."""
        return self.evaluation.tasks or self.data.tasks

    @property
    def all_tasks(self) -> tuple[str, ...]:
        """Every task a comparison needs: trained on, scored during training or after it."""
        return tuple(dict.fromkeys((*self.data.tasks, *self.evaluation_tasks, *self.final.tasks)))

    @field_validator("seeds", mode="before")
    @classmethod
    def _seeds_as_they_are_typed(cls, value: Any) -> Any:
        return seeds_of(value) if isinstance(value, int | str) else value

    @field_validator("sinks", mode="before")
    @classmethod
    def _several_in_a_word(cls, value: Any) -> Any:
        return value.split(",") if isinstance(value, str) else value

    @model_validator(mode="after")
    def _lists_are_of_distinct_things(self) -> Self:
        for path in ("seeds", "targets", "sinks", "data.tasks", "evaluation.tasks", "final.tasks"):
            values = attrgetter(path)(self) or ()
            if len(set(values)) < len(values):
                raise ValueError(f"one of {path} is named twice")
        return self


class OwnOptim(Section):
    """What an arm may have of the optimiser by itself; the contract holds what the others have."""

    lr: float | None = Field(None, gt=0)
    updates_per_step: int | None = Field(None, gt=0)


class Arm(Section):
    """One side of the comparison: a method, the sampler it goes with, and the settings of both.

    name: what was typed, or the label given to it; also the name of its folder.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:+-]*$")
    algorithm: str
    sampler: str | None = Field(None, description="None: the algorithm's own")
    settings: dict[str, Any] = {}
    sampler_settings: dict[str, Any] = {}
    optim: OwnOptim = OwnOptim()

    def configured(self, config: Config) -> Config:
        """What this arm trains by: the comparison's settings, and its own of the optimiser."""
        optim = config.optim.model_copy(update=self.optim.model_dump(exclude_none=True))
        return config.model_copy(update={"optim": optim})
