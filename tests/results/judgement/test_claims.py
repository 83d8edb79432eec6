"""Claims as data: what they are about, and the arithmetic of the numbers they rest on."""

from __future__ import annotations

from pathlib import Path

import pytest

from srpo_bench.harness.cli.verdicts import show_claim
from srpo_bench.results.judgement.claims import SHIPPED, BaseScore, find, load
from srpo_bench.results.judgement.judge import Judge
from srpo_bench.results.store import ResultsError
from tests.results.made import comparison, run

FIELD = Path(__file__).parents[3] / "claims" / "field.yaml"


def test_a_tenth_in_rollout_batches_draws_more_and_in_updates_a_tenth() -> None:
    """10,400 updates of 512 are 650 rollout batches of 8,192, 5.3 million responses."""
    published = find(load(), "steps-90").published
    assert published is not None
    by_batch, by_update = published.readings()
    assert by_batch[2] == by_update[2] == (650, 10_400, 5_324_800)
    assert by_batch[1] == (1040, 16_640, 8_519_680)
    assert by_update[1] == (65, 1040, 532_480)
    assert by_batch[1][2] / by_batch[2][2] == pytest.approx(1.6)
    assert by_update[1][2] / by_update[2][2] == pytest.approx(0.1)


def test_the_arithmetic_is_shown_with_its_sources_and_what_is_unpublished(capsys) -> None:
    show_claim("steps-90", None)
    told = " ".join(capsys.readouterr().out.split())
    assert "= 1.6" in told
    assert "arXiv 2501.12948v2" in told
    assert "Unpublished: SRPO's own number of steps" in told
    with pytest.raises(ResultsError, match="did you mean 'steps-90'"):
        show_claim("step-90", None)


def test_what_a_ratio_claim_says_in_few_words() -> None:
    says = {claim.id: claim.needs for claim in load()}
    assert says["steps-90"] == "90 % fewer steps"
    assert says["steps-tenth"] == "85 % fewer steps"
    assert says["cost-90"] == "90 % fewer FLOPs"
    assert says["compute-lower"] == "fewer FLOPs"


def test_a_base_that_was_measured_higher_takes_its_part_of_a_gain() -> None:
    base = BaseScore(task="MATH-500", value=41.6, measured=64.6, by="others")
    assert "+23.0 points of a gain" in base.sanity
    assert "not measured elsewhere" in BaseScore(task="MATH-500", value=41.6).sanity


def test_the_fields_claims_name_their_own_baselines() -> None:
    shipped = len(load())
    ours = load([FIELD])[shipped:]
    assert {claim.baseline for claim in ours} >= {"dapo", "grpo", "rloo", "ppo"}
    assert all("atched" in claim.scale for claim in ours)


def test_a_claim_whose_base_was_measured_higher_elsewhere_says_so() -> None:
    """41.6 on MATH-500 as reported, 64.6 as measured."""
    known = {claim.id: claim for claim in load([FIELD])}
    (said,) = known["spurious-rewards"].sanity
    assert said.startswith("base on MATH-500: reported at 41.6, measured at 64.6 by the authors of")
    assert "+23.0 points of a gain that counts from the reported one are the base's own" in said
    assert known["npr"].needs == "fewer steps"


RATIO = "{kind: ratio, threshold: 0.5}"


def own(path: Path, *claims: str) -> Path:
    said = "made_by: m, where: w"
    path.write_text("".join(f"- {{claim: x, {said}, {claim}}}\n" for claim in claims))
    return path


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (
            "id: a, test: {kind: ratio, treshold: 0.5}",
            "claim 1, test.ratio.treshold: there is no such field; did you mean 'threshold'?",
        ),
        (
            f"id: a, algoritm: [srpo], test: {RATIO}",
            "claim 1, algoritm: there is no such field; did you mean 'algorithm'?",
        ),
        (
            f"id: a, test: {RATIO}, reported: [{{value: '5', waht: y}}]",
            "claim 1, reported.0.waht: there is no such field; did you mean 'what'?",
        ),
        ("id: a, test: {kind: ratio}", "claim 1, test.ratio.threshold: Field required."),
        (
            "id: a, test: {kind: equivalence, tasks: [t], comparator: b, margin: 3}",
            "claim 1, test.equivalence.margin: Input should be less than 1.",
        ),
        (
            "id: a, test: {kind: ratio, threshold: .inf}",
            "claim 1, test.ratio.threshold: Input should be a finite number.",
        ),
    ],
)
def test_what_is_wrong_with_a_claim(tmp_path: Path, claim: str, said: str) -> None:
    path = own(tmp_path / "own.yaml", claim)
    with pytest.raises(ResultsError) as refused:
        load([path])
    assert str(refused.value) == f"{path}, {said}"


def test_a_file_names_each_claim_once_and_holds_a_list(tmp_path: Path) -> None:
    twice = own(tmp_path / "own.yaml", *(f"id: {i}, test: {RATIO}" for i in ("a", "b", "a")))
    with pytest.raises(ResultsError, match="claims 1 and 3 are both called 'a'"):
        load([twice])
    twice.write_text("id: a")
    with pytest.raises(ResultsError, match=r"a list of claims, as .*/claims\.yaml does"):
        load([twice])
    assert SHIPPED.is_file()


def test_a_claim_names_methods_in_any_case(tmp_path: Path) -> None:
    path = own(tmp_path / "own.yaml", f"id: a, algorithm: [SRPO], baseline: GRPO, test: {RATIO}")
    claim = find(load([path]), "a")
    here = comparison(run("grpo"), run("srpo"), run("dapo"))
    assert Judge(here, "srpo", "grpo").is_about(claim)
    assert not Judge(here, "dapo", "grpo").is_about(claim)
    assert not Judge(here, "srpo", "dapo").is_about(claim)
    assert [here.spelled(arm) for arm in ("GRPO", "grpo", "R1")] == ["grpo", "grpo", "R1"]
    both = comparison(run("grpo"), run("GRPO"))
    assert [both.spelled(arm) for arm in ("GRPO", "grpo")] == ["GRPO", "grpo"]
