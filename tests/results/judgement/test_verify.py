import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from srpo_bench.results.judgement.claims import load
from srpo_bench.results.judgement.verify import verify
from srpo_bench.results.runs import read
from srpo_bench.results.statistics.scores import at_end
from srpo_bench.results.store import ResultsError
from tests.results import synthetic


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic.write(tmp_path_factory.mktemp("r") / "c", {"grpo": 1.0, "srpo": 0.05})


def test_the_headline_claim_is_first() -> None:
    assert load()[0].id == "steps-90"
    assert load()[0].test.kind == "ratio"


def test_sanity_is_computed() -> None:
    sanity = {c.id: " ".join(c.sanity) for c in load()}
    assert "92.4 % cannot be a score over 164" in sanity["humaneval-92.4"]
    assert "92.1 % can be a score over 164 answers: 151/164" in sanity["humaneval-92.4"]
    assert "1183/1319" in sanity["gsm8k-89.7"]
    assert "not stated" in sanity["livecodebench-41.6"]


def test_every_claim_gets_an_answer(folder: Path) -> None:
    found = {v.id: v for v in verify(folder)}
    assert list(found) == [c.id for c in load()]
    assert found["steps-90"].verdict == "supported"
    assert found["steps-90-accuracy"].verdict == "supported"
    assert found["compute-lower"].verdict == "supported"
    assert "Qwen2.5-32B" in found["humaneval-92.4"].reason
    assert all(v.reason for v in found.values())


def test_verdicts_are_json(folder: Path) -> None:
    for v in verify(folder):
        told = json.loads(json.dumps(v.to_dict(), allow_nan=False))
        assert told["verdict"] in ("supported", "refuted", "inconclusive", "no-verdict")


def test_an_unknown_claim_gets_a_suggestion(folder: Path) -> None:
    with pytest.raises(ResultsError, match="did you mean 'steps-90'"):
        verify(folder, ["steps90"])


OWN = """
- id: half
  claim: Half the tokens.
  made_by: me
  where: here
  test: {kind: ratio, axis: tokens, threshold: 0.5}
"""


def test_users_add_their_own_claims(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(OWN)
    assert verify(folder, ["half"], claim_files=[path])[0].verdict == "supported"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not YAML"),
        ("a: 1", "list of claims"),
        ("- id: x", "claim 1, claim"),
        (OWN.replace("ratio", "magic"), "claim 1, test"),
        (OWN.replace("tokens,", "joules,"), "axis"),
        (OWN + "  reported: [{value: '92,4', what: x, n: 164}]", "reported.0.value"),
        (OWN + "  reported: [{value: 'nan', what: x, n: 164}]", "reported.0.value"),
    ],
)
def test_a_broken_claims_file_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(ResultsError, match=said):
        load([path])


PARITY = """
- id: parity
  claim: As good on micro-math.
  made_by: me
  where: here
  test: {kind: equivalence, tasks: [micro-math], comparator: grpo, margin: 0.03}
- id: better
  claim: Better on micro-math.
  made_by: me
  where: here
  test: {kind: superiority, tasks: [micro-math], comparator: grpo}
- id: absent
  claim: Better on something else.
  made_by: me
  where: here
  test: {kind: superiority, tasks: [chess], comparator: grpo}
"""


