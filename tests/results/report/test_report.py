import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from srpo_bench.results.report import write_report
from srpo_bench.results.store import ResultsError
from tests.results import synthetic
from tests.results.conftest import rendered


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = synthetic.write(tmp_path_factory.mktemp("r") / "c", {"grpo": 1.0, "srpo": 0.5})
    with rendered():
        write_report(made)
    return made


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "report" / "index.html").read_text()


class Outline(HTMLParser):
    """What a screen reader walks along."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def outline(page: str) -> Outline:
    found = Outline()
    found.feed(page)
    return found


def test_everything_is_written(folder: Path) -> None:
    report = folder / "report"
    names = {p.name for p in report.iterdir()}
    assert names == {"index.html", "report.md", "summary.json", "tables", "data", "figures"}
    figures = {p.stem for p in (report / "figures").iterdir()}
    assert figures >= {"accuracy", "ratios", "pairs", "costs", "survival", "grid", "training"}
    for stem in figures:
        ElementTree.parse(report / "figures" / f"{stem}.svg")
        png = (report / "figures" / f"{stem}.png").read_bytes()
        assert png.startswith(b"\x89PNG")


def test_the_first_screen_answers(page: str) -> None:
    head = page[page.index("<header>") : page.index("</header>")]
    assert re.search(r"<h1>Claimed: 90 % fewer steps. Measured: \d\d % fewer.</h1>", head)
    assert "srpo did not need 90 % fewer steps than grpo" in head
    assert "refuted" in head
    assert "by the announcement (Sample-Reweighted Policy Optimization)" in head
    assert re.search(r"95 % interval \d\d to \d\d % fewer; 8 seed pairs", head)
    assert re.search(r"\d\d\.\d % against \d\d\.\d %", head)
    assert re.search(r"<b>\d\d % fewer FLOPs</b>", head)
    first = page[page.index("<aside") : page.index("</aside>")]
    assert "Do not plan with 90 % fewer steps" in first
    assert "16 runs of 400 steps" in first


def test_the_summary_has_its_keys_and_no_nan(folder: Path) -> None:
    text = (folder / "report" / "summary.json").read_text()
    told = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert {"arms", "comparisons", "claims", "matched", "headroom", "failed"} <= told.keys()
    steps = told["comparisons"][0]["axes"]["steps"]
    assert steps["interval"][0] < 0.5 < steps["interval"][1]
    assert steps["n"] == 8
    assert 0 < steps["p"] < 0.01
    assert "two-sided" in steps["p_of"]
    ends = [*steps["crossing"], *steps["inversion"]]
    assert steps["interval"] == [min(ends), max(ends)]
    neutral = told["comparisons"][0]["neutral"]
    assert neutral["outcome"] == "fewer steps"
    assert "Accuracy at the end" in neutral["sentence"]
    assert neutral["sentence"] in (folder / "report" / "report.md").read_text()
    assert told["arms"]["srpo"]["steps_to_target"]["fraction_reaching"] == 1


def test_tables_are_csv_and_latex(folder: Path) -> None:
    tables = folder / "report" / "tables"
    rows = list(csv.reader((tables / "costs.csv").open(encoding="utf-8")))
    assert {len(r) for r in rows} == {len(rows[0])}
    assert [r[0] for r in rows[1:3]] == ["training steps", "responses generated"]
    latex = (tables / "costs.tex").read_text()
    assert latex.count(r" \\") == len(rows)
    body = latex[latex.index(r"\toprule") :]
    assert not re.search(r"(?<!\\)[%&_](?! )", body.replace(" & ", ""))
    assert latex.index("max width=\\linewidth") < latex.index(r"\begin{tabular}")


def test_the_page_stands_alone_and_its_links_lead_somewhere(folder: Path, page: str) -> None:
    found = outline(page)
    ids = {attrs["id"] for _, attrs in found.tags if "id" in attrs}
    for attrs in found.all("a"):
        href = attrs["href"] or ""
        target = href[1:] in ids if href.startswith("#") else (folder / "report" / href).exists()
        assert target, href
    assert not found.all("img")
    assert all("src" not in attrs for attrs in found.all("script"))
    assert [a["href"] for a in found.all("link")] == ["data:,"]


def test_figures_and_tables_can_be_read_without_being_seen(page: str) -> None:
    found = outline(page)
    ids = [attrs["id"] for _, attrs in found.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for attrs in found.all("svg"):
        assert attrs["role"] == "img"
        assert set((attrs["aria-labelledby"] or "").split()) <= set(ids)
    assert len(found.all("caption")) == len(found.all("table"))
    assert all(attrs.get("scope") for attrs in found.all("th"))
    assert len(found.all("h1")) == 1


@pytest.mark.usefixtures("no_figures")
def test_what_a_model_wrote_cannot_leave_its_place(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=1, steps=20)
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    sample = {"step": 1, "phase": "eval", "task": "t", "prompt": evil, "response": evil}
    path = folder / "grpo" / "seed-1" / "samples.jsonl"
    path.write_text(json.dumps(sample | {"outcome": "wrong"}) + "\n")
    synthetic.change(folder, "comparison.json", name=evil, notes=[evil])
    write_report(folder)
    page = (folder / "report" / "index.html").read_text()
    assert "<script>alert" not in page
    assert "<img" not in page


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("arm", [r"$\foo$", "基准"])
def test_an_imported_arm_may_be_called_anything(tmp_path: Path, arm: str) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=1, steps=20)
    for path in (folder / "srpo", folder / "comparison.json"):
        if path.is_dir():
            path.rename(folder / arm)
            synthetic.change(folder / arm / "seed-1", "manifest.json", arm=arm)
        else:
            arms = [{"arm": name, "algorithm": None} for name in ("grpo", arm)]
            synthetic.change(folder, path.name, arms=arms)
    write_report(folder)
    assert arm in (folder / "report" / "index.html").read_text()


def test_the_markdown_carries_verdict_and_tables(folder: Path) -> None:
    text = (folder / "report" / "report.md").read_text()
    assert "**refuted**" in text
    assert "| cost to target |" in text
    assert "(figures/accuracy.png)" in text


@pytest.mark.usefixtures("no_figures")
def test_what_an_arms_methods_say_of_its_runs_is_shown(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=1, steps=20)
    note = "The two stages change nothing."
    synthetic.change(folder / "srpo" / "seed-1", "manifest.json", notes=[note])
    write_report(folder)
    for name in ("report.md", "index.html", "summary.json"):
        text = (folder / "report" / name).read_text()
        assert "All tasks are procedural twins." in text
        assert f"srpo: {note}" in text


@pytest.mark.usefixtures("no_figures")
def test_failed_and_running_runs_are_named(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=3, steps=50)
    synthetic.change(folder / "srpo" / "seed-1", "status.json", state="failed", reason="went NaN")
    synthetic.change(folder / "srpo" / "seed-2", "status.json", state="running")
    late = {"at": "2026-02-01", "arms": ["srpo"], "runs_seen": 1, "command": "bench and so on"}
    synthetic.change(folder, "comparison.json", added=[late])
    told = write_report(folder, reload=10)
    assert told["failed"] == [{"run": "srpo/seed-1", "reason": "went NaN"}]
    assert told["unfinished"][0]["run"] == "srpo/seed-2"
    page = (folder / "report" / "index.html").read_text()
    assert "went NaN" in page
    assert '<body data-reload="10">' in page
    assert "4 of 6 runs done, 1 failed, 1 running; an arm is judged when its runs and" in page
    both = f"{told['command']}\nbench and so on\n"
    assert both.strip() in page
    assert f"```\n{both}```" in (folder / "report" / "report.md").read_text()


PARTLY = {
    "nobody has two evaluations": {"grpo": [1, 0], "grpo-token": [0, 1], "srpo-paper": [1, 1]},
    "the baseline leads": {"grpo": [13, 9], "grpo-token": [0, 0], "srpo-paper": [0, 1]},
    "an arm is done": {"grpo": [3, 7], "grpo-token": [13, 13], "srpo-paper": [2, 0]},
    "all but one": {"grpo": [13, 13], "grpo-token": [13, 13], "srpo-paper": [13, 12]},
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("case", PARTLY)
def test_a_comparison_under_way_is_shown_and_not_judged(tmp_path: Path, case: str) -> None:
    begun = PARTLY[case]
    folder = synthetic.write(tmp_path / "c", dict.fromkeys(begun, 1.0), seeds=2, steps=60)
    for arm, evaluations in begun.items():
        for seed, n in enumerate(evaluations, 1):
            state = {0: "waiting", 13: "done"}.get(n, "running")
            synthetic.cut(folder / arm / f"seed-{seed}", n, state, torn='{"step": 7, "acc')
    told = write_report(folder)
    assert {v["verdict"] for v in told["claims"]} <= {"no-verdict"}
    assert {r["outcome"] for r in told["ladder"]} <= {"not finished"}
    page = (folder / "report" / "index.html").read_text()
    head = page[page.index("<body") : page.index("</header>")]
    assert "of 6 runs done" in head
    assert "an arm is judged when its runs and the baseline&#39;s have ended" in head
    assert "No verdict yet" in head or "Nothing to compare yet" in head
    assert "data-reload" not in head


@pytest.mark.usefixtures("no_figures")
def test_a_writer_that_fails_leaves_the_old_report_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=1, steps=20, samples=0)
    write_report(folder)
    before = {p: p.read_bytes() for p in (folder / "report").rglob("*") if p.is_file()}
    synthetic.change(folder / "srpo" / "seed-1", "status.json", state="running")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("srpo_bench.results.report.page.render", full)
    with pytest.raises(OSError, match="No space"):
        write_report(folder)
    assert before == {p: p.read_bytes() for p in (folder / "report").rglob("*") if p.is_file()}
    assert not list(folder.glob(".report-*"))


@pytest.mark.usefixtures("no_figures")
def test_unmatched_runs_are_said_so_on_the_first_page(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=2, steps=50)
    synthetic.change(folder / "srpo" / "seed-1", "manifest.json", contract={"optim.lr": 1.0})
    write_report(folder, vouched=True)
    page = (folder / "report" / "index.html").read_text()
    head = page[: page.index("</header>")]
    assert "Vouched for by the user, not proved" in head
    assert "optim.lr" in head


@pytest.mark.integration
@pytest.mark.parametrize("arms", [{"grpo": 1.0}, {"grpo": 1.0, "again": 1.0, "dapo": 0.7}])
def test_one_arm_and_many_arms_are_shown(tmp_path: Path, arms: dict[str, float]) -> None:
    folder = synthetic.write(tmp_path / "c", arms, seeds=2, steps=50)
    with rendered():
        told = write_report(folder)
    assert list(told["arms"]) == list(arms)
    assert len(told["comparisons"]) == len(arms) - 1


@pytest.mark.usefixtures("no_figures")
def test_a_comparison_that_has_not_begun_is_shown(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=2, steps=20)
    for run in folder.glob("*/seed-*"):
        for path in run.iterdir():
            if path.name != "manifest.json":
                path.unlink()
    told = write_report(folder)
    assert len(told["unfinished"]) == 4
    page = (folder / "report" / "index.html").read_text()
    assert "Nothing to compare yet" in page
    for empty in ("targets", "claims"):
        assert f'id="{empty}"' not in page
        assert f'href="#{empty}"' not in page


@pytest.mark.usefixtures("no_figures")
def test_runs_that_only_know_steps_and_accuracy_are_shown(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=8, training=False, samples=0)
    for run in folder.glob("*/seed-*"):
        lines = [json.loads(x) for x in (run / "evals.jsonl").read_text().splitlines()]
        bare = [{"step": x["step"], "accuracy": x["accuracy"]} for x in lines]
        (run / "evals.jsonl").write_text("".join(json.dumps(x) + "\n" for x in bare))
        (run / "status.json").unlink()
    told = write_report(folder)
    page = (folder / "report" / "index.html").read_text()
    assert "no recorded responses" in page
    assert "sample-filters" not in page[: page.index("<script")]
    assert list(told["comparisons"][0]["axes"]) == ["steps"]
    assert told["claims"][0]["verdict"] == "refuted"


def test_no_comparison_no_report(tmp_path: Path) -> None:
    with pytest.raises(ResultsError):
        write_report(tmp_path)
    assert not (tmp_path / "report").exists()
