"""One untrusted program: runs its code, then answers the judge's calls until it is killed.

Everything here may be taken over by the code it runs. That only lets a program return other
values, which it may do anyway.
"""

from __future__ import annotations

import builtins
import marshal
import os
import sys
from types import ModuleType
from typing import Any, NoReturn

from . import wire


def serve(channel: int) -> NoReturn:
    """Load the code that comes first over the descriptor ``channel``, then answer for ever.

    Requests come as marshal: they are the judge's, who is trusted; answers go out as JSON.
    """
    try:
        module = ModuleType("program")
        sys.modules["program"] = module  # dataclasses look a class's module up
        requests = wire.Reader(lambda count: os.read(channel, count) or os._exit(0))  # hung up
        reply = _load(requests.body(), module)
        objects: list[Any] = []
        while True:
            data = _framed(reply)
            while data:
                data = data[os.write(channel, data) :]
            reply = _answer(marshal.loads(requests.body()), module, objects)
    finally:
        os._exit(1)


def _framed(reply: Any) -> bytes:
    try:
        return wire.frame(reply)
    except Exception as error:
        return wire.frame(_raised(error))


def _load(source: bytes, module: ModuleType) -> Any:
    try:
        text = source.decode(errors="surrogatepass")  # as text: what encoding it names is nothing
        code = compile(text.removeprefix("\ufeff"), "<program>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        return {"unparseable": f"{type(error).__name__}: {error}"[:200]}
    try:
        exec(code, module.__dict__)  # noqa: S102 - this is the sandbox
    except BaseException as error:
        return _raised(error)
    return {"value": None}


def _answer(request: Any, module: ModuleType, objects: list[Any]) -> Any:
    """Do what the judge asks: ``(verb, target, arguments...)`` with the verbs call, get, set and
    apply, which calls a built-in function."""

    def resolve(reference: int | str) -> Any:
        if isinstance(reference, int):
            return objects[reference]
        if reference in module.__dict__:
            return module.__dict__[reference]
        if hasattr(builtins, reference):
            return getattr(builtins, reference)
        raise NameError(f"name {reference!r} is not defined")

    def refer(value: Any) -> Any:
        objects.append(value)
        return {"ref": len(objects) - 1}

    try:
        verb, target, *rest = request
        if verb.endswith("*"):  # some argument is a reference
            rest = [wire.decode(item, resolve) for item in rest]
        value = None
        if verb.startswith("apply"):
            return {"value": wire.encode(getattr(builtins, target)(*rest), refer)}
        target = resolve(target)
        if verb.startswith("call"):
            args, kwargs = rest
            value = target(*args, **kwargs)
        elif verb.startswith("get"):
            value = getattr(target, rest[0])
        else:
            setattr(target, *rest)
        return {"value": wire.encode(value, refer)}
    except BaseException as error:
        return _raised(error)


def _raised(error: BaseException) -> Any:
    """The error as ``[nearest built-in class, message]``."""
    names = (cls.__name__ for cls in type(error).__mro__ if cls.__module__ == "builtins")
    name = next((name for name in names if hasattr(builtins, name)), "Exception")
    try:
        plain = type(error).__str__ is KeyError.__str__  # it would be quoted once more
        message = (BaseException.__str__(error) if plain else str(error))[:200]
    except BaseException:
        message = ""
    return {"raised": [name, message]}
