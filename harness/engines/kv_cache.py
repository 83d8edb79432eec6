"""A key-value cache that grows in place.

Transformers' dynamic cache copies everything at every token. For a small model that copy costs as
much as the forward pass; here the room for the whole response is made once.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor
from transformers.cache_utils import Cache, DynamicLayer


class SlabLayer(DynamicLayer):  # type: ignore[misc]
    """Keys and values (B, heads, length, d) as views of buffers with ``room`` more positions."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> Any:
        """Write the new positions behind the old ones and return all of them."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self._key_slab = _slab(key_states, self.room)
            self._value_slab = _slab(value_states, self.room)
            self._length = 0
        end = self._length + key_states.shape[-2]
        self._key_slab[:, :, self._length : end] = key_states
        self._value_slab[:, :, self._length : end] = value_states
        self._length = end
        self.keys, self.values = self._key_slab[:, :, :end], self._value_slab[:, :, :end]
        return self.keys, self.values

    def batch_select_indices(self, indices: Tensor) -> None:
        """Keep or repeat rows."""
        if self.is_initialized:
            self._key_slab = self._key_slab.index_select(0, indices)
            self._value_slab = self._value_slab.index_select(0, indices)
            self.keys = self._key_slab[:, :, : self._length]
            self.values = self._value_slab[:, :, : self._length]


def slab_cache(model: Any, room: int) -> Any:
    """An in-place cache with one layer for each of the model's, or transformers' own cache where
    the model attends otherwise than to all that came before (sliding windows, linear attention)."""
    from transformers import DynamicCache

    plain = DynamicCache(config=model.config)
    if all(type(layer) is DynamicLayer for layer in plain.layers) and plain.layers:
        return Cache(layers=[SlabLayer(room) for _ in plain.layers])
    return plain


def _slab(states: Tensor, room: int) -> Tensor:
    b, heads, length, d = states.shape
    return states.new_empty((b, heads, length + room, d))
