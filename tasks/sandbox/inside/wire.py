"""Values on the wire between judge and program: plain data, rebuilt from exact built-in types.

JSON carries None, bool, int, float, str and list as they are; everything else is a one-key object
``{kind: content}``. Decoding creates built-in types only, so whatever a program overrides
(``__eq__``, ``__bool__``, ``__hash__``) stays behind in the program's own process.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable, Mapping, Set
from itertools import islice
from typing import Any

MAX_MESSAGE = 4 << 20
"""Bytes a message may have; a longer value is no answer."""
MAX_ITERATED = 100_000
"""Items taken from an iterator, which may have no end."""
PATIENCE = 30
"""A program that computes is given up to so many times its wall-clock limit."""
_CHUNK = 1 << 16
_JSON_INT = 1 << 62
_EXACT_DIGITS = 1000
"""Digits, and places before or behind the point, of a decimal or a fraction: room for any answer,
and nothing that a judge would take long to calculate with."""
_HEADER = struct.Struct("!I")
_to_json = json.JSONEncoder(separators=(",", ":")).encode
_PLAIN = frozenset({type(None), bool, float, str})
_VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))
_BASES: dict[type, Callable[[Any], Any]] = {
    int: int.__int__,  # not ``int``: an enumeration's ``str`` is its name
    float: float.__float__,
    complex: complex.__pos__,
    str: str.__str__,
    **{kind: kind for kind in (bytes, bytearray, list, tuple, dict, set, frozenset)},
}


class WireError(Exception):
    """A message is no message, or a value cannot travel."""


def frame(message: Any) -> bytes:
    """The message as bytes: a length of four bytes, then JSON."""
    return packed(_to_json(message).encode())


def packed(body: bytes) -> bytes:
    """A length of four bytes, then ``body``."""
    if len(body) > MAX_MESSAGE:
        raise WireError(f"a value of {len(body)} bytes is too large (at most {MAX_MESSAGE})")
    return _HEADER.pack(len(body)) + body


class Reader:
    """Takes messages out of a stream. ``read(n)`` returns 1 to n bytes, or raises."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._buffer = bytearray()

    @property
    def pending(self) -> bool:
        """Whether more has been read than was taken."""
        return bool(self._buffer)

    def message(self) -> Any:
        """The next message.

        Raises:
            WireError: it is too large, or no JSON.
        """
        try:
            return json.loads(self.body())
        except (ValueError, RecursionError, MemoryError) as error:
            raise WireError(f"not a message: {type(error).__name__}") from None

    def body(self) -> bytes:
        """The next message's bytes."""
        (length,) = _HEADER.unpack(self._take(_HEADER.size))
        if length > MAX_MESSAGE:
            raise WireError(f"a message of {length} bytes is too large (at most {MAX_MESSAGE})")
        return self._take(length)

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._buffer += self._read(_CHUNK)
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken


def encode(value: Any, refer: Callable[[Any], Any]) -> Any:
    """``value`` as JSON data; what is no plain data becomes ``refer(value)``."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is int:
        return value if -_JSON_INT < value < _JSON_INT else {"int": hex(value)}
    if kind is list:
        return [encode(item, refer) for item in value]
    if kind is dict:
        return {"dict": [[encode(k, refer), encode(v, refer)] for k, v in value.items()]}
    if kind in (tuple, set, frozenset) or kind in _VIEWS:
        return {kind.__name__: [encode(item, refer) for item in value]}
    if kind in (bytes, bytearray):
        return {kind.__name__: value.hex()}
    if kind is complex:
        return {"complex": [value.real, value.imag]}
    if kind in (range, slice):
        bounds = (value.start, value.stop, value.step)
        return {kind.__name__: [encode(bound, refer) for bound in bounds]}
    return _encode_other(value, refer)


def _encode_other(value: Any, refer: Callable[[Any], Any]) -> Any:
    """Subclasses travel as their base, iterators as their items, numpy scalars as Python's, and
    whatever else Python calls equal to plain data as that data."""
    for base, exact in _BASES.items():
        if isinstance(value, base):
            return encode(exact(value), refer)
    for kind in type(value).__mro__:
        match kind.__module__, kind.__name__:
            case "decimal", "Decimal":
                return {"decimal": str(kind(value))}
            case "fractions", "Fraction":
                parts = (value.numerator, value.denominator)
                return {"fraction": [encode(part, refer) for part in parts]}
            case "collections", "UserList" | "UserString":
                return encode(value.data, refer)
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        return encode(value.item(), refer)
    if isinstance(value, memoryview):
        return encode(value.tobytes(), refer)
    if isinstance(value, Mapping):
        return encode(dict(value), refer)
    if isinstance(value, Set):
        return encode(set(value), refer)
    if hasattr(type(value), "__next__"):
        return {"iterator": [encode(item, refer) for item in islice(value, MAX_ITERATED)]}
    return refer(value)


def _decimal(text: str) -> Any:
    from decimal import Decimal  # few programs need it, and each import costs all of them

    number = Decimal(text)
    if number.is_finite() and max(len(text), abs(number.adjusted())) > _EXACT_DIGITS:
        raise ValueError("too many digits")
    return number


def _fraction(parts: Any) -> Any:
    from fractions import Fraction

    if any(abs(part) >= 10**_EXACT_DIGITS for part in parts):
        raise ValueError("too many digits")
    return Fraction(*parts)


def _pairs(items: Iterable[Any]) -> dict[Any, Any]:
    return dict(items)


_OF_LIST: dict[str, Callable[[list[Any]], Any]] = {
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "dict": _pairs,
    "iterator": iter,
    "range": lambda bounds: range(*bounds),
    "slice": lambda bounds: slice(*bounds),
    "dict_keys": lambda keys: dict.fromkeys(keys).keys(),
    "dict_values": lambda values: dict(enumerate(values)).values(),
    "dict_items": lambda items: _pairs(items).items(),
    "complex": lambda parts: complex(*parts),
    "fraction": _fraction,
}
_OF_TEXT: dict[str, Callable[[str], Any]] = {
    "decimal": _decimal,
    "int": lambda digits: int(digits, 16),
    "bytes": bytes.fromhex,
    "bytearray": bytearray.fromhex,
}


def decode(data: Any, resolve: Callable[[Any], Any]) -> Any:
    """The value that ``data`` stands for; ``{"ref": x}`` becomes ``resolve(x)``.

    Raises:
        WireError: ``data`` stands for no value.
    """
    try:
        return _decode(data, resolve)
    except KeyError:
        raise WireError("not a value: of no known kind") from None
    except (TypeError, ValueError, RecursionError, MemoryError, ArithmeticError) as error:
        raise WireError(f"not a value: {type(error).__name__}") from None


def _decode(data: Any, resolve: Callable[[Any], Any]) -> Any:
    if type(data) is list:
        return [_decode(item, resolve) for item in data]
    if type(data) is not dict:
        return data
    if len(data) != 1:
        raise ValueError("a tagged value has one key")
    ((kind, content),) = data.items()
    if kind == "ref":
        return resolve(content)
    if type(content) is str:
        return _OF_TEXT[kind](content)
    if type(content) is not list:  # a range, say, may be longer than memory
        raise ValueError("a tagged value is made of a list or a text")
    return _OF_LIST[kind](_decode(content, resolve))
