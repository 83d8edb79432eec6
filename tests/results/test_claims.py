import json
from pathlib import Path

import pytest

from results.claims import load, name_arms, verify
from results.runs import ResultsError, read
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


def test_arms_are_named_or_unambiguous(tmp_path: Path) -> None:
    two = read(synthetic.write(tmp_path / "two", seeds=1, steps=10))
    assert name_arms(two, None, None) == ("srpo", "grpo")
    assert name_arms(two, "srpo", None) == ("grpo", "srpo")
    three = {"grpo": 1.0, "srpo": 1.0, "dapo": 1.0}
    many = read(synthetic.write(tmp_path / "three", three, seeds=1, steps=10))
    assert name_arms(many, None, "dapo") == ("dapo", "grpo")
    with pytest.raises(ResultsError, match="Name --baseline and --challenger"):
        name_arms(many, None, None)
    with pytest.raises(ResultsError, match="no arm 'x'"):
        name_arms(many, "x", None)
    with pytest.raises(ResultsError, match="with itself"):
        name_arms(many, "dapo", "dapo")


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
        ("{", "cannot be read"),
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
    assert told == {"dapo": "refuted", "srpo": "supported"}
    assert [v.challenger for v in verify(many, ["steps-90"], challenger="dapo")] == ["dapo"]
    other = {v.challenger for v in verify(many, ["steps-90"], baseline="dapo")}
    assert other == {"grpo", "srpo"}
