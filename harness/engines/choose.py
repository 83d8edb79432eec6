"""The engine that the settings name."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from srpo_bench.harness.config import Config
from srpo_bench.harness.engines.base import Engine
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.models.policy import Policy


def make_engine(policy: Policy, config: Config, base: Path) -> Engine:
    """An engine that samples from ``policy``, whose model's files lie in ``base``."""
    roll = config.rollout
    if roll.engine == "torch":
        from srpo_bench.harness.engines.torch_engine import TorchEngine

        return TorchEngine(policy, roll.rows_at_once)
    from srpo_bench.harness.engines.vllm_engine import Host, VllmEngine
    from srpo_bench.harness.engines.vllm_local import InProcessHost
    from srpo_bench.harness.engines.vllm_server import ServerHost

    kind = InProcessHost if roll.engine == "vllm" else ServerHost
    host: Host = kind(base, config.model.dtype, roll.vllm)
    return VllmEngine(policy, host, roll.vllm)


def engine_version(config: Config) -> dict[str, str]:
    """``{"vllm": version}`` where vLLM is used and is here, else nothing.

    Raises:
        UserError: vLLM is asked for and not installed.
    """
    if config.rollout.engine == "torch":
        return {}
    for package in ("vllm", "vllm-cpu"):
        try:
            return {"vllm": version(package)}
        except PackageNotFoundError:
            continue
    raise UserError(
        f"rollout.engine={config.rollout.engine} needs vLLM, which is not installed: "
        "pip install 'srpo-bench[vllm]' on a GPU machine, scripts/install-vllm-cpu on others."
    )
