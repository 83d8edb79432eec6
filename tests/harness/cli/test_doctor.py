"""``bench doctor``: a verdict on this machine, and on ones that lack something."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

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
    [
        (0.4, True, "--workers 1"),
        (doctor.RUN_GIB, False, "--workers 1"),
        (1.5, False, "--workers 1"),
        (200.0, False, ""),
        (0.0, False, ""),
    ],
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


def test_memory_is_what_the_system_says(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "MemTotal:       99 kB\nnothing\nMemAvailable:    3145728 kB\n"
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: text)
    assert doctor._free_gib() == 3.0
    text = "MemTotal: 99 kB\n"
    assert doctor._free_gib() == 0.0

    def gone(*_: object, **__: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", gone)
    assert doctor._free_gib() == 0.0


def test_accelerators_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"mps": True, "cuda": True}
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: there["mps"])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there["cuda"])
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    card = SimpleNamespace(name="H100", total_memory=80 * 2**30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda i: card)
    assert [f.value for f in doctor._accelerators()] == ["mps"]
    there["mps"] = False
    version = torch.version.cuda
    assert [(f.what, f.value) for f in doctor._accelerators()] == [
        (f"cuda:{i}", f"H100, 80 GiB, CUDA {version}") for i in range(2)
    ]
    there["cuda"] = False
    assert [f.value for f in doctor._accelerators()] == ["none; runs go on the CPU"]
