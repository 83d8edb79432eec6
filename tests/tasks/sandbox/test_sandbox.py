# ruff: noqa: E501 - one program a line reads best
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from srpo_bench.tasks.base import Outcome, TaskError
from srpo_bench.tasks.sandbox import Program, Sandbox, isolation, pool, waiting_for_verdicts
from srpo_bench.tasks.sandbox.inside import confine
from srpo_bench.tasks.sandbox.modes import Isolation, Mode


@pytest.fixture(scope="module")
def other(isolated: Mode) -> Iterator[Sandbox]:
    """A second one of the same kind."""
    with Sandbox(mode=isolated) as sandbox:
        yield sandbox


def verdict(sandbox: Sandbox, code: str, tests: str, prelude: str = "") -> tuple[Outcome, str]:
    (found,) = sandbox.run([Program(code, f"def check(f):\n    {tests}", "f", prelude)])
    return found.outcome, found.detail


@pytest.mark.parametrize(
    ("code", "tests"),
    [
        ("def f(): return {1: (2, [3.5, None])}", "assert f() == {1: (2, [3.5, None])}"),
        ("def f(): return 10 ** 5000", "assert f() == 10 ** 5000"),
        ("def f(): return {1, 2}, frozenset('a'), b'x', 1j", "assert f() == ({1,2}, frozenset('a'), b'x', 1j)"),
        ("def f(): return float('nan')", "assert f() != f()"),
        ("def f(): return '\\ud800'", "assert f() == '\\ud800'"),
        ("from collections import Counter\ndef f(s): return Counter(s)", "assert f('aab') == {'a': 2, 'b': 1}"),
        ("def f(n): return (i * i for i in range(n))", "assert list(f(3)) == [0, 1, 4]"),
        ("from collections import deque\ndef f(): return deque('ab')", "assert list(f()) == ['a', 'b'] and f()[1] == 'b'"),
        ("import numpy as np\ndef f(): return np.arange(3)", "assert list(f()) == [0, 1, 2] and len(f()) == 3"),
        ("class S:\n    def __iter__(self): yield from 'ba'\ndef f(): return S()", "assert sorted(f()) == ['a', 'b'] and f()"),
        ("import numpy as np\ndef f(): return np.arange(3)", "assert list(f()[1:]) == [1, 2] and list(f()[::-1]) == [2, 1, 0]"),
        ("def f(s): return s", "assert [1, 2, 3][f(slice(1, None))] == [2, 3]"),
        ("class S:\n    def __len__(self): return 0\ndef f(): return S()", "assert not f()"),
        ("iter = len = bool = 4\nclass S(list): pass\ndef f(): return lambda: S('a')", "assert f() and list(f()()) == ['a']"),
        ("def f(d): return d.keys()", "assert f({'a': 1}) == {'a'}"),
        ("def f(): return range(3)", "assert f() == range(3)"),
        ("class Pair:\n    def __init__(self, a): self.a = a\ndef f(p): return p.a", "assert f(Pair(7)) == 7"),
        ("def f(xs, kind): return [x for x in xs if type(x) is kind]", "assert f([1, 'a'], int) == [1]"),
        ("def f(): raise KeyError('k')", "\n    try: f()\n    except KeyError: return\n    assert False"),
        ("def f(): raise KeyError('k')", "\n    try: f()\n    except KeyError as e: assert e.args == ('k',)"),
        ("def f(x, *, y=1): return x + y", "assert f(1, y=2) == 3"),
    ],
)  # fmt: skip
def test_values_travel(sandbox: Sandbox, code: str, tests: str) -> None:
    assert verdict(sandbox, code, tests)[0] is Outcome.CORRECT


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("from decimal import Decimal\ndef f(): return Decimal('4.50')", "4.5"),
        ("from decimal import Decimal\ndef f(): return [Decimal(4)]", "[4]"),
        ("from fractions import Fraction\ndef f(): return Fraction(8, 2)", "4"),
        ("from fractions import Fraction\ndef f(): return {Fraction(1, 2): 1}", "{0.5: 1}"),
        ("from collections import UserList\ndef f(): return UserList([1])", "[1]"),
        ("from collections import UserDict\ndef f(): return UserDict(a=1)", "{'a': 1}"),
        ("from collections import ChainMap\ndef f(): return ChainMap({'a': 1}, {'b': 2})", "{'b': 2, 'a': 1}"),
        ("from types import MappingProxyType as P\ndef f(): return P({'a': 1})", "{'a': 1}"),
        ("def f(): return memoryview(b'ab')", "b'ab'"),
        ("from enum import Enum\ndef f(): return Enum('E', {'a': 'x'}, type=str).a", "'x'"),
        ("class F(float):\n    def __float__(self): return 7.0\ndef f(): return F(1)", "1.0"),
        ("class N(int):\n    def __int__(self): return 7\ndef f(): return N(1)", "1"),
        ("from enum import IntEnum\ndef f(): return IntEnum('E', 'a').a", "1"),
    ],
)  # fmt: skip
def test_what_equals_plain_data_in_python_equals_it_here(
    sandbox: Sandbox, code: str, expected: str
) -> None:
    assert verdict(sandbox, code, f"assert f() == {expected}")[0] is Outcome.CORRECT
    assert verdict(sandbox, code, f"assert f() != {expected}")[0] is Outcome.WRONG


