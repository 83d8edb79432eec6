"""The same models and problems through lm-eval's own task definitions.

Prompt, stop strings, filters and metrics are lm-eval's; the rows are those our tasks have loaded
and checked, so nothing is fetched. lm-eval never runs code here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srpo_bench.harness.config import Config
from srpo_bench.harness.errors import RunError, UserError, as_user_error
from srpo_bench.harness.machine import pick_device
from srpo_bench.harness.problems.load import Problems
from srpo_bench.harness.rollouts.prompts import style_of
from srpo_bench.harness.scoring.scores import ScoredTask, ScoreLine, Tell
from srpo_bench.tasks.base import Problem, TaskError

if TYPE_CHECKING:
    from srpo_bench.harness.scoring.policies import Subject

TASKS = {"gsm8k": "gsm8k", "math": "minerva_math500"}
"""Our task -> the task of lm-eval that scores it."""
FOLDERS = {
    "gsm8k": "gsm8k",
    "minerva_math500": "minerva_math",
    "hendrycks_math500": "hendrycks_math",
}
"""Where lm-eval keeps a task: to look through its thousands would take longer than many a run."""
ROWS: dict[str, Callable[[Problem], dict[str, str]]] = {
    "gsm8k": lambda p: {"question": p.question, "answer": p.meta["solution"]},
    "math": lambda p: {"problem": p.question, "solution": p.meta["solution"], "answer": p.answer},
}
"""The row of the published data set that a problem was made of."""


def check(config: Config) -> None:
    """Refuse, in one sentence, what lm-eval cannot score."""
    for name in config.final.tasks:
        if name in ("humaneval", "mbpp"):
            raise UserError(
                f"lm-eval scores {name} by running model output unprotected, with a metric from "
                f"the hub; score it with --backend own, which runs it in the sandbox."
            )
        if name not in TASKS:
            raise UserError(
                f"--backend lm-eval scores {' and '.join(TASKS)}, not {name}: use --backend own."
            )
    if config.final.k > 1:
        raise UserError("lm-eval scores one response a problem: leave --k out.")
    if "math" in config.final.tasks:
        try:
            import lm_eval.tasks.minerva_math.utils  # noqa: F401
        except (ImportError, AssertionError) as error:
            raise UserError(
                "lm-eval's minerva_math500 needs antlr4-python3-runtime 4.11: "
                "pip install 'antlr4-python3-runtime==4.11.0'."
            ) from error


def lm_eval_backend(
    subject: Subject,
    config: Config,
    problems: Problems,
    wanted: Collection[str],
    seed: int,
    tell: Tell,
) -> Iterator[ScoredTask]:
    """Have lm-eval ask and grade a Hugging Face folder, task by task; it counts by itself."""
    from lm_eval.models.huggingface import HFLM

    model = HFLM(
        pretrained=str(subject.folder),
        device=str(pick_device(config.model.device)),
        dtype=config.model.dtype,
        batch_size=config.rollout.rows_at_once,
    )
    model.model.generation_config = _ends_alone(model.model.generation_config)
    for name in wanted:
        of_task = problems.final[name]
        tell(f"{subject.label}: {name}", 0, None)
        limit = config.final.max_new_tokens or problems.tasks[name].max_new_tokens
        result = _simple_evaluate(
            model,
            task_spec(TASKS[name], of_task, _shots(config, problems, name)),
            num_fewshot=config.data.shots,
            gen_kwargs=_generation(config, limit),
            apply_chat_template=style_of(config.data, model.tokenizer) == "chat",
            torch_random_seed=seed,
        )
        yield ScoredTask(
            _scores(
                result["results"][TASKS[name]],
                result["samples"][TASKS[name]],
                subject.label,
                name,
                len(of_task),
            ),
            _samples(result["samples"][TASKS[name]], subject, of_task),
        )


def judge(
    lm_eval_task: str, problems: Sequence[Problem], responses: Sequence[str]
) -> dict[str, list[float]]:
    """Recorded responses through the whole of an lm-eval task: "metric,filter" -> a score each.

    Args:
        lm_eval_task: a key of ``FOLDERS``.
        problems: ``problems[i]`` is what ``responses[i]`` answers.
    """
    from lm_eval.api.model import LM

    class Recorded(LM):  # type: ignore[misc]
        """A model that says what was said before."""

        def generate_until(self, requests: list[Any]) -> list[str]:
            return [responses[request.doc_id] for request in requests]

        def loglikelihood(self, requests: list[Any]) -> list[Any]:
            raise NotImplementedError

        loglikelihood_rolling = loglikelihood

    result = _simple_evaluate(Recorded(), task_spec(lm_eval_task, problems), num_fewshot=0)
    return _by_metric(result["samples"][lm_eval_task])


def task_spec(
    name: str, problems: Sequence[Problem], train: Sequence[Problem] = ()
) -> dict[str, Any]:
    """An lm-eval task by name, with nothing overridden but where its rows come from."""
    import datasets

    splits = {"test": problems, **({"train": train} if train else {})}
    rows = datasets.DatasetDict(
        {
            split: datasets.Dataset.from_list([ROWS[p.task](p) for p in group])
            for split, group in splits.items()
        }
    )
    spec: dict[str, Any] = {"task": name, "custom_dataset": lambda **_: rows}
    if name == "gsm8k" and not train:  # it would look for them even if it shows none
        spec |= {"fewshot_split": None, "training_split": None}
    return spec


def _shots(config: Config, problems: Problems, name: str) -> list[Problem]:
    """GSM8K's worked examples are drawn from its train split; MATH's are lm-eval's own four."""
    if name != "gsm8k" or not config.data.shots:
        return []
    with as_user_error(TaskError):
        return problems.tasks[name].load("train", config.data.data_dir)


