"""The pool is balanced, fixed, and free of what is evaluated on."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from srpo_bench.harness import layers
from srpo_bench.harness.config import Config, Final
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.problems import load
from srpo_bench.harness.problems.load import Problems, load_final, load_problems
from srpo_bench.tasks import registry
from srpo_bench.tasks.base import Problem

MICRO = {"data": {"tasks": ["micro-gsm8k", "micro-math"], "pool_size": 40}}


def config(*values: dict[str, Any]) -> Config:
    return layers.parse(Config, layers.merge(*values), "test")


def test_every_seeds_pool_is_balanced_over_tasks_and_levels() -> None:
    problems = load_problems(config(MICRO, {"seeds": [3, 4]}))
    for seed in (3, 4):
        strata = Counter((p.task, p.level) for p in problems.pool_of(seed).values())
        assert len(strata) == 8
        assert set(strata.values()) == {5}


def test_each_seed_draws_its_own_pool_whichever_others_there_are() -> None:
    """Runs of one seed train on the same problems in every comparison; other seeds on others."""
    both, one = (load_problems(config(MICRO, {"seeds": seeds})) for seeds in ([3, 4], [4]))
    assert list(both.pool_of(4)) == list(one.pool_of(4)) == list(one.pool)
    assert both.seed_digest(4) == one.seed_digest(4) != both.seed_digest(3)
    assert len(set(both.pool_of(3)) & set(both.pool_of(4))) < 10
    assert set(both.pool) == set(both.pool_of(3)) | set(both.pool_of(4))
    assert both.pool_digest != one.pool_digest
    assert both.pool_size == one.pool_size == 40


def test_the_pool_is_the_same_every_time_and_a_prefix_keeps_its_problems() -> None:
    first, again = load_problems(config(MICRO)), load_problems(config(MICRO))
    assert first.pool_digest == again.pool_digest
    assert first.evaluation_digest == again.evaluation_digest
    smaller = load_problems(config(MICRO, {"data": {"pool_size": 16}}))
    assert all(set(smaller.pool_of(seed)) < set(first.pool_of(seed)) for seed in first.pools)
    assert smaller.pool_digest != first.pool_digest


def test_a_procedural_task_is_held_to_its_word() -> None:
    """Its questions are not compared by thirteen words, for its splits share none; if they do, what
    is scored was trained on."""
    tasks: Any = {n: SimpleNamespace(procedural=n == "made") for n in ("made", "stored")}

    def of(task: str, name: str, question: str) -> Problem:
        return Problem(f"{task}/{name}", task, "math", question, "")

    train = [of("made", "t", "1+1?"), of("made", "u", "1+2?"), of("stored", "t", "1+2?")]
    scored = [of("made", "d", "2+1?"), of("stored", "d", "1+2?")]
    assert load.shared(train, scored, tasks) == {"stored/t": "same question as stored/d"}
    said = r"Task 'made' says .* 'made/t' of train asks what 'made/e'"
    with pytest.raises(UserError, match=said):
        load.shared(train, [*scored, of("made", "e", "1+1?")], tasks)


def test_pool_and_evaluation_do_not_meet() -> None:
    problems = load_problems(config(MICRO, {"data": {"pool_size": 2000}}))
    held_out = {p.id for group in problems.evaluation.values() for p in group}
    assert len(held_out) == 1000
    assert not held_out & set(problems.pool)


def write_gsm8k(folder: Path, train: list[str], test: list[str]) -> None:
    (folder / "gsm8k").mkdir()
    for name, questions in (("train", train), ("test", test)):
        lines = [json.dumps({"question": q, "answer": "so\n#### 3"}) for q in questions]
        (folder / "gsm8k" / f"{name}.jsonl").write_text("\n".join(lines) + "\n")


def test_a_training_problem_that_is_evaluated_on_is_left_out(tmp_path: Path) -> None:
    train = [f"Ann has {i} apples and eats {i - 1} of them. How many?" for i in range(2, 1002)]
    write_gsm8k(tmp_path, train, [train[7].upper(), "Something else, then?"])
    problems = load_problems(
        config(
            {"data": {"tasks": ["gsm8k"], "data_dir": str(tmp_path)}},
            {"evaluation": {"tasks": ["gsm8k"]}},
        )
    )
    assert len(problems.excluded) == 1
    assert train[7] not in {p.question for p in problems.pool.values()}
    assert train[6] in {p.question for p in problems.pool.values()}


def test_a_pool_that_is_too_small_for_a_step() -> None:
    with pytest.raises(UserError, match="holds 4 prompts but a step needs 8"):
        load_problems(config(MICRO, {"data": {"pool_size": 4}}))


@pytest.mark.parametrize("splits", [("train", "test"), ("train", "final")])
def test_an_id_names_one_problem_over_tasks_and_splits(
    monkeypatch: pytest.MonkeyPatch, splits: tuple[str, str]
) -> None:
    """A task that numbers each split from 0 would be asked its training prompts at evaluation."""
    kind = type(registry.get("micro-gsm8k"))
    load = kind.load

    def numbered(self: Any, split: Any, data_dir: Path | None = None) -> list[Problem]:
        return [replace(p, id=str(i)) for i, p in enumerate(load(self, split, data_dir))]

    monkeypatch.setattr(kind, "load", numbered)
    tasks = {"data": {"tasks": ["micro-gsm8k"]}}
    if splits[1] == "final":
        tasks |= {"evaluation": {"tasks": ["micro-math"]}, "final": {"tasks": ["micro-gsm8k"]}}
    with pytest.raises(UserError, match="Two problems of micro-gsm8k have the id '0'") as error:
        load_problems(config(tasks))
    assert str(error.value).endswith("ids are unique over all tasks and splits.")


def test_two_tasks_with_one_id_are_both_named(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = [type(registry.get(name)) for name in ("micro-gsm8k", "micro-math")]
    for kind in kinds:
        first = kind().load("test")[0]
        monkeypatch.setattr(kind, "load", lambda self, *_, p=first: [replace(p, id="one")])
    final = {"final": {"tasks": ["micro-gsm8k", "micro-math"]}}
    with pytest.raises(UserError, match="Two problems of micro-gsm8k and micro-math have the id"):
        load_final(config(final))


def test_one_problem_may_be_evaluated_and_scored_finally() -> None:
    same = {"evaluation": {"tasks": ["micro-math"]}, "final": {"tasks": ["micro-math"]}}
    problems = load_problems(config(MICRO, same))
    assert problems.final == problems.evaluation


CHANGES = {
    "id": "other",
    "task": "other",
    "kind": "code",
    "question": "other",
    "answer": "other",
    "level": "other",
    "meta": {"entry_point": "other"},
}


def test_every_field_of_a_problem_is_in_the_digest() -> None:
    assert set(CHANGES) == {field.name for field in fields(Problem)}
    one = Problem("a", "t", "math", "q", "1", "easy", {"entry_point": "f"})
    whole = Problems({}, {"a": one}, {"t": [one]}, {"t": [one]})
    assert whole.evaluation_digest == whole.final_digest
    for name, value in CHANGES.items():
        other = replace(one, **{name: value})
        changed = Problems({}, {"a": other}, {"t": [other]}, {"t": [other]})
        assert changed.pool_digest != whole.pool_digest, name
        assert changed.evaluation_digest != whole.evaluation_digest, name


def test_where_a_problem_was_read_is_not_in_the_digest() -> None:
    here, there = (
        Problem("a", "t", "math", "q", "1", "", {"x": 1, "source": s, "sha256": s, "official": s})
        for s in ("here", "there")
    )
    assert Problems({}, {"a": here}, {}).pool_digest == Problems({}, {"a": there}, {}).pool_digest


def test_a_digest_is_of_one_spelling_of_a_problem() -> None:
    """Plans of before hold it: fields and keys in the order of their names, letters as they are."""
    one = Problem("a", "t", "math", "wie groß", "1", "", {"z": 1, "b": [2]})
    spelled = (
        '[{"answer": "1", "id": "a", "kind": "math", "level": "", "meta": {"b": [2], "z": 1}, '
        '"question": "wie groß", "task": "t"}]'
    )
    digest = hashlib.sha256(spelled.encode()).hexdigest()
    problems = Problems({}, {"a": one}, {"t": [one]}, pools={1: ["a"]})
    assert problems.evaluation_digest == problems.seed_digest(1) == digest
    pools = hashlib.sha256(f'["{digest}", [[1, ["a"]]]]'.encode()).hexdigest()
    assert problems.pool_digest == pools


def test_what_cannot_be_digested_is_a_sentence() -> None:
    odd = Problem("a", "t", "math", "q", "1", "", {"x": {1, 2}})
    with pytest.raises(UserError, match=r"meta holds plain values, lists and mappings: .* set"):
        _ = Problems({}, {"a": odd}, {}).pool_digest


def made(name: str, task: str = "t", level: str = "") -> Problem:
    return Problem(name, task, "math", f"what is {name}?", "1", level)


def test_what_is_left_out_later_leaves_every_pool_and_is_counted() -> None:
    pool = {p.id: p for p in (made("a"), made("b"), made("c", "u"))}
    told: list[Any] = [
        {"task": "t", "role": "train", "used": 2, "excluded": 1},
        {"task": "u", "role": "train", "used": 1, "excluded": 0},
        {"task": "t", "role": "evaluation", "used": 5, "excluded": 0},
    ]
    before = Problems({}, pool, {}, {}, {1: ["b", "a"], 2: ["a", "c"]}, {"z": "old"}, told, ["n"])
    after = before.without({"a": "too long"}, "One is left out.")
    assert list(after.pool) == ["b", "c"]
    assert after.pools == {1: ["b"], 2: ["c"]}
    assert after.excluded == {"z": "old", "a": "too long"}
    assert [(s["used"], s["excluded"]) for s in after.provenance] == [(1, 2), (1, 0), (5, 0)]
    assert after.notes == ["n", "One is left out."]
    assert (told[0]["used"], before.notes, before.pools[1]) == (2, ["n"], ["b", "a"])


def test_a_responses_length_is_the_longest_training_tasks() -> None:
    tasks: Any = {"a": SimpleNamespace(max_new_tokens=7), "b": SimpleNamespace(max_new_tokens=9),
                  "c": SimpleNamespace(max_new_tokens=99)}  # fmt: skip
    asked = config({"data": {"tasks": ["a", "b"]}})
    assert load.training_limit(asked, Problems(tasks, {}, {})) == 9
    asked = config({"data": {"tasks": ["a", "b"]}, "rollout": {"max_new_tokens": 5}})
    assert load.training_limit(asked, Problems(tasks, {}, {})) == 5


def test_so_many_problems_of_every_task_or_of_each() -> None:
    groups = {"a": [made("1"), made("2"), made("3")], "b": [made("4"), made("5")]}
    for limit, counts in ((None, [3, 2]), (2, [2, 2]), ({"a": 1}, [1, 2]), ({"b": 1}, [3, 1])):
        found = load._limited(groups, Final(problems=limit))
        assert [len(group) for group in found.values()] == counts
        assert found["a"][0].id == "1"


def test_a_pool_is_dealt_round_by_round_over_tasks_and_levels() -> None:
    easy = [made(f"e{i}", "t", "easy") for i in range(5)]
    hard = [made(f"h{i}", "t", "hard") for i in range(2)]
    other = [made("o", "u")]
    for size, counts in ((3, (1, 1, 1)), (5, (2, 2, 1)), (7, (4, 2, 1)), (8, (5, 2, 1)),
                         (None, (5, 2, 1))):  # fmt: skip
        found = load._choose([[*easy, *hard], other], size, 1)
        assert tuple(sum(p in group for p in found) for group in (easy, hard, other)) == counts
        assert len({p.id for p in found}) == sum(counts)
    with pytest.raises(UserError, match="pool_size=9 is more than the 8 training problems"):
        load._choose([[*easy, *hard], other], 9, 1)
    with pytest.raises(UserError, match="pool_size=1 is more than the 0"):
        load._choose([], 1, 1)
    assert load._choose([], None, 1) == []
    orders = {tuple(p.id for p in load._choose([easy], None, seed)) for seed in range(1, 9)}
    assert len(orders) > 4


def test_a_pool_of_just_one_step_is_enough() -> None:
    one = {"data": {"tasks": ["micro-gsm8k"], "pool_size": 4}, "seeds": [1]}
    assert load_problems(config(one, {"rollout": {"prompts_per_step": 4}})).pool_size == 4
    with pytest.raises(UserError, match="The pool holds 4 prompts but a step needs 5"):
        load_problems(config(one, {"rollout": {"prompts_per_step": 5}}))
