from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srpo_bench.algorithms.base import RunInfo
from srpo_bench.algorithms.batch import PromptInfo
from srpo_bench.algorithms.registry import CONTROLS as CONTROL_NAMES
from srpo_bench.algorithms.registry import LADDER as LADDER_NAMES
from srpo_bench.algorithms.registry import get, sampler_of, split
from srpo_bench.results.judgement.ladder import CONTROLS, LADDER, SAMPLERS, Rung, ladder
from srpo_bench.results.report import write_report
from srpo_bench.results.runs import read
from srpo_bench.results.statistics.inference import holm
from srpo_bench.results.statistics.steps import gain
from tests.results import synthetic

TRUTH = {
    "grpo": 1.0,
    "grpo-token": 1.0,
    "grpo-token+history": 0.5,
    "srpo-paper": 0.5,
    "srpo": 0.5,
    "grpo-masked": 1.0,
    "hr-random": 1.0,
    "random-reward": 5.0,
}
PAPER = {"resample": True, "stages": "staged", "stage_one_epochs": 0}


def write(folder: Path, *arms: str, seeds: int = 8, **settings: dict[str, Any]) -> Path:
    """A comparison of these arms; settings by arm, with _ for - in its name."""
    synthetic.write(
        folder, {a: TRUTH[a] for a in arms}, seeds=seeds, noise=0.004, spread=0.05, training=False
    )
    for arm, own in settings.items():
        for run in (folder / arm.replace("_", "-")).glob("seed-*"):
            synthetic.change(run, "manifest.json", algorithm_settings=own)
    return folder


def climb(folder: Path) -> dict[tuple[str, str], Rung]:
    comparison = read(folder)
    rungs = ladder(comparison, gain(comparison.of(comparison.baseline)).level())
    return {(r.contrast.challenger, r.contrast.baseline): r for r in rungs}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    arms = [arm for arm in TRUTH if arm != "grpo-token+history"]
    return write(tmp_path_factory.mktemp("ladder") / "c", *arms, srpo_paper=PAPER, hr_random=PAPER)


def test_every_rung_and_control_that_compare_runs_is_read() -> None:
    assert [idea.method for idea in LADDER] == list(LADDER_NAMES)
    assert set(CONTROL_NAMES) <= {name for idea in CONTROLS for name in (idea.method, idea.below)}


def test_the_ladder_knows_its_methods_samplers() -> None:
    for name in [*LADDER_NAMES, *CONTROL_NAMES]:
        algorithm, sampler = split(name)
        own = SAMPLERS.get(algorithm, "shuffled")
        assert get(algorithm).sampler == own
        assert name == (algorithm if sampler == own else f"{algorithm}+{sampler}")


def test_an_arm_with_another_sampler_is_no_rung(tmp_path: Path) -> None:
    folder = write(tmp_path / "c", "grpo", "grpo-token", "srpo-paper", srpo_paper=PAPER)
    plan = json.loads((folder / "comparison.json").read_text())
    plan["arms"][1]["sampler"] = "npr"
    (folder / "comparison.json").write_text(json.dumps(plan))
    assert list(climb(folder)) == []  # one rung alone is no ladder
    plan["arms"][1]["sampler"] = "shuffled"
    plan["arms"][2]["sampler"] = "history"
    (folder / "comparison.json").write_text(json.dumps(plan))
    assert len(climb(folder)) == 2


def test_rungs_find_what_was_put_in(whole: Path) -> None:
    rungs = climb(whole)
    assert list(rungs) == [
        ("grpo-token", "grpo"),
        ("srpo-paper", "grpo-token"),
        ("srpo", "srpo-paper"),
        ("grpo-masked", "grpo-token"),
        ("srpo-paper", "hr-random"),
        ("random-reward", "grpo"),
    ]
    assert [r.outcome for r in rungs.values()] == [
        "equivalent",
        "fewer steps",
        "equivalent",
        "equivalent",
        "fewer steps",
        "more steps",
    ]
    worth = rungs["srpo-paper", "grpo-token"]
    assert worth.steps.low < 0.5 < worth.steps.high
    assert worth.flops is not None
    assert worth.flops.value == pytest.approx(worth.steps.value)
    assert rungs["random-reward", "grpo"].difference.high < -0.2


def test_all_rungs_count_to_the_baselines_target(whole: Path) -> None:
    comparison = read(whole)
    target = gain(comparison.of("grpo")).level()
    assert {r.contrast.target for r in ladder(comparison, target)} == {target}


def test_p_values_are_holms_over_the_whole_family(whole: Path) -> None:
    """The one whose answer is known beforehand, training on coins, spends none of its level."""
    *rungs, coins = climb(whole).values()
    assert [r.p_steps_holm for r in rungs] == list(holm(np.array([r.p_steps for r in rungs])))
    assert np.isnan(coins.p_steps_holm)
    assert coins.outcome == "more steps"
    assert min(r.p_accuracy_holm for r in rungs) >= 5 * 2 / 2**8


