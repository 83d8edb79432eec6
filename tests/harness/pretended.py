"""A pretended accelerator: the CPU's arithmetic under cuda's rules.

Every storage carries a tag. What asks for a tensor's device is told the tag, what moves a tensor
makes a tagged copy, and every operation that mixes tags raises, as it would on the real device; in
backward too, because the CPU's autograd runs in the calling thread.

It knows nothing of kernels: not of their determinism, speed or memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

CUDA, CPU = torch.device("cuda", 0), torch.device("cpu")


class DeviceMixError(RuntimeError):
    """An operation that cuda would refuse."""


class Tags:
    """Which storages lie on the accelerator; all others lie on the CPU."""

    def __init__(self) -> None:
        self._refs: dict[int, StorageWeakRef] = {}  # a weak reference keeps the address taken

    def put(self, tensor: Tensor) -> Tensor:
        ref = StorageWeakRef(tensor.untyped_storage())
        self._refs[ref.cdata] = ref
        return tensor

    def has(self, tensor: Tensor) -> bool:
        return tensor.untyped_storage()._cdata in self._refs


class _Move(torch.autograd.Function):
    """A copy on another device, and its gradient's way back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, tags: Tags, on: bool) -> Tensor:
        ctx.tags, ctx.back = tags, tags.has(x)
        with torch.utils._python_dispatch._disable_current_modes():
            y = x.clone()
        return tags.put(y) if on else y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        with torch.utils._python_dispatch._disable_current_modes():
            y = gradients[0].clone()
        return (ctx.tags.put(y) if ctx.back else y), None, None


def _device(value: Any) -> torch.device | None:
    if isinstance(value, torch.device):
        return value
    if isinstance(value, str) and value.partition(":")[0] in ("cuda", "cpu", "meta"):
        return torch.device(value)
    return None


ASKED = {getattr(Tensor, name).__get__: name for name in ("device", "is_cuda", "is_cpu")}


class _Functions(TorchFunctionMode):
    """What Python code asks of tensors."""

    def __init__(self, tags: Tags) -> None:
        super().__init__()
        self.tags = tags

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        first = args[0] if args and isinstance(args[0], Tensor) else None
        real = first is not None and first.device.type == "cpu"
        if real and func in ASKED:
            on = self.tags.has(first)
            return {"device": CUDA if on else CPU, "is_cuda": on, "is_cpu": not on}[ASKED[func]]
        if real and func is Tensor.cpu:
            return self.moved(first, CPU)
        if real and func is Tensor.to:
            return self.to(first, args[1:], kwargs)
        if func is Tensor.numpy and self.tags.has(args[0]):
            raise DeviceMixError("numpy() of a tensor on cuda")
        target = _device(kwargs.get("device"))
        if target is None or target.type != "cuda":
            return func(*args, **kwargs)
        generator = kwargs.get("generator")
        if generator is not None:
            raise DeviceMixError(f"{func.__name__} on cuda with a CPU generator")
        return self.tags.put(func(*args, **{**kwargs, "device": CPU}))

    def moved(self, x: Tensor, target: torch.device) -> Tensor:
        on = target.type == "cuda"
        if self.tags.has(x) == on:
            return x
        moved: Tensor = _Move.apply(x, self.tags, on)  # type: ignore[no-untyped-call]
        return moved

    def to(self, x: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        target = _device(kwargs.pop("device", None))
        kwargs.pop("non_blocking", None)
        rest: list[Any] = []
        for value in args:
            if isinstance(value, Tensor):
                target = CUDA if self.tags.has(value) else CPU
                rest.append(value.dtype)
            elif _device(value) is not None:
                target = _device(value)
            elif isinstance(value, torch.dtype):
                rest.append(value)
        if target is not None and target.type == "meta":
            return x.to(target)
        if rest or kwargs:
            x = x.to(*rest, **kwargs)
        return x if target is None else self.moved(x, target)


INDEXED = {"index", "index_put", "index_put_", "_index_put_impl_", "_unsafe_index"}


class _Operations(TorchDispatchMode):
    """What arrives at the kernels."""

    def __init__(self, tags: Tags) -> None:
        super().__init__()
        self.tags = tags
        self.seen: Counter[str] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = func._schema.name.partition("::")[2]
        leaves = tree_leaves((args, kwargs))
        tensors = [x for x in leaves if isinstance(x, Tensor) and not x.is_meta]
        on = [x for x in tensors if self.tags.has(x)]
        if name == "copy_" or name == "_to_copy":
            on = [x for x in tensors[:1] if self.tags.has(x)]
        elif name in INDEXED:
            self.check_index(name, args)
        elif on and any(x.dim() > 0 and not self.tags.has(x) for x in tensors):
            raise DeviceMixError(f"aten.{name} mixes cuda and cpu")
        if on and any(isinstance(x, torch.Generator) for x in leaves):
            raise DeviceMixError(f"aten.{name} draws on cuda from a CPU generator")
        out = func(*args, **kwargs)
        if on:
            self.seen[name] += 1
            for x in tree_leaves(out):
                if isinstance(x, Tensor) and not x.is_meta:
                    self.tags.put(x)
        return out

    def check_index(self, name: str, args: Any) -> None:
        """Indices on the CPU may index a tensor on cuda, not the reverse; values lie beside it."""
        mine = self.tags.has(args[0])
        foreign = [x for x in args[1] if x is not None and self.tags.has(x) and not mine]
        values = [x for x in args[2:3] if isinstance(x, Tensor) and x.dim()]
        if foreign or any(self.tags.has(x) != mine for x in values):
            raise DeviceMixError(f"aten.{name} mixes cuda and cpu")


@contextmanager
def pretended_cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """Within it ``cuda`` is there, and is the CPU under another name.

    Yields:
        How often each aten operation ran on it.
    """
    tags = Tags()
    operations = _Operations(tags)
    autocast = torch.autocast
    monkeypatch.setattr("srpo_bench.harness.models.policy.pick_device", lambda _: CUDA)
    monkeypatch.setattr(torch, "autocast", lambda device, **rest: autocast("cpu", **rest))
    with _Functions(tags), operations:
        yield operations.seen
