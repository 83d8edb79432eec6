"""What this machine says of itself, by what its files and commands say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from srpo_bench.harness import machine
from srpo_bench.harness.errors import UserError


def test_cores_are_those_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5, 9} if pid == 0 else set())
    assert machine.cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert machine.cores() == 7
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert machine.cores() == 1


def test_a_folder_that_could_not_be_made_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    for there in (tmp_path, tmp_path / "a" / "b", tmp_path / "new"):
        machine.refuse_unwritable(there)
    for below in (tmp_path / "file", tmp_path / "file" / "a" / "b"):
        with pytest.raises(UserError, match=rf"Cannot write to {below}: .*/file is no folder\."):
            machine.refuse_unwritable(below)
    asked: list[Any] = []
    monkeypatch.setattr(os, "access", lambda *words: bool(asked.append(words)))
    with pytest.raises(UserError, match=rf"Cannot write to .*: {tmp_path} is not yours"):
        machine.refuse_unwritable(tmp_path / "a")
    assert asked == [(tmp_path, os.W_OK)]  # root may always write, so this is not tried
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=rf"Cannot write to a: {tmp_path} is not yours"):
        machine.refuse_unwritable(Path("a"))
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_auto_takes_cuda_then_mps_then_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"cuda": True, "mps": True}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there["cuda"])
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: there["mps"])
    assert machine.pick_device("auto").type == "cuda"
    there["cuda"] = False
    assert machine.pick_device("auto").type == "mps"
    there["mps"] = False
    assert machine.pick_device("auto").type == "cpu"
    with pytest.raises(UserError, match=r"device=cuda: this machine has none"):
        machine.pick_device("cuda")


def test_an_accelerator_is_asked_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    done = SimpleNamespace(returncode=0, stdout="H100\n", stderr="")
    asked: list[Any] = []

    def run(command: list[str], **how: Any) -> SimpleNamespace:
        asked.append((command, how))
        return done

    monkeypatch.setattr(subprocess, "run", run)
    accelerator = machine.accelerator.__wrapped__  # not what this process has asked before
    assert accelerator("cpu") is None
    assert accelerator("mps") == "mps"
    assert not asked
    assert accelerator("cuda") == "H100"
    ((command, how),) = asked
    assert command[:3] == [sys.executable, "-P", "-c"]
    assert how == {"capture_output": True, "text": True}
    done.returncode, done.stderr = 1, "x" * 300 + "no driver\n"
    with pytest.raises(UserError, match=r"the device does not answer: x{191}no driver$"):
        accelerator("cuda")


def test_the_machines_memory_or_its_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.os, "sysconf", {"SC_PHYS_PAGES": 1000, "SC_PAGE_SIZE": 4096}.get)
    for limit, found in (("max\n", 4_096_000), ("65536\n", 65_536), ("9999999999\n", 4_096_000)):
        monkeypatch.setattr(Path, "read_text", lambda *_, limit=limit, **__: limit)
        assert machine.device_memory("cpu") == found

    def gone(*_: Any, **__: Any) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", gone)
    assert machine.device_memory("cpu") == 4_096_000
    has = SimpleNamespace(total_memory=85_000_000_000)
    monkeypatch.setattr(torch.cuda, "get_device_properties", {0: has}.get)
    assert machine.device_memory("cuda") == 85_000_000_000


def test_the_cpus_model(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "processor : 0\nmodel name\t: Some CPU: 3 GHz\nmodel name\t: another\n"
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: text)
    monkeypatch.setattr(machine.platform, "processor", lambda: "said")
    assert machine.processor() == "Some CPU: 3 GHz"
    text = "processor : 0\n"
    assert machine.processor() == "said"

    def gone(*_: Any, **__: Any) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", gone)
    assert machine.processor() == "said"


def test_accelerators_by_what_is_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert machine.accelerators() == ["0", "1"]
    for named, found in (("3,GPU-a", ["3", "GPU-a"]), ("", []), ("4,", ["4"])):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
        assert machine.accelerators() == found


def test_every_package_and_our_own_has_its_version() -> None:
    found = machine.versions()
    assert found.keys() == {*machine.PACKAGES, "srpo-bench"}
    assert found["torch"] == torch.__version__.split("+")[0] or found["torch"] == torch.__version__