@pytest.mark.parametrize(
    "value",
    [
        "__import__('decimal').Decimal('1e999999999')",
        "__import__('fractions').Fraction(1, 9**9999)",
    ],
)
def test_numbers_that_cost_time_to_calculate_with_are_no_answer(
    sandbox: Sandbox, value: str
) -> None:
    outcome, detail = verdict(sandbox, f"def f(): return {value}", "int(f())")
    assert (outcome, detail) == (Outcome.WRONG, "not a value: ValueError")


def test_prelude_helpers_are_the_judges_own(sandbox: Sandbox) -> None:
    prelude = "def helper(x):\n    return x + 1\n"
    tampered = "def helper(x): return 0\ndef f(x): return -1"
    assert verdict(sandbox, tampered, "assert helper(f(1)) == 0", prelude)[0] is Outcome.CORRECT
    assert verdict(sandbox, tampered, "assert helper(f(1)) == 1", prelude)[0] is Outcome.WRONG


def test_syntax_error_is_unparseable_and_its_own(sandbox: Sandbox) -> None:
    outcome, detail = verdict(sandbox, "def f(:", "pass")
    assert outcome is Outcome.UNPARSEABLE
    assert detail.startswith("SyntaxError")


def test_programs_are_repeatable_and_know_nothing_of_each_other(sandbox: Sandbox) -> None:
    draws = "import random\nx = random.random()\nopen_ = hash('text')\ndef f(): return [x, open_]"
    tests = "def check(f):\n    global last\n    assert {last!r} in (None, f())\n    raise ValueError(f())"
    (first,) = sandbox.run([Program(draws, tests.format(last=None), "f")])
    (second,) = sandbox.run([Program(draws + "\n", tests.format(last=None), "f")])
    assert first == second
    leave = "import sys, builtins\nbuiltins.secret = 1\ndef f(): return True"
    assert verdict(sandbox, leave, "assert f()")[0] is Outcome.CORRECT
    assert verdict(sandbox, "def f(): return secret", "assert f()")[1].startswith("NameError")


def test_equal_programs_share_a_verdict_and_order_is_kept(sandbox: Sandbox) -> None:
    good = Program("def f(x): return x", "def check(f):\n    assert f(1) == 1", "f")
    bad = Program("def f(x): return 0", good.tests, "f")
    outcomes = [v.outcome for v in sandbox.run([good, bad, good, bad, bad])]
    assert outcomes == [Outcome.CORRECT if p else Outcome.WRONG for p in (1, 0, 1, 0, 0)]


def test_one_program_more_runs_at_a_time_for_each_thread_that_only_waits(isolated: Mode) -> None:
    tests = "def check(f):\n    assert f() >= 0"
    programs = [Program(f"def f(): return {n}", tests, "f") for n in range(-1, 4)]
    wanted = [Outcome.WRONG, *[Outcome.CORRECT] * 4]
    with Sandbox(1, mode=isolated) as sandbox:
        assert [found.outcome for found in sandbox.run(programs)] == wanted
        assert len(sandbox._idle) == 1
        again = [replace(program, prelude="a = 1") for program in programs]
        with waiting_for_verdicts():
            assert [found.outcome for found in sandbox.run(again)] == wanted
        assert len(sandbox._idle) == 2
    assert pool._lent == []


def test_the_order_of_a_set_is_the_same_in_every_sandbox(sandbox: Sandbox, other: Sandbox) -> None:
    """A grade must not depend on which worker gave it."""
    code = "def f(): return ''.join({*'abcdefgh'})"
    program = Program(code, "def check(f):\n    raise ValueError(f())", "f")
    assert sandbox.run([program]) == other.run([program])


