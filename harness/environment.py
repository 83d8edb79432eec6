"""What a process that samples or trains is given, so that the same seed gives the same bits."""

from __future__ import annotations

import os

from srpo_bench.children import python_path


def settle(threads: int) -> None:
    """Set what libraries read from the environment. Before torch is imported; children inherit."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.environ["PYTHONSAFEPATH"] = "1"
    os.environ["PYTHONPATH"] = python_path()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what cuda needs to repeat itself


def make_repeatable(threads: int) -> None:
    """Set torch's own switches.

    On cuda strictly: with a mere warning its attention would still add up gradients in any order.
    """
    import torch

    torch.set_num_threads(threads)
    # No kernel used here reads what it has not written; filling it first costs a twentieth.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.use_deterministic_algorithms(True, warn_only=not torch.cuda.is_available())
    torch.backends.cudnn.benchmark = False
