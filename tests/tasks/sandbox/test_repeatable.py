"""What may differ from run to run is told; honest programs are rarely doubted."""

from __future__ import annotations

import pytest

from srpo_bench.tasks.humaneval import HumanEval
from srpo_bench.tasks.sandbox.repeatable import repeatable

SETTLED = {
    "text of numbers": "def f(n):\n    return sum(int(d) for d in str(n)) % (n or 1)",
    "f-string": "def f(n):\n    return f'{n:.2f}' + '{:.3f}'.format(n) + '%s' % n",
    "key": "def f(xs):\n    return str(sorted(xs, key=lambda x: (len(x), x)))",
    "map": "def f(xs):\n    return ' '.join(map(str, reversed(xs)))",
    "loops": "def f(xs):\n    return [f'{i}{a}{b}' for i, (a, b) in enumerate(zip(xs, xs))]",
    "set as such": "def f(xs):\n    s = set()\n    s.add(1)\n    return [n in s for n in xs]",
    "sorted set": "def f(xs):\n    return sorted({x % 7 for x in xs}) + [len(set(xs))]",
    "annotations": "from typing import List\ndef f(xs: List[str]) -> str:\n    return str(xs)",
    "types": "def f(xs):\n    return str([x for x in xs if isinstance(x, int)])",
    "seeded": "import random\ndef f(n):\n    return random.Random().random() * n",
    "class": "class A:\n    def __init__(self, n): self.n = n\ndef f(n):\n    return A(n).n",
    "words in texts": "def f(n):\n    '''the input object: open its id, at a time'''\n    return n",
    "no program": "def f(n:",
}
DOUBTFUL = {
    "clock": "import time\ndef f(n):\n    return time.time()",
    "clock, renamed": "from datetime import datetime as d\ndef f(n):\n    return d.now()",
    "clock, numpy": "import numpy as np\ndef f(n):\n    return np.datetime64('now')",
    "clock, by a module": "import statistics\ndef f(n):\n    return statistics.sys.modules",
    "clock, private": "import random\ndef f(n):\n    return random._os.times()",
    "clock, from": "from random import _os\ndef f(n):\n    return _os.times()",
    "threads": "import threading\ndef f(n):\n    return n",
    "files": "def f(n):\n    return open('/proc/uptime').read()",
    "id": "def f(n):\n    return id(n)",
    "id, wide": "def f(n):\n    return \uff49\uff44(n)",
    "any name": "def f(n):\n    return getattr(__builtins__, 'i' + 'd')(n)",
    "text of a function": "def f(n):\n    return str(f)",
    "text of a lambda": "def f(n):\n    g = lambda: 0\n    return f'{g}'",
    "text of a type's object": "class A: pass\ndef f(n):\n    return '%s' % A()",
    "text of a generator": "def f(n):\n    return '{}'.format(x for x in [n])",
    "text of an iterator": "def f(n):\n    return str(map(int, [n]))",
    "text of a method": "def f(n):\n    return str([].append)",
    "text of a method, asked for": "def f(n):\n    return '{0.append}'.format([])",
    "text of a method, put together": "def f(n):\n    return ('{0.ap' + 'pend}').format([])",
    "text in an error": "def f(n):\n  try: [].index(f)\n  except ValueError as e: return e.args",
    "text of a partial": "from functools import partial\ndef f(n):\n    return str(partial(f, n))",
    "order of a set": "def f(n):\n    return [x for x in {None, n}]",
    "order of a set, named": "def f(n):\n    s = {None, n}\n    return s.pop()",
    "order of a set, twice named": "def f(n):\n    s = {None, n}\n    t = s\n    return t.pop()",
    "order of a set, in a tie": "def f(xs):\n    return max(set(xs), key=xs.count)",
    "order of a set, by default": "from collections import *\ndef f(n): return defaultdict(set)",
    "order of a set, of keys": "def f(a, b):\n    return list(a.keys() & b.keys())",
    "order of a set, disguised": "def len(s): return [*s]\ndef f(n): return len({None, n})",
    "order of a set, handed on": "def g(s):\n    return [*s]\ndef f(n):\n    return g({None, n})",
    "long": "x = 1\n" * 4000,
    "deep": "-" * 9000 + "1",
}


@pytest.mark.parametrize("name", SETTLED)
def test_plain_programs_are_repeatable(name: str) -> None:
    assert repeatable(SETTLED[name])


@pytest.mark.parametrize("name", DOUBTFUL)
def test_whatever_may_show_time_or_an_address_is_not(name: str) -> None:
    assert not repeatable(DOUBTFUL[name])


def test_honest_programs_are_rarely_doubted() -> None:
    problems = HumanEval().load("test")
    whole = [p.question + p.meta["solution"] for p in problems]
    assert sum(map(repeatable, whole)) >= 150
