"""What a process is given, so that the same seed gives the same bits."""

from __future__ import annotations

import ctypes
import os
import sys
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from srpo_bench.children import python_path
from srpo_bench.harness import environment


def test_what_libraries_read_is_set_and_a_users_own_choice_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = {
        "OMP_NUM_THREADS": "3",
        "MKL_NUM_THREADS": "3",
        "GOMP_SPINCOUNT": "1000",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONSAFEPATH": "1",
        "PYTHONHASHSEED": "0",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    }
    monkeypatch.setattr(os, "environ", {"OMP_NUM_THREADS": "9", "HOME": "h"})
    paths = python_path()
    environment.settle(3)
    assert os.environ == {"HOME": "h", "PYTHONPATH": paths, **wanted}
    theirs = {"CUBLAS_WORKSPACE_CONFIG": ":16:8", "GOMP_SPINCOUNT": "7"}
    os.environ.update(theirs)
    environment.settle(2)
    assert theirs.items() <= os.environ.items()


def test_torchs_switches_are_strict_on_cuda_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    filling = torch.utils.deterministic
    monkeypatch.setattr(environment, "keep_memory", lambda: told.append("memory"))
    monkeypatch.setattr(torch, "set_num_threads", told.append)
    monkeypatch.setattr(
        torch, "use_deterministic_algorithms", lambda on, warn_only: told.append((on, warn_only))
    )
    monkeypatch.setattr(filling, "fill_uninitialized_memory", True)
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    for cuda in (False, True):
        monkeypatch.setattr(torch.cuda, "is_available", lambda cuda=cuda: cuda)
        environment.make_repeatable(5)
    assert told == ["memory", 5, (True, True), "memory", 5, (True, False)]
    assert not filling.fill_uninitialized_memory
    assert not torch.backends.cudnn.benchmark


def test_memory_is_kept_where_the_c_library_can(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the numbers in glibc's malloc.h."""
    asked: list[Any] = []
    glibc = SimpleNamespace(mallopt=lambda option, value: asked.append((option, value)))
    opened = {"linux": glibc}
    monkeypatch.setattr(ctypes, "CDLL", lambda name: opened[sys.platform] if name is None else 0)
    monkeypatch.setattr(sys, "platform", "linux")
    environment.keep_memory()
    assert asked == [(-4, 0), (-1, 2**30)]
    opened["linux"] = SimpleNamespace()  # musl
    environment.keep_memory()
    monkeypatch.setattr(sys, "platform", "darwin")
    environment.keep_memory()
    assert len(asked) == 2
