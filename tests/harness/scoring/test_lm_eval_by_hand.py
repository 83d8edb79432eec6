"""What lm-eval hands back, as lines of scores."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from transformers import GenerationConfig

from srpo_bench.harness.config import Config
from srpo_bench.harness.errors import RunError, UserError
from srpo_bench.harness.scoring import lm_eval_backend as backend
from srpo_bench.harness.scoring.scores import ScoreLine
from srpo_bench.tasks.base import Problem, TaskError


def scored(*right: float, error: Any = 0.25) -> list[ScoreLine]:
    lines = [
        {"doc_id": i, "metrics": ["exact"], "filter": "strict", "exact": r}
        for i, r in reversed(list(enumerate(right)))
    ]
    mean = sum(right) / len(right)
    result = {"alias": "t", "exact,strict": mean, "exact_stderr,strict": error}
    return backend._scores(result, lines, "m", "t", len(right))


def test_a_score_has_its_error_and_its_right_answers_in_order() -> None:
    (line,) = scored(1.0, 0.0, 1.0)
    assert (line.model, line.task, line.metric) == ("m", "t", "exact, strict")
    assert (line.n, line.k, line.accuracy) == (3, 1, pytest.approx(2 / 3))
    assert line.stderr == line.stderr_questions == 0.25
    assert line.correct == [1, 0, 1]
    assert scored(0.0, 0.0)[0].correct == [0, 0]
    assert scored(1.0)[0].correct == [1]
    assert scored(0.5, 1.0)[0].correct == []  # no right or wrong
    assert scored(2.0, 1.0)[0].correct == []
    assert scored(1.0, error="N/A")[0].stderr is None


def test_without_a_filter_the_metric_is_itself() -> None:
    (line,) = backend._scores({"acc,none": 0.5, "samples": 3}, [], "m", "t", 2)
    assert (line.metric, line.accuracy, line.stderr, line.correct) == ("acc", 0.5, None, [])


def test_what_it_cannot_score_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*tasks: str, k: int = 1) -> Config:
        return Config.model_validate({"final": {"tasks": list(tasks), "k": k}})

    for config, said in (
        (asked("gsm8k", "humaneval"), "lm-eval scores humaneval by running model output"),
        (asked("mbpp"), "lm-eval scores mbpp by running"),
        (asked("svamp"), "scores gsm8k and math, not svamp: use --backend own"),
        (asked("gsm8k", k=2), "one response a problem: leave --k out"),
    ):
        with pytest.raises(UserError, match=said):
            backend.check(config)
    backend.check(asked("gsm8k"))
    monkeypatch.setitem(sys.modules, "lm_eval.tasks.minerva_math.utils", None)
    backend.check(asked("gsm8k"))
    with pytest.raises(UserError, match=r"needs antlr4-python3-runtime 4\.11"):
        backend.check(asked("math"))


def test_worked_examples_are_gsm8ks_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def load(split: str, data_dir: Any) -> list[str]:
        asked.append((split, data_dir))
        if data_dir is None:
            raise TaskError("no data")
        return ["a problem"]

    problems: Any = SimpleNamespace(tasks={"gsm8k": SimpleNamespace(load=load)})

    def shots(n: int, name: str = "gsm8k", where: str | None = "d") -> Any:
        config = Config.model_validate({"data": {"shots": n, "data_dir": where}})
        return backend._shots(config, problems, name)

    assert shots(0) == shots(4, "math") == []
    assert asked == []
    assert shots(2) == ["a problem"]
    assert asked == [("train", Path("d"))]
    with pytest.raises(UserError, match="no data"):
        shots(2, where=None)


def test_sampling_in_the_words_of_transformers() -> None:
    def said(**final: Any) -> dict[str, Any]:
        return backend._generation(Config.model_validate({"final": final}), 7)

    greedy = {"do_sample": False, "temperature": 0.0, "max_gen_toks": 7}
    assert said(temperature=0, top_p=0.5) == greedy
    assert said(temperature=0.6, top_p=0.9) == {
        "do_sample": True, "temperature": 0.6, "max_gen_toks": 7, "top_p": 0.9,
        "top_k": 0,
    }  # fmt: skip


def test_recorded_responses_are_judged_in_the_order_of_the_problems(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []

    def evaluated(model: Any, spec: Any, **settings: Any) -> Any:
        requests = [SimpleNamespace(doc_id=i) for i in (1, 0, 1)]
        asked.append((model.generate_until(requests), spec, settings))
        lines = [
            {"doc_id": i, "metrics": ["exact"], "filter": f, "exact": i / 10}
            for i in (10, 9)
            for f in ("strict", "none")
        ]
        return {"samples": {"gsm8k": lines}}

    monkeypatch.setattr(backend, "_simple_evaluate", evaluated)
    monkeypatch.setattr(backend, "task_spec", lambda *words: words)
    problems: Any = ["p", "q"]
    assert backend.judge("gsm8k", problems, ["no", "yes"]) == {
        "exact,strict": [0.9, 1.0], "exact,none": [0.9, 1.0],
    }  # fmt: skip
    assert asked == [(["yes", "no", "yes"], ("gsm8k", ["p", "q"]), {"num_fewshot": 0})]


def test_a_task_is_asked_as_a_member_of_a_group_from_its_own_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []

    def evaluate(model: Any, **how: Any) -> Any:
        asked.append((model, how))
        return answer

    tasks = SimpleNamespace(__file__="/lib/tasks/__init__.py", TaskManager=lambda **how: how)
    monkeypatch.setitem(
        sys.modules, "lm_eval", SimpleNamespace(simple_evaluate=evaluate, tasks=tasks)
    )
    answer: Any = {"results": 1}
    spec = {"task": "gsm8k"}
    assert backend._simple_evaluate("m", spec, num_fewshot=3) == answer
    assert asked == [
        ("m", {
            "tasks": [{"group": "bench", "task": [spec]}],
            "task_manager": {
                "include_path": f"/lib/tasks/{backend.FOLDERS['gsm8k']}", "include_defaults": False,
            },
            "num_fewshot": 3,
        }),
    ]  # fmt: skip
    answer = None
    with pytest.raises(RunError, match="lm-eval gave no result"):
        backend._simple_evaluate("m", spec)


@pytest.mark.parametrize("style", ["chat", "base"])
def test_what_a_model_is_asked_through_it(style: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    asked: list[Any] = []

    class HFLM:
        tokenizer = "its tokenizer"

        def __init__(self, **how: Any) -> None:
            made.append(how)
            own = GenerationConfig(eos_token_id=[3, 5], repetition_penalty=3.0, max_new_tokens=2)
            self.model = SimpleNamespace(generation_config=own)

    def evaluated(model: Any, spec: Any, **how: Any) -> Any:
        asked.append((spec, how))
        generation = model.model.generation_config
        assert generation.to_diff_dict().keys() <= {"eos_token_id", "transformers_version"}
        assert generation.eos_token_id == [3, 5]
        line = {"doc_id": 0, "metrics": ["exact"], "filter": "none", "exact": 1.0}
        samples = [line | {"resps": [["said"]]}]
        return {"results": {"gsm8k": {"exact,none": 1.0}}, "samples": {"gsm8k": samples}}

    huggingface = SimpleNamespace(HFLM=HFLM)
    monkeypatch.setitem(sys.modules, "lm_eval.models.huggingface", huggingface)
    monkeypatch.setattr(backend, "_simple_evaluate", evaluated)
    monkeypatch.setattr(backend, "task_spec", lambda *words: words)
    monkeypatch.setattr(backend, "_shots", lambda *_: ["a shot"])
    monkeypatch.setattr(backend, "style_of", lambda data, tokenizer: style)
    problem = Problem("p", "gsm8k", "math", "q", "1")
    problems: Any = SimpleNamespace(
        final={"gsm8k": [problem], "math": [problem]},
        tasks={"gsm8k": SimpleNamespace(max_new_tokens=7)},
    )
    subject: Any = SimpleNamespace(folder=Path("m"), label="l", step=4)
    values = {"data": {"shots": 2}, "rollout": {"rows_at_once": 16}, "model": {"device": "cpu"}}
    config = Config.model_validate(values)
    told: list[Any] = []
    (found,) = backend.lm_eval_backend(
        subject, config, problems, ["gsm8k"], 11, lambda *w: told.append(w)
    )
    assert told == [("l: gsm8k", 0, None)]
    assert made == [
        {"pretrained": "m", "device": "cpu", "dtype": config.model.dtype, "batch_size": 16}
    ]
    assert asked == [
        (("gsm8k", [problem], ["a shot"]),
         {"num_fewshot": 2, "gen_kwargs": backend._generation(config, 7),
          "apply_chat_template": style == "chat", "torch_random_seed": 11}),
    ]  # fmt: skip
    (score,) = found.scores
    assert (score.model, score.task, score.n, score.correct) == ("l", "gsm8k", 1, [1])
    assert found.samples == [
        {"model": "l", "step": 4, "phase": "final", "problem": "p", "task": "gsm8k", "prompt": "q",
         "response": "said", "metrics": {"exact,none": 1.0}},
    ]  # fmt: skip


def test_only_gsm8k_without_examples_is_told_that_there_are_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = SimpleNamespace(
        DatasetDict=dict, Dataset=SimpleNamespace(from_list=lambda rows: list(rows))
    )
    monkeypatch.setitem(sys.modules, "datasets", rows)
    monkeypatch.setattr(backend, "ROWS", {"gsm8k": lambda p: p.id, "math": lambda p: p.id})
    none = {"fewshot_split": None, "training_split": None}
    one, two = (Problem(name, "gsm8k", "math", "q", "1") for name in "ab")
    for name, train, more in (("gsm8k", [], none), ("gsm8k", [two], {}), ("other", [], {})):
        spec = backend.task_spec(name, [one], train)
        splits = spec.pop("custom_dataset")(anything=1)
        assert splits == {"test": ["a"], **({"train": ["b"]} if train else {})}
        assert spec == {"task": name, **more}
