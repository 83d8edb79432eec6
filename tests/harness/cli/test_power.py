"""``bench power`` asks every claim about a ratio of every challenger it is about."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from srpo_bench.harness.cli import power
from srpo_bench.results.store import ResultsError
from tests.results.made import comparison, run


def test_claims_that_are_about_the_arms(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = comparison(run("grpo"), run("srpo"), run("dapo"))
    monkeypatch.setattr(power, "read", lambda _: here)
    drawn: list[float] = []

    def asked(judge: Any, claim: Any, rng: Any) -> Any:
        drawn.append(rng.random())
        said = f"{claim.id} of {judge.challenger} against {judge.baseline}"
        return SimpleNamespace(sentence=said, to_dict=lambda: {"said": said})

    monkeypatch.setattr(power, "power", asked)
    power.print_power(Path("c"), ["steps-90", "compute-lower"], None, False)
    *said, last = capsys.readouterr().out.splitlines()
    assert said == ["steps-90 of srpo against grpo.", "compute-lower of srpo against grpo."]
    assert last.startswith("If the arms are as they were measured so far;")
    assert drawn == [np.random.default_rng(0).random()] * 2  # each question has the same stream
    power.print_power(Path("c"), [], None, True)
    told = [found["said"] for found in json.loads(capsys.readouterr().out)]
    assert "steps-90 of srpo against grpo" in told
    assert not [one for one in told if "accuracy" in one]
    here = comparison(run("grpo"), run("dapo"))
    with pytest.raises(ResultsError, match="No claim about a ratio is about these arms"):
        power.print_power(Path("c"), ["steps-90"], None, False)
    here = comparison(run("grpo"))
    with pytest.raises(ResultsError, match="c has one arm, and every claim compares two"):
        power.print_power(Path("c"), [], None, False)


def test_the_users_own_claims(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(power, "read", lambda _: comparison(run("grpo"), run("dapo")))
    monkeypatch.setattr(power, "power", lambda *_: SimpleNamespace(sentence="told"))
    own = tmp_path / "own.yaml"
    own.write_text(
        "[{id: mine, claim: x, made_by: m, where: w, test: {kind: ratio, threshold: 0.5}}]"
    )
    power.print_power(Path("c"), ["mine"], own, False)
    assert capsys.readouterr().out.startswith("told.\n")
