"""``bench algos`` and ``bench tasks``, word for word on methods and tasks made here."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import Field

from srpo_bench.algorithms import registry as algorithms
from srpo_bench.algorithms.base import Settings
from srpo_bench.algorithms.grpo import GRPO
from srpo_bench.algorithms.samplers.base import Sampler
from srpo_bench.harness.cli import catalogue
from srpo_bench.harness.errors import UserError
from srpo_bench.tasks import registry as tasks
from tests.harness.cli.screen import consoles, printed


class Tilted(GRPO):
    """A method with every kind of setting."""

    name = "tilted"
    paper = "arXiv 1"
    changes = "tilts [the loss]"
    formula = "L = [x] · 3"
    sampler = "leaning"
    unpublished: ClassVar[dict[str, str]] = {"bare": "[a] guess of 2"}

    class Settings(Settings):  # type: ignore[override]
        bare: int = 3
        told: float = Field(0.5, description="how much", json_schema_extra={"source": "table 2"})


class Leaning(Sampler[Settings]):
    """A sampler without settings."""

    name = "leaning"
    paper = "arXiv 2"
    changes = "leans"
    formula = "p ∝ 1"

    def choose(self, step: int, n: int, rng: Any) -> Any:
        raise NotImplementedError


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """One method, one sampler, each beside one that cannot be used."""
    kinds: dict[str, Any] = {"tilted": Tilted}
    monkeypatch.setattr(algorithms, "BUILT_IN", kinds)
    monkeypatch.setattr(algorithms, "SAMPLERS", {"leaning": Leaning})
    monkeypatch.setattr(algorithms, "algorithm_names", lambda: ["lost", "tilted"])
    monkeypatch.setattr(algorithms, "sampler_names", lambda: ["leaning", "torn"])
    monkeypatch.setattr(algorithms, "get", lambda name: kinds[name])
    monkeypatch.setattr(algorithms, "get_sampler", lambda name: {"leaning": Leaning}[name])
    monkeypatch.setattr(algorithms, "sampler_of", lambda *_: (Leaning, {}))
    broken = {"lost": "no module [lost] of 1", "torn": "a typo", "tilted": "shadows ours"}
    broken["leaning"] = "shadows ours, too"
    monkeypatch.setattr(algorithms, "broken", lambda: broken)


@pytest.mark.usefixtures("ours")
def test_the_list_of_methods(capsys: pytest.CaptureFixture[str]) -> None:
    catalogue.list_algorithms()
    assert printed(capsys) == [
        "algorithm  sampler  source   what it changes",
        "tilted     leaning  arXiv 1  tilts [the loss]",
        "",
        "sampler  source   what it does to the order of prompts",
        "leaning  arXiv 2  leans",
        "",
        "An arm is [label=]algorithm[+sampler]; a sampler alone goes with grpo-token.",
        "",
        "Installed, but cannot be used:",
        "  lost: no module [lost] of 1",
        "  torn: a typo",
        "  tilted: shadows ours",
        "  leaning: shadows ours, too",
    ]


@pytest.mark.usefixtures("ours")
def test_a_method_and_its_sampler(capsys: pytest.CaptureFixture[str]) -> None:
    catalogue.show_algorithm("tilted")
    assert printed(capsys) == [
        "tilted  arXiv 1",
        "tilts [the loss]",
        "",
        "L = [x] · 3",
        "",
        "setting  default  meaning   source",
        "bare     3",
        "told     0.5      how much  table 2",
        "",
        "No source gives these; they are this project's choice:",
        "  bare: [a] guess of 2",
        "",
        "Its sampler, unless an arm names another (tilted+…):",
        "",
        "leaning  arXiv 2",
        "leans",
        "",
        "p ∝ 1",
    ]
    catalogue.show_algorithm("leaning")
    assert printed(capsys) == ["leaning  arXiv 2", "leans", "", "p ∝ 1"]


def test_an_algorithms_own_defaults_of_its_sampler_are_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    name = "srpo-paper"
    chooser, defaults = algorithms.sampler_of(name, None)
    assert defaults
    catalogue.show_algorithm(name)
    _, _, second = capsys.readouterr().out.partition("Its sampler")
    for key, info in chooser.Settings.model_fields.items():
        (row,) = [line.split() for line in second.splitlines() if line.split()[:1] == [key]]
        assert " ".join(row[1:]).startswith(str(defaults.get(key, info.default)))


def test_an_unknown_method_is_the_users_error() -> None:
    with pytest.raises(UserError, match="did you mean 'srpo'"):
        catalogue.show_algorithm("srop")


def test_promises_kept_and_broken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from srpo_bench.harness.running import promises

    asked = []

    def check(arm: Any) -> list[promises.Promise]:
        asked.append(arm)
        return found

    monkeypatch.setattr(promises, "check", check)
    found = [promises.Promise("state is [kept]")]
    assert catalogue.check_arm("grpo", ["beta=0.5"])
    assert printed(capsys) == ["ok: state is [kept]"]
    assert (asked[0].name, asked[0].settings) == ("grpo", {"beta": 0.5})
    found = [promises.Promise("a"), promises.Promise("b", "it was [not]")]
    assert not catalogue.check_arm("grpo", [])
    assert printed(capsys) == ["ok: a", "not so: b: it was [not]."]


class Counting:
    """As much of a task as is shown."""

    name, kind, summary, stop, BOUND = "counting", "math", "counts", ("\nQ:",), 1

    def load(self, split: str, data_dir: Path | None = None) -> list[Any]:
        if split != "test":
            raise AssertionError(split)
        return [Problem("t-1", "[b]4"), Problem("t-2", "5")]

    def render(self, problem: Any, style: str, shots: int) -> Any:
        text = f"[{shots}] what follows 3?"
        turn = {"role": "user", "content": text}
        return text if style == "base" else [{"role": "system", "content": "count"}, turn]


class Problem:
    def __init__(self, name: str, answer: str) -> None:
        self.id, self.answer = name, answer


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "BUILT_IN", {"counting": Counting})
    monkeypatch.setattr(tasks, "task_names", lambda: ["away", "counting"])
    monkeypatch.setattr(tasks, "get", lambda name: {"counting": Counting}[name]())
    monkeypatch.setattr(tasks, "broken", lambda: {"away": "no [file]", "counting": "twice"})


@pytest.mark.usefixtures("counting")
def test_the_list_of_tasks(capsys: pytest.CaptureFixture[str]) -> None:
    catalogue.list_tasks()
    assert printed(capsys) == [
        "name      kind  what it is",
        "counting  math  counts",
        "",
        "Installed, but cannot be used:",
        "  away: no [file]",
        "  counting: twice",
    ]


@pytest.mark.usefixtures("counting")
def test_a_task_as_both_kinds_of_model_are_asked(capsys: pytest.CaptureFixture[str]) -> None:
    catalogue.show_task("counting", None, 2)
    assert printed(capsys) == [
        "counting  math: counts",
        r"problem t-1, stop strings ['\nQ:']",
        "base " + "─" * 95,
        "[2] what follows 3?",
        "chat " + "─" * 95,
        "[system] count",
        "[user] [2] what follows 3?",
        "answer " + "─" * 93,
        "[b]4",
    ]


def test_an_unknown_task_is_the_users_error() -> None:
    with pytest.raises(UserError, match="did you mean 'gsm8k'"):
        catalogue.show_task("gsm8", None, 0)


def test_nothing_is_said_where_nothing_is_broken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "broken", dict)
    catalogue.list_tasks()
    assert "Installed" not in capsys.readouterr().out


def test_while_it_tries_it_talks_beside_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed may go into a file; what it is at goes to stderr."""
    from srpo_bench.harness.problems import promises as of_tasks
    from srpo_bench.harness.running import promises

    made = consoles(monkeypatch, f"{catalogue.__name__}.Console")
    asked: list[Any] = []
    monkeypatch.setattr(promises, "check", lambda arm: [promises.Promise("a")])
    monkeypatch.setattr(
        of_tasks, "check", lambda *words: asked.append(words) or [promises.Promise("a", "b")]
    )
    assert catalogue.check_arm("grpo", [])
    assert not catalogue.check_task("micro-math", Path("data"))
    assert made == [{"stderr": True}] * 2
    assert asked == [(tasks.get("micro-math"), Path("data"))]
