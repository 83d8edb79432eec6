"""The seam to a method, algorithm or sampler: its making, its state, and what it measures.

A plug-in is somebody else's code. Whatever is wrong with it ends its own run with one sentence that
says which method, which verb and what was wrong; the traceback stands in the run's log. What either
kind of method hands back besides is checked in ``algorithm_guard`` and ``sampler_guard``.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from typing import Any, TypeVar

from torch import Tensor

from srpo_bench.algorithms.base import Algorithm, RunInfo
from srpo_bench.algorithms.samplers.base import Sampler
from srpo_bench.harness.errors import RunError, naming

Method = Algorithm[Any] | Sampler[Any]
M = TypeVar("M", Algorithm[Any], Sampler[Any])

READ = ("needs_reference", "first_round", "notes", "at_rest", "waits_for")
"""What a run reads of a method before its first step, as far as it has that."""
PLAIN = (type(None), bool, int, float, str, bytes, Tensor)
CONTAINERS = (list, tuple, set, dict, OrderedDict, Counter)
"""What a checkpoint may hold: it is read back without running anybody's code."""


def called(method: Method | type[Method]) -> str:
    """The method, as an error's sentence begins."""
    kind = method if isinstance(method, type) else type(method)
    return f"{'Sampler' if issubclass(kind, Sampler) else 'Algorithm'} '{method.name}'"


def wrong(method: Method, fault: str) -> RunError:
    """An error that names the method."""
    return RunError(f"{called(method)} {fault}.")


def make(kind: type[M], settings: dict[str, Any], info: RunInfo) -> M:
    """A method for a run."""
    with naming(called(kind), "__init__"):
        method = kind(kind.Settings.model_validate(settings), info)
    for name in READ:
        if hasattr(kind, name):
            with naming(called(kind), name):
                getattr(method, name)
    return method


def state(method: Method) -> dict[str, Any]:
    """``method.state_dict``: something that a checkpoint can hold."""
    with naming(called(method), "state_dict"):
        saved = method.state_dict()
    if not isinstance(saved, dict):
        raise wrong(method, f"returned {kind_of(saved)} from state_dict, not a dict")
    if strange := _not_plain(saved):
        fault = (
            f"keeps {strange} in its state; a state is made of plain values, lists, dicts, tensors"
        )
        raise wrong(method, fault)
    return saved


def restore(method: Method, saved: dict[str, Any]) -> None:
    """``method.load_state_dict``."""
    with naming(called(method), "load_state_dict"):
        method.load_state_dict(saved)


def check_metrics(method: Method, metrics: Any, verb: str) -> None:
    """Refuse metrics that are no finite numbers by name."""
    if not isinstance(metrics, dict):
        raise wrong(method, f"returned metrics as {kind_of(metrics)} from {verb}, not as a dict")
    for key, value in metrics.items():
        plain = isinstance(key, str) and isinstance(value, int | float)
        if not plain or not math.isfinite(value):
            shown = repr(value) if plain else kind_of(value)
            raise wrong(method, f"returned the metric {key!r} as {shown}, not a finite number")


def kind_of(value: Any) -> str:
    """How a sentence names a value's type."""
    return f"a {type(value).__name__}"


def _not_plain(value: Any) -> str:
    """The type of the first thing in a state that is neither plain nor a container of such."""
    if type(value) in PLAIN:
        return ""
    if type(value) not in CONTAINERS:
        return kind_of(value)
    inside = [*value.keys(), *value.values()] if isinstance(value, dict) else value
    return next((strange for item in inside if (strange := _not_plain(item))), "")