def test_a_missing_rung_joins_its_ideas(tmp_path: Path) -> None:
    folder = write(tmp_path / "c", "grpo", "srpo-paper", "srpo", srpo_paper=PAPER)
    joined = climb(folder)["srpo-paper", "grpo"]
    assert joined.parts == 2
    assert joined.what.endswith("and history resampling")


def test_stages_that_were_on_are_named_beside_the_resampling(tmp_path: Path) -> None:
    arms = ("grpo", "grpo-token", "srpo-paper")
    on = PAPER | {"stage_one_epochs": 2}
    folder = write(tmp_path / "on", *arms, srpo_paper=on)
    assert climb(folder)["srpo-paper", "grpo-token"].what == (
        "history resampling and two stages (staged)"
    )
    sampler, defaults = sampler_of("srpo-paper", None)
    plan = RunInfo((PromptInfo("a", "math"),), 1, 2, 10, max_new_tokens=4)
    at_rest = list(sampler(sampler.Settings(**defaults), plan).at_rest)
    for run in (folder / "srpo-paper").glob("seed-*"):
        synthetic.change(run, "manifest.json", at_rest=at_rest)
    assert climb(folder)["srpo-paper", "grpo-token"].what == "history resampling"


def test_stages_and_replay_both_stand_on_history_resampling(tmp_path: Path) -> None:
    arms = ("grpo", "grpo-token", "grpo-token+history", "srpo-paper", "srpo")
    folder = write(tmp_path / "c", *arms, srpo_paper=PAPER | {"stage_one_epochs": 2}, srpo=PAPER)
    for run in (folder / "grpo-token+history").glob("seed-*"):
        synthetic.change(run, "manifest.json", algorithm_settings=PAPER)
    plan = json.loads((folder / "comparison.json").read_text())
    plan["arms"][2] |= {"algorithm": "grpo-token", "sampler": "history"}
    (folder / "comparison.json").write_text(json.dumps(plan))
    rungs = climb(folder)
    assert {pair: rung.what for pair, rung in rungs.items()} == {
        ("grpo-token", "grpo"): LADDER[1].adds,
        ("grpo-token+history", "grpo-token"): "history resampling",
        ("srpo-paper", "grpo-token+history"): "two stages (staged)",
        ("srpo", "grpo-token+history"): "reweighted replay",
    }
    assert all(rung.parts == 1 and rung.also == () for rung in rungs.values())


def test_without_the_rung_between_replay_is_not_read_against_stages(tmp_path: Path) -> None:
    arms = ("grpo", "grpo-token", "srpo-paper", "srpo")
    on = PAPER | {"stage_one_epochs": 2}
    rungs = climb(write(tmp_path / "c", *arms, srpo_paper=on, srpo=PAPER))
    assert rungs["srpo", "grpo-token"].what == "history resampling and reweighted replay"
    assert ("srpo", "srpo-paper") not in rungs


@pytest.mark.integration
def test_settings_that_differ_besides_are_named_and_the_idea_is_not_alone(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "c",
        *("grpo", "grpo-token", "srpo-paper"),
        grpo={"beta": 0.04, "epsilon_high": 0.2},
        grpo_token={"beta": 0.0, "epsilon_high": 0.2},
        srpo_paper=PAPER | {"beta": 0.0, "epsilon_high": 0.28},
    )
    rungs = climb(folder)
    assert rungs["grpo-token", "grpo"].also == ()  # leaving out the KL term is the rung
    assert rungs["srpo-paper", "grpo-token"].also == ("epsilon_high",)
    write_report(folder)
    text = (folder / "report" / "report.md").read_text()
    assert "History resampling (srpo-paper against grpo-token)" in text
    assert "The two also differ in epsilon_high." in text


def test_a_part_that_is_switched_off_adds_nothing(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "c",
        *("grpo", "srpo-paper", "srpo"),
        srpo_paper=PAPER,
        srpo=PAPER | {"replay_fraction": 0},
    )
    assert climb(folder)["srpo", "srpo-paper"].what.startswith("nothing")


@pytest.mark.parametrize(("beta", "kl"), [(0.0, ""), (0.04, "no KL, ")])
def test_a_loss_leaves_out_the_kl_term_where_its_reference_has_one(
    tmp_path: Path, beta: float, kl: str
) -> None:
    arms = ("grpo", "grpo-token", "srpo-paper")
    folder = write(tmp_path / "c", *arms, seeds=2, grpo={"beta": beta}, srpo_paper=PAPER)
    rung = climb(folder)["grpo-token", "grpo"]
    assert rung.what == f"SRPO's loss (token mean, {kl}overlong rule)"