def _generation(config: Config, limit: int) -> dict[str, Any]:
    """Sampling, in the words of transformers; the task's stop strings stay."""
    greedy = config.final.temperature == 0
    chosen = {} if greedy else {"top_p": config.final.top_p, "top_k": 0}  # 50 if nobody says
    return {
        "do_sample": not greedy,
        "temperature": config.final.temperature,
        "max_gen_toks": limit,
        **chosen,
    }


def _ends_alone(theirs: Any) -> Any:
    """Of a model's settings of generation the special tokens. By its penalties and limits
    transformers would generate, whatever is asked for, and our own sampling does not."""
    from transformers import GenerationConfig

    names = ("bos_token_id", "eos_token_id", "pad_token_id")
    return GenerationConfig(**{name: getattr(theirs, name, None) for name in names})


def _simple_evaluate(model: Any, spec: dict[str, Any], **settings: Any) -> dict[str, Any]:
    from lm_eval import simple_evaluate
    from lm_eval import tasks as lm_eval_tasks

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    folder = Path(lm_eval_tasks.__file__).parent / FOLDERS[spec["task"]]
    manager = lm_eval_tasks.TaskManager(include_path=str(folder), include_defaults=False)
    # a registered task takes overrides as a member of a group, and only so
    group = {"group": "bench", "task": [spec]}
    result = simple_evaluate(model, tasks=[group], task_manager=manager, **settings)
    if result is None:
        raise RunError("lm-eval gave no result.")
    return dict(result)


def _scores(
    result: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], label: str, task: str, n: int
) -> list[ScoreLine]:
    """lm-eval's "metric,filter" -> mean, and the standard error it gives: over questions."""
    each = _by_metric(lines)
    scores = []
    for key, value in result.items():
        metric, comma, filter_ = key.partition(",")
        if not comma or metric.endswith("_stderr"):
            continue
        error = result.get(f"{metric}_stderr,{filter_}")
        stderr = float(error) if isinstance(error, float | int) else None
        right = each.get(key, [])
        scores.append(
            ScoreLine(
                model=label,
                task=task,
                metric=metric if filter_ == "none" else f"{metric}, {filter_}",
                n=n,
                k=1,
                accuracy=float(value),
                stderr=stderr,
                stderr_questions=stderr,
                correct=[int(r) for r in right] if set(right) <= {0.0, 1.0} else [],
            )
        )
    return scores


def _samples(
    lines: Sequence[Mapping[str, Any]], subject: Subject, problems: Sequence[Problem]
) -> list[dict[str, Any]]:
    """A line a problem: response and metrics. lm-eval itself has one a problem and filter."""
    samples: dict[int, dict[str, Any]] = {}
    for line in _in_order(lines):
        number = int(line["doc_id"])
        problem = problems[number]
        sample = samples.setdefault(
            number,
            {
                "model": subject.label,
                "step": subject.step,
                "phase": "final",
                "problem": problem.id,
                "task": problem.task,
                "prompt": problem.question,
                "response": line["resps"][0][0],
                "metrics": {},
            },
        )
        sample["metrics"] |= _metrics(line)
    return list(samples.values())


def _by_metric(lines: Sequence[Mapping[str, Any]]) -> dict[str, list[float]]:
    """ "metric,filter" -> its values, problem by problem."""
    values: dict[str, list[float]] = {}
    for line in _in_order(lines):
        for name, value in _metrics(line).items():
            values.setdefault(name, []).append(value)
    return values


def _in_order(lines: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(lines, key=lambda line: int(line["doc_id"]))


def _metrics(sample: Mapping[str, Any]) -> dict[str, float]:
    return {f"{name},{sample['filter']}": float(sample[name]) for name in sample["metrics"]}
