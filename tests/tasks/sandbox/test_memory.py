"""Only what is proved to be the same again is remembered, and no more than fits."""

import random

import pytest

from srpo_bench.tasks import registry
from srpo_bench.tasks.base import Outcome
from srpo_bench.tasks.sandbox import Program, Sandbox, Verdict, memory
from srpo_bench.tasks.sandbox.memory import Memory, settled

CODE = "def f(n):\n    n += 3\n    return n % 5\n"
TESTS = "def check(candidate):\n    assert candidate(1) == 4\n"
CORRECT = Verdict(Outcome.CORRECT)


@pytest.mark.parametrize(
    "code",
    [
        CODE,
        "def f(xs):\n    return sorted([x * 2 for x in xs if x > 1], reverse=True)[0]",
        "def f(n):\n    total = 0\n    for i in range(n):\n        total += i\n    return total",
        "def f(n):\n    while n > 9:\n        n = sum(int(d) for d in [1, n])\n    return n",
        "def g(a, b=2):\n    return a * b\ndef f(n):\n    return g(n) if n > 0 else -g(n, b=3)",
    ],
)
def test_plain_computing_is_settled(code: str) -> None:
    assert settled(code)


@pytest.mark.parametrize(
    "code",
    [
        "import time\ndef f(n):\n    return time.time()",
        "from random import random\ndef f(n):\n    return random()",
        "def f(n):\n    return id(n)",
        "def f(n):\n    return hash(n)",
        "def f(n):\n    return repr(f)",
        "def f(n):\n    return str(f)",
        "def f(n):\n    return f'{f}'",
        "def f(n):\n    return '%s' % f",
        "def f(n):\n    s = '%s'\n    s %= f\n    return s",
        "def f(n):\n    return '{}'.format(f)",
        "def f(n):\n    return [x for x in {None, f, 1}]",
        "def f(n):\n    return list(set([None, n]))",
        "def f(n):\n    return [x for x in {y for y in [None, n]}]",
        "def f(n):\n    g = f\n    return n",
        "def f(n):\n    return [f]",
        "def f(n):\n    return sorted([n], key=id)",
        "def f(n, g=id):\n    return g(n)",
        "def f(n):\n    return (lambda: n)()",
        "def f(g):\n    return g(1)",
        "def f(n):\n    try:\n        return f(n)\n    except RecursionError:\n        return 1",
        "def f(n):\n    return n is 1000",
        "def f(n):\n    return n.__class__",
        "class C:\n    pass\ndef f(n):\n    return C() < C()",
        "def int(n):\n    return n\ndef f(n):\n    return int(n)",
        "def id(n):\n    return n\ndef f(n):\n    return id(n)",
        "@id\ndef f(n):\n    return n",
        "def f(n):\n    global x\n    x = n\n    return x",
        "def f(n):\n    return exec('1')",
        "def f(n:",
    ],
)
def test_what_leads_to_clocks_chance_or_addresses_is_not(code: str) -> None:
    assert not settled(code)


@pytest.mark.parametrize(
    ("verdict", "kept"),
    [
        (CORRECT, True),
        (Verdict(Outcome.WRONG, "a test failed"), True),
        (Verdict(Outcome.WRONG, "MemoryError: "), False),
        (Verdict(Outcome.WRONG, "the program ended itself"), False),
        (Verdict(Outcome.TIMEOUT, "more than 3 s of CPU time"), False),
        (Verdict(Outcome.CORRECT, repeatable=False), False),
        (Verdict(Outcome.UNPARSEABLE, "SyntaxError: invalid syntax"), True),
        (Verdict(Outcome.UNPARSEABLE, "MemoryError: "), False),
        (Verdict(Outcome.UNPARSEABLE, "RecursionError: too deep"), False),
    ],
)
def test_verdicts_that_a_limit_may_have_made_are_not_kept(verdict: Verdict, kept: bool) -> None:
    remembered = Memory()
    remembered.keep(Program(CODE, TESTS, "f"), verdict)
    assert remembered.verdict(Program(CODE, TESTS, "f")) == (verdict if kept else None)


@pytest.mark.parametrize(
    "program",
    [
        Program("import os\n" + CODE, TESTS, "f"),
        Program(CODE + "#" * 2000, TESTS, "f"),
        Program(CODE, TESTS.replace("1) == 4", "{None}) == 4"), "f"),
        Program(CODE, TESTS.replace("1) == 4", "set([None])) == 4"), "f"),
        Program(CODE, "import time\n" + TESTS, "f"),
    ],
)
def test_neither_unsettled_nor_long_programs_nor_unsettled_tests_are(program: Program) -> None:
    remembered = Memory()
    remembered.keep(program, CORRECT)
    assert remembered.verdict(program) is None


def test_other_tests_are_another_question() -> None:
    remembered = Memory()
    remembered.keep(Program(CODE, TESTS, "f"), CORRECT)
    assert remembered.verdict(Program(CODE, TESTS + "\n", "f")) is None
    assert remembered.verdict(Program(CODE, TESTS, "g")) is None
    assert remembered.verdict(Program(CODE, TESTS, "f", prelude="x = 1")) is None


def test_it_is_bounded_and_gives_up_what_was_longest_unasked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "_MOST", 2)
    remembered = Memory()
    first, second, third = (Program(CODE + f"# {n}", TESTS, "f") for n in range(3))
    for program in (first, second):
        remembered.keep(program, CORRECT)
    assert remembered.verdict(first) == CORRECT
    remembered.keep(third, CORRECT)
    known = [remembered.verdict(program) for program in (first, second, third)]
    assert known == [CORRECT, None, CORRECT]


def test_a_sandbox_runs_a_settled_program_once(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, unsettled = Program(CODE, TESTS, "f"), Program(f"import os\n{CODE}", TESTS, "f")
    before = sandbox.run([kept, unsettled])
    ran: list[Program] = []
    run = sandbox._run

    def counted(programs: list[Program]):  # type: ignore[no-untyped-def]
        ran.extend(programs)
        return run(programs)

    monkeypatch.setattr(sandbox, "_run", counted)
    assert sandbox.run([unsettled, kept, kept]) == [before[1], before[0], before[0]]
    assert ran == [unsettled]


def test_what_the_micro_testbed_answers_is_settled() -> None:
    """Where most programs are graded: careful and quick ones, right and wrong."""
    task = registry.get("micro-humaneval")
    for problem in task.load("test")[:50]:
        assert settled(problem.question + problem.meta["solution"])
        draw = task.draw(random.Random(problem.id), 2)  # type: ignore[attr-defined]
        assert settled(draw.question + draw.quick)
        assert settled(draw.question + draw.guess)