def test_a_rung_is_finished_when_the_ladders_own_runs_are(tmp_path: Path) -> None:
    """An arm that is no rung is nobody's to wait for; the one that all targets come from is."""
    folder = write(tmp_path / "c", "grpo", "grpo-token", "srpo-paper", "random-reward")
    plan = json.loads((folder / "comparison.json").read_text())
    plan["arms"][3]["algorithm"] = "dapo"
    (folder / "comparison.json").write_text(json.dumps(plan))
    synthetic.change(folder / "random-reward" / "seed-1", "status.json", state="stopped")
    assert {rung.finished for rung in climb(folder).values()} == {True}
    synthetic.change(folder / "grpo-token" / "seed-1", "status.json", state="stopped")
    assert {rung.outcome for rung in climb(folder).values()} == {"not finished"}


def test_what_does_not_arrive_below_gives_no_steps(tmp_path: Path) -> None:
    folder = write(tmp_path / "c", "grpo", "grpo-token", "srpo-paper", srpo_paper=PAPER)
    for seed in range(1, 4):
        path = folder / "grpo-token" / f"seed-{seed}" / "evals.jsonl"
        first, *lines = [json.loads(line) for line in path.read_text().splitlines()]
        still = [line | {"accuracy": first["accuracy"]} for line in lines]
        path.write_text("".join(f"{json.dumps(line)}\n" for line in [first, *still]))
    rungs = climb(folder)
    rung = rungs["srpo-paper", "grpo-token"]
    assert rung.outcome == "not judged"
    assert rung.unread.startswith("grpo-token reaches the target in 62 % of its runs, and 80 %")
    assert rungs["grpo-token", "grpo"].unread == ""


def test_two_arms_are_no_ladder(tmp_path: Path) -> None:
    folder = write(tmp_path / "c", "grpo", "srpo")
    assert climb(folder) == {}
    told = write_report(folder)
    assert told["ladder"] == []
    assert 'id="ladder"' not in (folder / "report" / "index.html").read_text()


def test_a_labelled_arm_counts_as_its_method(tmp_path: Path) -> None:
    folder = write(tmp_path / "c", "grpo", "grpo-token", "srpo-paper")
    path = folder / "comparison.json"
    plan = json.loads(path.read_text())
    plan["arms"][1]["algorithm"], plan["arms"][2]["algorithm"] = "srpo-paper", "grpo-token"
    path.write_text(json.dumps(plan))
    assert list(climb(folder)) == [("srpo-paper", "grpo"), ("grpo-token", "srpo-paper")]


@pytest.mark.integration
def test_the_report_says_each_rung_in_words_and_numbers(whole: Path) -> None:
    told = write_report(whole)
    report = whole / "report"
    page, text = (report / "index.html").read_text(), (report / "report.md").read_text()
    said = "History resampling alone (srpo-paper against grpo-token): 0."
    assert said in page
    assert said in text
    assert "Holm" in text
    assert '<a href="#ladder">' in page
    assert (report / "figures" / "ladder.png").is_file()
    assert len((report / "tables" / "ladder.csv").read_text().splitlines()) == 7
    first = told["ladder"][1]
    assert (first["arm"], first["against"], first["outcome"]) == (
        "srpo-paper",
        "grpo-token",
        "fewer steps",
    )
    assert first["p_steps"] < 1e-6


def test_too_few_pairs_are_said_to_tell_nothing_apart(tmp_path: Path) -> None:
    folder = write(tmp_path / "c", "grpo", "grpo-token", "srpo-paper", seeds=5, srpo_paper=PAPER)
    assert climb(folder)["srpo-paper", "grpo-token"].outcome == "not judged"
    write_report(folder)
    text = (folder / "report" / "report.md").read_text()
    assert "5 pairs are too few to judge; 8 are needed" in text


@pytest.mark.integration
def test_of_seven_arms_the_first_screen_speaks_of_those_the_claim_is_about(whole: Path) -> None:
    write_report(whole)
    page = (whole / "report" / "index.html").read_text()
    assert "srpo did not need 90 % fewer steps" in page[: page.index("</header>")]
    claims = page[page.index('<section id="claims">') : page.index('<section id="matched">')]
    assert "<h3>srpo</h3>" in claims
    assert "<h3>srpo-paper</h3>" in claims
    assert "<h3>random-reward</h3>" not in claims
    text = (whole / "report" / "report.md").read_text()
    assert text.count("90 % fewer steps than grpo") == 2
    assert "| random-reward | more steps | " in text
    assert "asked of all 6 at once (Holm)" in text
    assert text.count("- random-reward against grpo") == 0