def test_claims_about_scores_are_tested_on_scores(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(PARITY)
    ids = ["parity", "better", "absent"]
    found = {v.id: v for v in verify(folder, ids, claim_files=[path])}
    assert found["parity"].verdict == "supported"
    assert found["better"].verdict == "inconclusive"
    assert "not every run was scored on chess" in found["absent"].reason


def test_final_benchmarks_are_read_where_they_are(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(PARITY)
    copy = synthetic.write(tmp_path / "c", seeds=8)
    for run in copy.glob("*/seed-*"):
        score = 0.9 if run.parent.name == "srpo" else 0.5
        jitter = 0.001 * int(run.name.removeprefix("seed-"))
        tasks = {"micro-math": {"accuracy": score + jitter}}
        (run / "final.json").write_text(json.dumps({"step": 400, "tasks": tasks}))
    assert verify(copy, ["better"], claim_files=[path])[0].difference == pytest.approx(0.4)


def test_without_a_named_challenger_every_arm_gets_its_verdicts(tmp_path: Path) -> None:
    many = synthetic.write(tmp_path / "c", {"grpo": 1.0, "dapo": 0.7, "srpo": 0.05}, training=False)
    told = {v.challenger: v.verdict for v in verify(many, ["steps-90"])}
    assert told == {"dapo": "no-verdict", "srpo": "supported"}
    assert "about srpo and srpo-paper, not about dapo" in verify(many, ["steps-90"])[0].reason
    assert [v.challenger for v in verify(many, ["steps-90"], challenger="DAPO")] == ["dapo"]
    other = verify(many, ["steps-90"], baseline="dapo")
    assert {v.challenger for v in other} == {"grpo", "srpo"}
    assert "compares with grpo, not with dapo" in other[1].reason


def own(path: Path, test: str) -> Path:
    path.write_text(f"- {{id: own, claim: x, made_by: me, where: here, test: {test}}}")
    return path


PAR = "{kind: equivalence, tasks: [micro-math], comparator: %s, margin: 0.03}"


def test_an_arm_is_not_compared_with_itself(tmp_path: Path) -> None:
    many = synthetic.write(tmp_path / "c", {"dapo": 1.0, "grpo": 1.0, "srpo": 1.0}, training=False)
    claims = [own(tmp_path / "own.yaml", PAR % "grpo")]
    found = {v.challenger: v for v in verify(many, ["own"], claim_files=claims)}
    assert found["grpo"].verdict == "no-verdict"
    assert found["srpo"].verdict == "supported"
    assert (found["srpo"].baseline, found["srpo"].confidence) == ("grpo", 0.90)


def test_a_comparator_must_be_matched_and_finished_too(tmp_path: Path) -> None:
    many = synthetic.write(tmp_path / "c", {"grpo": 1.0, "dapo": 1.0, "srpo": 1.0}, training=False)
    claims = [own(tmp_path / "own.yaml", PAR % "dapo")]
    run = many / "dapo" / "seed-3"
    synthetic.change(run, "manifest.json", contract={"pool_digest": "other"})
    found = verify(many, ["own"], challenger="srpo", claim_files=claims)[0]
    assert (found.verdict, "pool_digest" in found.reason) == ("no-verdict", True)
    synthetic.change(run, "manifest.json", contract={"pool_digest": "p" * 64})
    synthetic.change(run, "status.json", state="running")
    found = verify(many, ["own"], challenger="srpo", claim_files=claims)[0]
    assert (found.verdict, "dapo/seed-3" in found.reason) == ("no-verdict", True)


def test_a_final_benchmark_of_one_arm_alone_is_not_compared_with_evaluations(
    tmp_path: Path,
) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 1.0}, training=False)
    for run in (folder / "srpo").glob("seed-*"):
        (run / "final.json").write_text('{"step": 400, "tasks": {"micro-math": {"accuracy": 0.2}}}')
    claims = [own(tmp_path / "own.yaml", PAR % "grpo")]
    found = verify(folder, ["own"], claim_files=claims)[0]
    assert found.difference == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("arm", ["grpo", "srpo"])
def test_an_accuracy_that_is_missing_is_counted_either_way(tmp_path: Path, arm: str) -> None:
    folder = synthetic.write(
        tmp_path / "c", {"grpo": 1.0, "srpo": 0.05}, 10, noise=0.004, training=False
    )
    assert verify(folder, ["steps-90-accuracy"])[0].verdict == "supported"
    lost = folder / arm / "seed-9"
    synthetic.change(lost, "status.json", state="failed", reason="out of memory")
    (lost / "evals.jsonl").write_text('{"step": 0, "accuracy": 0.2}\n')
    found = verify(folder, ["steps-90-accuracy"])[0]
    assert found.verdict == "inconclusive"
    assert f"{arm}/seed-9" in found.reason
    assert found.n == 9


