from pathlib import Path

import pytest

from srpo_bench.results.judgement.matched import matched
from srpo_bench.results.runs import read
from srpo_bench.results.schema import CORE
from tests.results import synthetic


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return synthetic.write(tmp_path / "c", seeds=2, steps=20)


def manifest(folder: Path, arm: str, seed: int, **contract: object) -> None:
    synthetic.change(folder / arm / f"seed-{seed}", "manifest.json", contract=contract)


def test_equal_contracts_are_matched(folder: Path) -> None:
    proof = matched(read(folder).runs)
    assert proof
    assert proof.sentence.startswith("matched: all")


def test_a_field_that_differs_is_named_with_its_values(folder: Path) -> None:
    manifest(folder, "srpo", 2, **{"optim.lr": 1e-4})
    proof = matched(read(folder).runs)
    assert not proof
    assert proof.differing == {"optim.lr": [3e-5, 1e-4]}
    assert "different: optim.lr" in proof.sentence


def test_mixed_accelerators_are_not_matched_and_other_nodes_are_no_difference(folder: Path) -> None:
    for arm in ("grpo", "srpo"):
        for seed in (1, 2):
            manifest(folder, arm, seed, accelerator="NVIDIA H100")
            host = {"system": f"node-{arm}-{seed}"}
            synthetic.change(folder / arm / f"seed-{seed}", "manifest.json", host=host)
    assert matched(read(folder).runs)
    manifest(folder, "srpo", 2, accelerator="NVIDIA A100")
    proof = matched(read(folder).runs)
    assert not proof
    assert proof.differing == {"accelerator": ["NVIDIA H100", "NVIDIA A100"]}
    assert proof.sentence == "not matched: different: accelerator"


def test_a_field_that_only_some_know_is_unknown(folder: Path) -> None:
    manifest(folder, "srpo", 1, **{"version.torch": None})
    assert matched(read(folder).runs).unknown == ["version.torch"]


def test_a_core_field_that_nobody_knows_is_unknown(folder: Path) -> None:
    for arm in ("grpo", "srpo"):
        for seed in (1, 2):
            manifest(folder, arm, seed, pool_digest=None)
    assert matched(read(folder).runs).unknown == ["pool_digest"]


def test_a_setting_left_at_none_by_all_is_equal(folder: Path) -> None:
    assert read(folder).contract["rollout.max_new_tokens"] is None
    assert matched(read(folder).runs)


def test_seeds_may_differ_between_pairs_but_not_within_one(folder: Path) -> None:
    for arm in ("grpo", "srpo"):
        for seed in (1, 2):
            manifest(folder, arm, seed, order_seed=seed)
    assert matched(read(folder).runs)
    manifest(folder, "srpo", 2, order_seed=7)
    assert list(matched(read(folder).runs).differing) == ["order_seed"]


def test_runs_without_a_contract_prove_nothing() -> None:
    assert matched([]).unknown == list(CORE)
    assert not matched([])


def test_runs_that_end_at_other_steps_differ_where_no_budget_is_stated(
    folder: Path,
) -> None:
    """An import whose arm was cut off: what came after is not known."""
    evals = folder / "srpo" / "seed-2" / "evals.jsonl"
    lines = evals.read_text().splitlines(keepends=True)
    evals.write_text("".join(lines[:-1]))
    synthetic.change(folder / "srpo" / "seed-2", "status.json", state="running")
    assert matched(read(folder).runs)  # a run that goes on is no other run
    synthetic.change(folder / "srpo" / "seed-2", "status.json", state="done")
    for arm in ("grpo", "srpo"):
        for seed in (1, 2):
            manifest(folder, arm, seed, steps=None)
    runs = read(folder).runs
    ends = sorted({int(run.evals.step[-1]) for run in runs})
    assert len(ends) == 2
    assert matched(runs).differing == {"last evaluated step": ends}
    assert matched(runs).known_to_differ == "last evaluated step"
    partner = folder / "grpo" / "seed-2" / "evals.jsonl"
    whole = partner.read_text()
    partner.write_text("".join(whole.splitlines(keepends=True)[:-1]))  # cut off with it
    assert matched(read(folder).runs).differing == {"last evaluated step": ends}
    partner.write_text(whole)
    evals.write_text("".join(lines))
    assert not matched(read(folder).runs).differing


def test_a_budget_is_no_proof_that_evaluations_went_on_to_it(folder: Path) -> None:
    """A log says that training ended, and its evaluations that they did so earlier; that some run
    states a budget says nothing of one that does not."""
    evals = folder / "srpo" / "seed-2" / "evals.jsonl"
    evals.write_text("".join(evals.read_text().splitlines(keepends=True)[:-1]))
    assert matched(read(folder).runs).differing == {"last evaluated step": [15, 20]}
    manifest(folder, "srpo", 2, steps=None)
    assert matched(read(folder).runs).differing == {"last evaluated step": [15, 20]}
    manifest(folder, "srpo", 2, steps=15)  # which says as much
    assert matched(read(folder).runs).differing == {"steps": [20, 15]}