def test_names_that_the_tests_leave_open_are_modules_built_ins_or_the_programs(
    sandbox: Sandbox,
) -> None:
    tests = """
def check(f):
    assert math.floor(2.5) == min(2, 3) == f(2)
    assert helper(1) == twice(1) == 2
    try:
        nowhere(1)
    except NameError:
        return
    assert False
"""
    code = "def f(x): return x\ndef helper(x): return x + 1\nmath = min = None"
    prelude = "def twice(x): return 2 * x"
    assert sandbox.run([Program(code, tests, "f", prelude)])[0].outcome is Outcome.CORRECT


def test_an_array_has_no_truth(sandbox: Sandbox) -> None:
    array = "import numpy as np\ndef f(): return np.arange(3)"
    assert verdict(sandbox, array, "assert f()")[1].startswith("ValueError: The truth value")


def test_whether_the_kernel_takes_a_list_of_system_calls_is_as_it_says_itself() -> None:
    assert confine.knows_seccomp() is Path("/proc/sys/kernel/seccomp").exists()


def test_a_kernel_without_seccomp_grades_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confine, "knows_seccomp", lambda: False)
    isolation.cache_clear()
    try:
        assert isolation().mode == "none"
        assert "(seccomp)" in isolation().why
    finally:
        isolation.cache_clear()


def test_without_isolation_code_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = Isolation("none", "no acceptable sandbox: nothing here.")
    monkeypatch.setattr("srpo_bench.tasks.sandbox.pool.isolation", lambda: refused)
    with pytest.raises(TaskError, match="cannot be graded here: no acceptable sandbox"):
        Sandbox()


@pytest.mark.parametrize(("opt_in", "mode"), [("unsafe", "unsafe"), ("", "none")])
def test_weak_mode_needs_an_explicit_opt_in(
    monkeypatch: pytest.MonkeyPatch, opt_in: str, mode: str
) -> None:
    monkeypatch.setenv("BENCH_SANDBOX", opt_in)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(confine, "landlock_abi", lambda: 0)
    isolation.cache_clear()
    try:
        found = isolation()
        assert found.mode == mode
        assert "bubblewrap is not installed" in found.why
        assert "BENCH_SANDBOX" in found.why
    finally:
        monkeypatch.undo()
        isolation.cache_clear()


DRAWS = {
    "os.urandom": "import os\ndef f(): return os.urandom(4)",
    "os.getrandom": "import os\ndef f(): return os.getrandom(4)",
    "Random()": "import random\ndef f(): return random.Random().random()",
    "seed()": "import random\ndef f():\n    random.seed()\n    return random.random()",
    "SystemRandom": "import random\ndef f(): return random.SystemRandom().random()",
    "secrets": "import secrets\ndef f(): return secrets.token_hex()",
    "uuid4": "import uuid\ndef f(): return str(uuid.uuid4())",
    "numpy, legacy": "import numpy as np\ndef f(): return np.random.rand()",
    "numpy, seed()": "import numpy as np\ndef f():\n    np.random.seed()\n    return np.random.rand()",
    "numpy, generator": "import numpy as np\ndef f(): return np.random.default_rng().random()",
}


@pytest.mark.parametrize("name", DRAWS)
def test_randomness_is_the_same_in_every_sandbox(
    sandbox: Sandbox, other: Sandbox, name: str
) -> None:
    told = "def check(f):\n    raise ValueError(repr(f()))"
    programs = [Program(f"{DRAWS[name]}\n# {n}", told, "f") for n in range(2)]
    found = {verdict.detail for verdict in sandbox.run(programs) + other.run(programs)}
    assert len(found) == 1
    assert found.pop().startswith("ValueError: ")


def test_draws_within_a_program_differ(sandbox: Sandbox) -> None:
    code = "import os, random\ndef f(): return os.urandom(8) != os.urandom(8) and random.Random().random() != random.Random().random()"
    assert verdict(sandbox, code, "assert f()")[0] is Outcome.CORRECT


@pytest.mark.parametrize(
    ("code", "same"),
    [
        ("import math, random\ndef f(x): return math.floor(random.random() * x)", True),
        ("import numpy as np\ndef f(x): return np.datetime64('now')", False),
        ("import time\ndef f(x): return time.time()", False),
        ("\ufeffimport time\ndef f(x): return time.time()", False),
        ("def f(x): return id(x)", False),
        ("def f(x): return getattr(__builtins__, 'i' + 'd')(x)", False),
        ("from datetime import datetime as d\ndef f(x): return d.now()", False),
        ("def f(x):\n    while True: pass", False),
    ],
)
def test_what_no_seed_fixes_is_told(sandbox: Sandbox, code: str, same: bool) -> None:
    (found,) = sandbox.run([Program(code, "def check(f):\n    assert f(1) == 7", "f")])
    assert found.repeatable is same
