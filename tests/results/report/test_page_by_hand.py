"""What the page is made of, by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from srpo_bench.results.report import charts, page
from srpo_bench.results.report.look import banded, look
from srpo_bench.results.report.style import ARMS
from tests.results.made import NAN, run
from tests.results.report.test_by_hand import analysis, e


def context(*runs: Any, **plan: Any) -> dict[str, Any]:
    nothing: dict[str, Any] = {"claims": {}, "ladder": [], "health": {}, "arms": {}}
    nothing |= {"verdicts": [], "wanted": []}
    return page._context(analysis(*runs, plan=plan, **nothing), [])


def test_a_page_says_what_it_is_of() -> None:
    runs = [run(arm, manifest={"versions": {"torch": "2"}, "host": {"cores": 2}}) for arm in "abcd"]
    assert context(*runs[:2])["arms"] == "a and b"
    assert context(*runs[:3])["arms"] == "3 arms"
    assert context(*runs)["arms"] == "4 arms"
    found = context(*runs, name="mine")
    assert (found["name"], found["versions"], found["host"]) == (
        "mine",
        {"torch": "2"},
        {"cores": 2},
    )
    bare = context(run("a"))
    assert (bare["name"], bare["versions"], bare["host"]) == ("nowhere", {}, {})
    assert list(bare["sections"]) == [
        k for k in page.SECTIONS if k not in ("why", "targets", "ladder", "claims")
    ]
    assert bare["finals"] is False
    assert context(run("a", final={"x": 1}))["finals"] is True


def test_a_setting_is_told_as_it_is_typed() -> None:
    told = [page.plain(v) for v in (True, None, 1 / 6, 3e-5, 8, "all", ["a", 1.0])]
    assert told == ["true", "null", "0.166667", "3e-05", "8", "all", '["a", 1.0]']


def test_only_the_page_is_escaped() -> None:
    escaped: Any = page._environment().autoescape
    assert [escaped(name) for name in ("page.html.j2", "report.md.j2", None)] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(("state", "reloads"), [("done", False), ("running", True)])
def test_only_what_is_under_way_is_loaded_anew(
    state: str, reloads: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, Any]] = []
    template = SimpleNamespace(render=lambda context: seen.append(context) or "made")
    monkeypatch.setattr(
        page, "_environment", lambda: SimpleNamespace(get_template=lambda _: template)
    )
    monkeypatch.setattr(page, "_context", lambda *_: {})
    monkeypatch.setattr(charts, "data", lambda _: {"training": {"length": {"label": "L"}}})
    a = analysis(run("grpo", state=state))
    assert page.render(a, [], {"f": "<svg/>"}, 5.0) == ("made", "made")
    first = seen[0]
    assert first["reload"] == (5.0 if reloads else None)
    assert (first["written"] is not None) == reloads
    assert (first["panels"], first["figures"]) == ([("length", "L")], {"f": "<svg/>"})


def test_a_price_where_flops_are_known() -> None:
    def price(ratio: Any) -> Any:
        axes = {} if ratio is None else {"flops": SimpleNamespace(ratio=ratio, bound="")}
        judge = SimpleNamespace(contrast=SimpleNamespace(axes=axes))
        return page._price(analysis(judges={"srpo": judge}), "srpo")

    assert price(None) is price(e(NAN)) is None
    assert price(e(1.5, 1.4, 1.6)) == ("50 % more FLOPs", "95 % interval 40 to 60 % more")
    assert price(e(0.0)) == ("100.00 % fewer FLOPs", "no interval")


def test_runs_thinned_for_the_drill_down() -> None:
    accuracy = [i / 100 for i in range(101)]
    told = page._runs(analysis(run("grpo", 1, accuracy), run("srpo", 2, ())))
    points = told["grpo/seed-1"]["points"]
    assert (len(points), points[0], points[-1]) == (60, [0, 0], [1000, 1])
    assert told["grpo/seed-1"]["spent"] == {"steps": 1000}
    assert told["srpo/seed-2"] == {"points": [], "spent": {}, "path": "srpo/seed-2"}
    assert told["_"] == {"target": 0.7, "end": 1000}
    assert page._runs(analysis(run("grpo"), target=NAN))["_"]["target"] is None


def test_colours_come_round_and_the_baselines_does_not() -> None:
    many = [f"a{i}" for i in range(2 * len(ARMS))]
    a = analysis(run("grpo"), *map(run, many), challengers=many)
    assert look(a, "grpo").colour == 0
    colours = [look(a, arm).colour for arm in many]
    assert colours[: len(ARMS)] == [*range(1, len(ARMS)), 1]
    assert set(colours) == set(range(1, len(ARMS)))


def test_the_arms_of_the_claim_stand_in_front_where_arms_are_many() -> None:
    few = claimed(challengers=["srpo", "x"])
    assert [look(few, arm).front for arm in few.comparison.arms] == [True] * 3
    assert banded(few) == ["grpo", "srpo", "x"]
    runs = [run(arm, manifest={"algorithm": arm}) for arm in ("grpo", "x", "srpo", "y")]
    many = analysis(*runs, challengers=["x", "srpo", "y"], headline=few.headline, claims=few.claims)
    front = {arm for arm in many.comparison.arms if look(many, arm).front}
    assert front == {"grpo", "srpo"} == set(banded(many))
    nobodys = analysis(*runs, challengers=["x", "srpo", "y"], claims={key: [] for key in "xsy"})
    assert banded(nobodys) == []  # all are in front, and too many


def judged(value: float, challenger: float = 50.0) -> Any:
    cell = SimpleNamespace(ratio=e(value), baseline=100.0, challenger=challenger, bound="")
    return SimpleNamespace(contrast=SimpleNamespace(axes={"steps": cell}))


def claimed(**settings: Any) -> Any:
    """An analysis of three arms, the claim being about srpo."""
    runs = [run(arm, manifest={"algorithm": arm}) for arm in ("grpo", "srpo", "x")]
    headline = SimpleNamespace(id="c", algorithm=("srpo",))
    verdict = SimpleNamespace(id="c", own=True)
    return analysis(*runs, claims={"srpo": [verdict]}, headline=headline, **settings)


def test_marks_of_crossings_and_of_the_claim() -> None:
    def marks(axis: str = "steps", **judges: Any) -> dict[str, Any]:
        return charts._marks(claimed(judges=judges), axis)

    both = marks(x=judged(0.75), srpo=judged(0.0))
    assert both == {
        "target": 0.7, "baseline": 100.0, "claim": 10.0, "lead": 1,
        "arms": [{"arm": 2, "at": 50.0, "told": "25 % fewer"},
                 {"arm": 1, "at": 50.0, "told": "100.00 % fewer"}],
    }  # fmt: skip
    other = marks(x=judged(0.75), srpo=judged(NAN))
    assert (other["baseline"], other["claim"], other["lead"]) == (100.0, None, None)
    assert marks("tokens", srpo=judged(0.5)) == {
        "target": 0.7, "baseline": None, "claim": None, "lead": None, "arms": [],
    }  # fmt: skip


def test_marks_of_one_task() -> None:
    def on(value: float | None, target: float = 0.6) -> Any:
        cell = SimpleNamespace(challenger=40.0, baseline=80.0, ratio=e(value or 0.0), bound="")
        found = SimpleNamespace(
            steps=None if value is None else cell, ratio=e(NAN if value is None else value),
            target=target,
        )  # fmt: skip
        return SimpleNamespace(contrasts={"t": found})

    def marks(task: str = "t", **tasks: Any) -> dict[str, Any]:
        return charts._task_marks(claimed(tasks=tasks), task)

    assert marks(x=on(0.5), srpo=on(0.0)) == {
        "target": 0.6, "baseline": 80.0, "claim": None, "lead": 1,
        "arms": [{"arm": 2, "at": 40.0, "told": "50 % fewer"},
                 {"arm": 1, "at": 40.0, "told": "100.00 % fewer"}],
    }  # fmt: skip
    assert marks(x=on(0.5), srpo=on(None))["lead"] is None
    assert [m["arm"] for m in marks(x=on(0.5), srpo=on(NAN))["arms"]] == [2]
    assert marks("u", srpo=on(0.5)) == {
        "target": None, "baseline": None, "claim": None, "lead": None, "arms": [],
    }  # fmt: skip


def test_shares_are_told_from_other_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    curves = {"length": (1.0, 2.0), "zero_variance": (0.0, 1.0)}
    a = analysis(run("grpo", curves=curves), gain=None)
    assert {k: v["share"] for k, v in charts.data(a)["training"].items()} == {
        "length": False, "zero_variance": True,
    }  # fmt: skip
    assert charts._has_column(run("grpo", curves={"length": (1.0,)}), "length")
    assert not charts._has_column(run("grpo"), "length")
    assert not charts._has_column(run("grpo"), "no such column")