def test_a_challenger_that_failed_later_is_known_at_a_tenth_and_not_to_stay(tmp_path: Path) -> None:
    folder = synthetic.write(
        tmp_path / "c", {"grpo": 1.0, "srpo": 0.05}, noise=0.004, training=False
    )
    lost = folder / "srpo" / "seed-8"
    synthetic.change(lost, "status.json", state="failed", reason="out of memory")
    lines = (lost / "evals.jsonl").read_text().splitlines()[:9]  # up to step 40 of 400
    (lost / "evals.jsonl").write_text("\n".join(lines) + "\n")
    found = verify(folder, ["steps-90-accuracy"])[0]
    assert (found.verdict, found.n) == ("inconclusive", 8)
    assert found.reason.endswith("but srpo is not shown to stay as good")


def test_a_refutation_by_accuracy_stands_when_what_is_missing_cannot_undo_it(
    tmp_path: Path,
) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 5.0}, 20, training=False)
    shutil.rmtree(folder / "srpo" / "seed-9")
    assert verify(folder, ["steps-90-accuracy"])[0].verdict == "refuted"


def test_the_accuracy_at_a_tenth_is_never_one_of_later(tmp_path: Path) -> None:
    """The baseline needs about 200 steps. Evaluations at 15 and 22, none at 20: the one at 15
    counts, and nothing between."""
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 0.1}, training=False)
    for path in folder.glob("srpo/seed-*/evals.jsonl"):
        lines = [json.loads(x) for x in path.read_text().splitlines()]
        for line in lines:
            line["step"] += {20: 2}.get(line["step"], 0)
            line["accuracy"] = {15: 0.3, 22: 0.9}.get(line["step"], line["accuracy"])
        path.write_text("".join(json.dumps(x) + "\n" for x in lines))
    found = verify(folder, ["steps-90-accuracy"])[0]
    assert found.difference == pytest.approx(0.3 - 0.9, abs=0.01)


@pytest.mark.integration
def test_a_long_budget_does_not_let_the_baseline_pass_against_itself(tmp_path: Path) -> None:
    """Equal arms, a budget of twenty times what they need: at a tenth of the *budget* both are at
    their plateau; at a tenth of the baseline's own steps neither is."""
    folder = synthetic.write(
        tmp_path / "c", {"grpo": 1.0, "srpo": 1.0}, 10, steps=4000, target=200, training=False
    )
    assert verify(folder, ["steps-90-accuracy"])[0].verdict == "refuted"


def test_a_baseline_that_passes_at_a_tenth_itself_has_no_assay_sensitivity(tmp_path: Path) -> None:
    """A claims file may ask at all of the baseline's steps and more than its target leaves out."""
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 1.0}, 10, training=False)
    claims = [own(tmp_path / "own.yaml", "{kind: noninferiority, share: 1.0, margin: 0.3}")]
    found = verify(folder, ["own"], claim_files=claims)[0]
    assert found.verdict == "no-verdict"
    assert "no assay sensitivity: grpo itself" in found.reason


def test_as_good_at_a_tenth_and_collapsed_later_is_not_supported(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 0.04}, 10, training=False)
    assert verify(folder, ["steps-90-accuracy"])[0].verdict == "supported"
    for path in folder.glob("srpo/seed-*/evals.jsonl"):
        lines = [json.loads(x) for x in path.read_text().splitlines()]
        for line in lines:
            line["accuracy"] -= 0.4 if line["step"] > 300 else 0.0
        path.write_text("".join(json.dumps(x) + "\n" for x in lines))
    found = verify(folder, ["steps-90-accuracy"])[0]
    assert (found.verdict, "collapses later" in found.reason) == ("inconclusive", True)


def test_parity_is_read_from_the_ninety_percent_interval(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 1.0}, training=False)
    claims = [own(tmp_path / "own.yaml", PAR % "grpo")]
    found = verify(folder, ["own"], claim_files=claims)[0]
    c, b = (
        np.array([at_end(r, "micro-math") for r in read(folder).of(a)]) for a in ("srpo", "grpo")
    )
    theirs = stats.t.interval(0.90, 7, (c - b).mean(), stats.sem(c - b))
    assert found.interval == pytest.approx(tuple(theirs))


