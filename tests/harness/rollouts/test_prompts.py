"""What is asked is measured and digested before anything runs."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.harness import layers
from srpo_bench.harness.config import Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.problems.load import Problems, load_problems
from srpo_bench.harness.rollouts import prompts as module
from srpo_bench.harness.rollouts.prompts import fit

MICRO = {
    "seeds": [1],
    "data": {"tasks": ["micro-gsm8k"], "pool_size": 12},
    "evaluation": {"problems": 4},
    "rollout": {"max_new_tokens": 16, "prompts_per_step": 4},
}


def config(**values: Any) -> Config:
    return layers.parse(Config, layers.merge(MICRO, values), "test")


def lengthened(problems: Problems, **sets: int) -> Problems:
    """The last problems of these sets asked in 200 characters, each of which is a token."""

    def long(group: list[Any], n: int) -> list[Any]:
        tail = [replace(p, question=p.question.ljust(200, "0")) for p in group[-n:]]
        return group[:-n] + tail

    pool = list(problems.pool.values())
    pool = long(pool, sets["pool"]) if "pool" in sets else pool
    evaluation = problems.evaluation
    if "evaluation" in sets:
        evaluation = {name: long(g, sets["evaluation"]) for name, g in evaluation.items()}
    return replace(problems, pool={p.id: p for p in pool}, evaluation=evaluation)


def test_training_problems_that_do_not_fit_are_left_out_and_counted(tiny_folder: Path) -> None:
    c = config()
    problems = load_problems(c)
    whole, _ = fit(c, problems, tiny_folder)
    assert whole is problems
    some, _ = fit(c, lengthened(problems, pool=3), tiny_folder)
    ids = list(problems.pool)
    assert list(some.pool) == ids[:9]
    assert some.excluded == dict.fromkeys(
        ids[9:],
        "its prompt of 200 tokens and a response of 16 do not fit the model's context of 128",
    )
    assert some.notes == [
        "Left out, because their prompts and a response of 16 tokens do not fit the model's "
        "context of 128: 3 of 12 training problems."
    ]
    train, held_out = some.provenance
    assert (train["used"], train["excluded"]) == (9, 3)
    assert (held_out["used"], held_out["excluded"]) == (4, 0)
    assert problems.provenance[0]["used"] == 12


def test_a_pool_that_is_left_too_small_is_refused(tiny_folder: Path) -> None:
    c = config()
    with pytest.raises(UserError, match=r"9 of 9 prompts of micro-gsm8k .* reads more\."):
        fit(c, lengthened(load_problems(c), pool=9), tiny_folder)
    fit(c, lengthened(load_problems(c), pool=8), tiny_folder)


def test_held_out_problems_that_do_not_fit_are_refused(tiny_folder: Path) -> None:
    c = config()
    with pytest.raises(UserError, match=r"1 of 4 prompts of micro-gsm8k \(the longest has 200"):
        fit(c, lengthened(load_problems(c), evaluation=1), tiny_folder)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"rollout": {"max_new_tokens": 120}}, r"of 128: lower rollout\.max_new_tokens\."),
        ({"final": {"tasks": ["micro-math"], "max_new_tokens": 120}}, r"lower final\.max_new"),
        ({"data": {"style": "chat"}}, "needs a chat template, and this model has none"),
        ({"evaluation": {"tasks": ["humaneval"]}, "data": {"shots": 1}}, "use 0 shots"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(
    tiny_folder: Path, values: dict[str, Any], sentence: str
) -> None:
    c = config(**values)
    with pytest.raises(UserError, match=sentence):
        fit(c, load_problems(c), tiny_folder)


def test_a_template_that_loses_what_is_asked_is_refused_for_each_task(
    tiny_folder: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "model"))
    template = "{% if 'worth' not in messages[0].content %}{{ messages[0].content }}{% endif %}?"
    (folder / "chat_template.jinja").write_text(template)
    c = config(data={"style": "chat"})
    problems = load_problems(c)
    fit(c, problems, folder)
    ((name, group),) = problems.evaluation.items()
    lost = [replace(p, question=f"worth: {p.question}") for p in group]
    with pytest.raises(UserError, match="leaves out the user's turn, 'worth: "):
        fit(c, replace(problems, evaluation={name: lost}), folder)


def test_the_longest_that_fits_fits_exactly(tiny_folder: Path) -> None:
    """128 is the context: the longest prompt and its response take all of it."""
    problems = replace(load_problems(config()), evaluation={})
    lengths = sorted(len(p.question) for p in problems.pool.values())
    room = config(rollout={"max_new_tokens": 128 - lengths[-1]})
    assert fit(room, problems, tiny_folder)[0] is problems
    more = config(rollout={"max_new_tokens": 129 - lengths[-1]})
    assert len(fit(more, problems, tiny_folder)[0].pool) == 12 - lengths.count(lengths[-1])


def test_the_context_that_a_vllm_is_given_counts_too(tiny_folder: Path) -> None:
    vllm = {"engine": "vllm", "vllm": {"max_model_len": 20}}
    c = config(rollout=vllm)
    with pytest.raises(UserError, match="context of 20"):
        fit(c, load_problems(c), tiny_folder)


def test_the_digest_is_of_all_that_is_asked(tiny_folder: Path) -> None:
    """Pool, evaluation, final and worked examples: any other token gives another digest."""
    c = config(final={"tasks": ["micro-math"], "problems": 2, "max_new_tokens": 16})
    problems = load_problems(c)

    def digest(config: Config = c, **changes: Any) -> str:
        return fit(config, replace(problems, **changes), tiny_folder)[1]

    def other(group: list[Any]) -> list[Any]:
        return [*group[:-1], replace(group[-1], question=group[-1].question + "0")]

    digests = {
        digest(),
        digest(pool={p.id: p for p in other(list(problems.pool.values()))}),
        digest(evaluation={n: other(g) for n, g in problems.evaluation.items()}),
        digest(final={n: other(g) for n, g in problems.final.items()}),
    }
    assert len(digests) == 4
    assert digest() in digests
    shots = layers.merge(MICRO, {"data": {"shots": 1}, "rollout": {"max_new_tokens": 4}})
    shown = layers.parse(Config, shots, "test")
    assert digest(shown, evaluation={}, final={}) != digest(evaluation={}, final={})


def test_without_a_bound_anything_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "model_class", lambda base: (base, None))
    monkeypatch.setattr(module, "context_of", lambda found: found)
    there: Any = 100
    for engine, given, context, bound in (
        ("torch", 50, None, math.inf), ("torch", 50, 100, 100), ("vllm", 50, 100, 50),
        ("vllm", 200, 100, 100), ("vllm", None, 100, 100), ("vllm", 50, None, 50),
    ):  # fmt: skip
        there = context
        roll = {"engine": engine, "vllm": {"max_model_len": given}}
        assert module._context(Config.model_validate({"rollout": roll}), there) == bound


def test_a_prompt_that_fits_exactly_fits() -> None:
    module._refuse_long([10, 20], 12, 32, "t", "rollout")
    with pytest.raises(UserError) as told:
        module._refuse_long([10, 21, 22], 12, 32, "t", "rollout")
    assert str(told.value) == (
        "2 of 3 prompts of t (the longest has 22 tokens) and a response of 12 do not fit the "
        "model's context of 32: lower rollout.max_new_tokens."
    )
    for longest, helps in ((31, "lower rollout.max_new_tokens."), (32, "a model that reads more.")):
        with pytest.raises(UserError) as told:
            module._refuse_long([longest], 12, 32, "t", "rollout")
        assert str(told.value).endswith(helps)
