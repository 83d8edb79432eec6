"""Tasks that run model output, where nothing isolates it."""

from __future__ import annotations

import pytest

from srpo_bench.harness.config import Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.problems.isolation import mode_for, require_isolation, without_unsafe
from srpo_bench.tasks import registry, sandbox
from srpo_bench.tasks.sandbox.modes import Isolation, Mode

CODE, WORDS = "micro-humaneval", "micro-math"


def config(train: list[str], scored: list[str] | None, final: list[str]) -> Config:
    values = {"data": {"tasks": train}, "evaluation": {"tasks": scored}, "final": {"tasks": final}}
    return Config.model_validate(values)


@pytest.fixture
def granted(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    mode: Mode = request.param
    monkeypatch.setattr(sandbox, "isolation", lambda: Isolation(mode, "it lacks bwrap."))


@pytest.mark.parametrize("granted", ["none"], indirect=True)
@pytest.mark.usefixtures("granted")
def test_they_are_left_out_wherever_they_stand_and_a_note_says_so() -> None:
    asked = config([CODE, WORDS], [WORDS, CODE], [CODE])
    found, notes = without_unsafe(asked)
    assert (found.data.tasks, found.evaluation.tasks, found.final.tasks) == ((WORDS,), (WORDS,), ())
    assert notes == [
        f"Left out, because model output cannot be run safely here: {CODE}. it lacks bwrap."
    ]
    assert asked.data.tasks == (CODE, WORDS)


@pytest.mark.parametrize("granted", ["none"], indirect=True)
@pytest.mark.usefixtures("granted")
@pytest.mark.parametrize(("train", "scored"), [([CODE], [WORDS]), ([WORDS], [CODE])])
def test_nothing_left_to_train_or_to_score_is_refused(train: list[str], scored: list[str]) -> None:
    with pytest.raises(UserError, match=f"{CODE} runs model output, and it lacks bwrap. Install"):
        without_unsafe(config(train, scored, []))


@pytest.mark.parametrize("granted", ["none"], indirect=True)
@pytest.mark.usefixtures("granted")
def test_other_tasks_need_none() -> None:
    asked = config([WORDS], None, [])
    assert without_unsafe(asked) == (asked, [])
    assert mode_for([registry.get(WORDS)]) == "not needed"
    require_isolation([])
    with pytest.raises(UserError, match=f"{CODE}, mbpp runs model output, and it lacks bwrap"):
        require_isolation([CODE, "mbpp"])


@pytest.mark.parametrize("granted", ["bubblewrap", "plain"], indirect=True)
@pytest.mark.usefixtures("granted")
def test_where_it_is_granted_they_stay() -> None:
    asked = config([CODE, WORDS], None, [])
    assert without_unsafe(asked) == (asked, [])
    assert mode_for([registry.get(WORDS), registry.get(CODE)]) == sandbox.isolation().mode
    require_isolation([CODE])


def test_an_unknown_task_is_the_users_error() -> None:
    with pytest.raises(UserError, match="did you mean 'micro-math'"):
        without_unsafe(config(["micro-mat"], None, []))
