"""``bench doctor``: a verdict on this machine, and on ones that lack something."""

from __future__ import annotations

import json
from importlib import metadata

import pytest

from srpo_bench.harness.cli import doctor


def test_this_machine_is_ready(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.examine()
    printed = capsys.readouterr().out
    assert printed.splitlines()[-1] == "Ready: bench compare --algos grpo,srpo"
    for what in ("cores", "memory", "disk", "accelerator", "model code runs in", "hub", "vllm"):
        assert what in printed


def test_a_missing_package_is_the_verdict_and_has_its_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = metadata.version

    def version(name: str) -> str:
        if name == "math-verify":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", version)
    assert not doctor.examine()
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "Not ready for `bench compare`. math-verify: pip install math-verify."


@pytest.mark.parametrize(
    ("gib", "stops", "do"),
    [(0.4, True, "--workers 1"), (1.5, False, "--workers 1"), (200.0, False, "")],
)
def test_memory(gib: float, stops: bool, do: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_free_gib", lambda: gib)
    (memory,) = [f for f in doctor._machine() if f.what == "memory"]
    assert memory.stops == stops
    assert memory.do.endswith(do)
    assert bool(memory.do) == bool(do)


def test_json_is_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.examine(as_json=True)
    record = json.loads(capsys.readouterr().out)
    assert record["ready"] is True
    assert {"what", "value", "stops", "do"} == set(record["findings"][0])
