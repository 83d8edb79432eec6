"""What a process that samples or trains is given, so that the same seed gives the same bits."""

from __future__ import annotations

import ctypes
import os
import sys

from srpo_bench.children import python_path

SPINS = "1000"
"""Turns that a thread of libgomp waits for work before it sleeps. By default it is 300,000, some
milliseconds: where others want the cores, most of what several threads take is waiting."""


def settle(threads: int) -> None:
    """Set what libraries read from the environment. Before torch is imported; children inherit."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)
    os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.environ["PYTHONSAFEPATH"] = "1"
    os.environ["PYTHONHASHSEED"] = "0"  # or a plug-in's walk over a set differs from run to run
    os.environ["PYTHONPATH"] = python_path()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what cuda needs to repeat itself


def make_repeatable(threads: int) -> None:
    """Set torch's own switches.

    On cuda strictly: with a mere warning its attention would still add up gradients in any order.
    """
    import torch

    keep_memory()
    torch.set_num_threads(threads)
    # No kernel used here reads what it has not written; filling it first costs a twentieth.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.use_deterministic_algorithms(True, warn_only=not torch.cuda.is_available())
    torch.backends.cudnn.benchmark = False


M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
"""Parameters of mallopt(3)."""


def keep_memory() -> None:
    """Have glibc keep freed blocks, large ones too, up to 1 GiB of them.

    By default it gives each large tensor back to the system and asks for every page of the next
    one anew, which took a seventh of a step's processor time.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if mallopt is not None:
            mallopt(M_MMAP_MAX, 0)
            mallopt(M_TRIM_THRESHOLD, 2**30)