def counted(folder: Path, arm: str, share: float, seeds: list[int], problems: int = 120) -> None:
    """Final scores with the number right of 4 for every problem."""
    rng = np.random.default_rng(len(arm))
    for seed in seeds:
        right = rng.binomial(4, share, problems)
        score = {"accuracy": right.mean() / 4, "stderr": 0.02, "n": problems, "k": 4}
        tasks = {"micro-math": score | {"correct": right.tolist()}}
        path = folder / arm / f"seed-{seed}" / "final.json"
        path.write_text(json.dumps({"step": 400, "tasks": tasks}))


def test_a_single_released_model_is_compared_over_problems(tmp_path: Path) -> None:
    """One run against eight has no pairs of seeds; 120 problems, asked of both, are pairs."""
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 1.0}, training=False)
    for seed in range(2, 9):
        shutil.rmtree(folder / "grpo" / f"seed-{seed}")
    counted(folder, "srpo", 0.8, list(range(1, 9)))
    counted(folder, "grpo", 0.5, [1])
    better = "{kind: superiority, tasks: [micro-math], comparator: grpo}"
    found = verify(folder, ["own"], claim_files=[own(tmp_path / "own.yaml", better)])[0]
    assert (found.verdict, found.n) == ("supported", 120)
    assert found.difference == pytest.approx(0.3, abs=0.06)
    assert "over 120 problems" in found.reason
    same = verify(folder, ["own"], claim_files=[own(tmp_path / "own.yaml", PAR % "grpo")])[0]
    assert same.verdict == "refuted"


def test_too_few_problems_give_no_verdict(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 1.0}, training=False)
    for arm in ("grpo", "srpo"):
        counted(folder, arm, 0.7, list(range(1, 9)), problems=20)
    claims = [own(tmp_path / "own.yaml", PAR % "grpo")]
    assert "20 problems" in verify(folder, ["own"], claim_files=claims)[0].reason


def test_every_p_says_of_which_hypothesis_and_how_many_sides(folder: Path) -> None:
    told = {v.id: v.p_of for v in verify(folder)}
    assert "the ratio is 0.1; two-sided" in told["steps-90"]
    assert "one-sided" in told["steps-90-accuracy"]
    assert told["humaneval-92.4"] == ""


def test_steps_are_judged_in_every_unit_that_a_step_may_be(tmp_path: Path) -> None:
    """A challenger that needs a twentieth of the steps, of ten times the responses each."""
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 0.05}, training=False)
    for path in folder.glob("srpo/seed-*/evals.jsonl"):
        lines = [json.loads(x) for x in path.read_text().splitlines()]
        for line in lines:
            line["spent"]["responses"] *= 10
        path.write_text("".join(json.dumps(x) + "\n" for x in lines))
    found = verify(folder, ["steps-90"])[0]
    assert found.verdict == "supported"
    assert list(found.units) == ["rollout batches", "updates", "responses"]
    assert "counted in responses: refuted, 0.5" in found.reason
    assert "counted in updates" not in found.reason  # which says the same as the headline


def test_steps_of_two_units_are_not_compared_whatever_is_vouched_for(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 0.5}, training=False)
    for arm, unit in (("grpo", "rollout batch"), ("srpo", "update")):
        for run in (folder / arm).glob("seed-*"):
            synthetic.change(run, "manifest.json", unit=unit)
    assert "unit of a step" in verify(folder, ["steps-90"])[0].reason
    for told in verify(folder, ["steps-90", "steps-90-accuracy"], vouched=True):
        assert told.verdict == "no-verdict"
        assert "one rollout batch in some runs and one update in others" in told.reason


def test_a_claim_about_a_sampler_is_about_every_arm_that_names_it(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", {"grpo": 1.0, "fast": 0.5})
    mine = tmp_path / "mine.yaml"
    known = next(claim for claim in load([]) if claim.id == "steps-90")
    claim = known.model_dump(mode="json") | {"id": "mine", "algorithm": ["dps"]}
    mine.write_text(json.dumps([claim]))
    (foreign,) = verify(folder, ["mine"], claim_files=[mine])
    assert "is about dps, not about" in foreign.reason
    arms = [{"arm": "grpo", "algorithm": "grpo"}]
    arms.append({"arm": "fast", "algorithm": "grpo", "sampler": "dps"})
    synthetic.change(folder, "comparison.json", arms=arms)
    (own,) = verify(folder, ["mine"], claim_files=[mine])
    assert (own.own, own.verdict) == (True, "refuted")
