"""The judge: runs the tests, with the program behind a socket, and says how it ended."""

from __future__ import annotations

import builtins
import importlib
import marshal
import random
import select
import signal
import socket
import sys
from collections.abc import Callable
from functools import lru_cache
from types import CodeType
from typing import Any

from . import wire
from .limits import Limits, Over

_BUILTINS = frozenset(vars(builtins))


class Program:
    """The judge's end of a program: requests out, plain values in, both within the time limits.

    ``pid`` is read for its CPU time only. ``meddled(hung_up)`` tells whether the program was killed
    or stopped from outside, which is no verdict on it.
    """

    def __init__(
        self,
        channel: socket.socket,
        pid: int,
        meddled: Callable[[bool], bool],
        cpu: float,
        wall: float,
    ) -> None:
        self._channel = channel
        self._meddled = meddled
        self._limits = Limits(pid, meddled, cpu, wall)
        self.over: Over | None = None
        channel.setblocking(False)
        self._answers = select.poll()
        self._answers.register(channel, select.POLLIN)
        self._replies = wire.Reader(self._read)

    def close(self) -> None:
        """Hang up; the zygote buries the process."""
        self._channel.close()

    def load(self, code: str) -> None:
        """Have the program run its code; its time counts from here."""
        self._limits.begin()
        self._request(code.encode(errors="surrogatepass"))

    def ask(self, verb: str, target: int | str, *arguments: Any) -> Any:
        """The value that the program answers with; what it raised is raised here."""
        try:
            body = marshal.dumps((verb, target, *arguments))
        except ValueError:  # it holds a reference to an object of the program
            tagged = [wire.encode(argument, _refer) for argument in arguments]
            body = marshal.dumps((verb + "*", target, *tagged))
        return self._request(body)

    def _request(self, body: bytes) -> Any:
        if self.over is not None:
            raise self.over
        value, error = self._exchange(body)
        if error is None:
            return value
        if isinstance(error, Over):
            self.over = error
        raise error

    def _exchange(self, body: bytes) -> tuple[Any, BaseException | None]:
        """(value, None) or (None, error)."""
        try:
            self._send(wire.packed(body))
            match self._replies.message():
                case {"value": value}:
                    return wire.decode(value, lambda ref: Remote(self, _reference(ref))), None
                case {"raised": [str(name), str(text)]}:
                    return None, _exception(name, text[:200])
                case {"unparseable": str(text)}:
                    return None, Over("unparseable", text[:200])
            return None, Over("wrong", "the program's answer has no meaning")
        except Over as over:
            return None, over
        except wire.WireError as error:
            return None, Over("wrong", str(error))
        except OSError:
            return None, self._ended()

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[self._channel.send(view) :]
            except BlockingIOError:
                room = select.poll()
                room.register(self._channel, select.POLLOUT)
                self._limits.wait(room)

    def _read(self, count: int) -> bytes:
        self._limits.wait(self._answers)
        data = self._channel.recv(count)
        if not data:
            raise self._ended()
        return data

    def _ended(self) -> Over:
        if self._meddled(True):
            return Over("died", "the program was killed from outside")
        return Over("wrong", "the program ended itself")


class Remote:
    """A function, class or object that lives in the program, known here by a reference only.

    It can be called, its attributes and items read, its attributes set. It is equal to itself
    alone: whether two of the program's own objects are equal is not a thing to ask the program.
    """

    __slots__ = ("_program", "_reference")

    def __init__(self, program: Program, reference: int | str) -> None:
        object.__setattr__(self, "_program", program)
        object.__setattr__(self, "_reference", reference)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it in the program, by value."""
        return self._program.ask("call", self._reference, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        return self._program.ask("get", self._reference, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._program.ask("set", self._reference, name, value)

    def __getitem__(self, key: Any) -> Any:
        return self.__getattr__("__getitem__")(key)

    def __iter__(self) -> Any:
        return iter(self._program.ask("apply", "iter", self))

    def __len__(self) -> Any:
        return self._program.ask("apply", "len", self)

    def __bool__(self) -> bool:
        return bool(self._program.ask("apply", "bool", self))


def _refer(value: Any) -> Any:
    if type(value) is Remote:
        return {"ref": value._reference}
    name = getattr(value, "__name__", None)
    if isinstance(name, str) and vars(builtins).get(name) is value:
        return {"ref": name}  # as in ``f(xs, int)``
    raise TypeError(f"the tests pass a {type(value).__name__}, which cannot travel to a program")


def _reference(content: Any) -> int:
    if type(content) is not int:
        raise ValueError("not a reference")
    return content


def _exception(name: str, message: str) -> BaseException:
    """The built-in exception of that name; anything that would end a process ends the program."""
    kind = getattr(builtins, name, None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        return Over("wrong", f"the program raised {name}")
    try:
        return kind(message)
    except TypeError:
        return Exception(f"{name}: {message}")


@lru_cache(maxsize=256)  # the responses to one problem are judged by the same tests
def _compiled(source: str) -> CodeType:
    return compile(source, "<tests>", "exec", dont_inherit=True)


class Names(dict[str, Any]):
    """The tests' globals. A name that nobody has defined is a standard module, or the program's."""

    def __init__(self, program: Program) -> None:
        super().__init__(__name__="tests")
        self._program = program

    def __missing__(self, name: str) -> Any:
        if name in _BUILTINS:
            raise KeyError(name)
        if name in sys.stdlib_module_names:
            self[name] = importlib.import_module(name)
        else:
            self[name] = Remote(self._program, name)
        return self[name]


def check(job: dict[str, str], program: Program) -> tuple[str, str]:
    """Load ``job["code"]`` into the program and run ``job["tests"]`` on it: (outcome, detail)."""
    try:
        program.load(job["code"])
        verdict = _run_tests(job, program)
    except Over as over:
        return over.outcome, over.detail
    except AssertionError:
        verdict = ("wrong", "a test failed")
    except BaseException as error:
        verdict = ("wrong", f"{type(error).__name__}: {error}"[:200])
    if program.over is not None:  # a bare ``except:`` in a test hid it
        return program.over.outcome, program.over.detail
    return verdict


def _run_tests(job: dict[str, str], program: Program) -> tuple[str, str]:
    """What the tests name and nobody else defines is the program's."""
    random.seed(0)
    candidate = Remote(program, job["entry_point"])
    namespace = Names(program)
    for source in (job["prelude"], job["tests"]):
        exec(_compiled(source), namespace)  # noqa: S102 - the data set's own tests
    run = namespace["check"]
    namespace[job["entry_point"]] = candidate  # which may be called ``check`` itself
    run(candidate)
    return "correct", ""


def preside(control: socket.socket, new_program: Callable[[], Program], cpu_seconds: float) -> None:
    """Judge job after job until ``control`` closes. A program is forked ahead of its job.

    What a program answers may be costly to read and to compare: the judge has as much CPU time for
    it as the program has (at least a second), or is ended by its own timer, which stops C code too.
    """
    patience = max(1.0, cpu_seconds)

    def read(count: int) -> bytes:
        data = control.recv(count)
        if not data:
            raise EOFError
        return data

    jobs = wire.Reader(read)
    while True:
        program = new_program()
        try:
            job = jobs.message()
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_PROF, patience)
        verdict = check(job, program)
        signal.setitimer(signal.ITIMER_PROF, 0)
        control.sendall(wire.frame(verdict))
