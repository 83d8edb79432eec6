"""A base and problems that are others than was planned, by hand."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from srpo_bench.harness.config import Config
from srpo_bench.harness.errors import RunError
from srpo_bench.harness.machine import instructions
from srpo_bench.harness.running import as_planned


def test_a_base_is_where_it_was_planned_or_where_it_is_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, moved = tmp_path / "here", tmp_path / "moved"
    here.mkdir()
    monkeypatch.setattr(as_planned, "resolve", lambda _: moved)
    monkeypatch.setattr(as_planned, "digest", lambda base: f"of {base.name}")

    def found(path: Path, sha: str) -> Path:
        manifest = {"base": {"path": str(path)}, "contract": {"base_sha256": sha}}
        return as_planned.base_as_planned(Config(), manifest)

    assert found(here, "of here") == here
    assert found(tmp_path / "gone", "of moved") == moved
    with pytest.raises(RunError, match="moved is not the base model this comparison was planned"):
        found(tmp_path / "gone", "of here")


def test_a_seed_that_was_added_proves_its_own_pool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The contract's digests are of the seeds that were planned first."""
    loaded: list[tuple[int, ...]] = []

    def load(config: Config, base: Path | None = None) -> Any:
        loaded.append(config.seeds)
        return SimpleNamespace(
            tasks={}, pools=dict.fromkeys(config.seeds), final=[], pool_digest="pool",
            evaluation_digest="evaluation", seed_digest=lambda seed: f"of {seed}",
        )  # fmt: skip

    monkeypatch.setattr(as_planned, "load_problems", load)
    monkeypatch.setattr(as_planned, "fit", lambda config, problems, base: (problems, "prompts"))
    contract = {
        "device": "cpu", "accelerator": None, "instructions": instructions(), "pool_digest": "pool",
        "evaluation_digest": "evaluation", "prompts_digest": "prompts",
    }  # fmt: skip

    def found(seed: int, **own: Any) -> Any:
        loaded.clear()
        manifest = {"contract": contract | own, "seed": seed, "algorithm": "grpo", "sampler": None}
        return as_planned.problems_as_planned(Config(seeds=(1, 2)), tmp_path, manifest)

    assert list(found(2).pools) == [1, 2]
    assert loaded == [(1, 2)]
    assert list(found(3, pool_digest_seed="of 3").pools) == [3]
    assert loaded == [(1, 2), (3,)]
    with pytest.raises(RunError, match="are not those this seed was planned with"):
        found(3, pool_digest_seed="of 2")
