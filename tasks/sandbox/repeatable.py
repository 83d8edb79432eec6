"""Will a program get the same verdict again? Randomness is seeded; clock and addresses are not."""

from __future__ import annotations

import re

_UNSETTLED = re.compile(
    r"\b("
    r"time|datetime|date|timeit|calendar|clock\w*|perf_counter\w*|monotonic\w*|process_time\w*"
    r"|id|hash|object|repr|tracemalloc|gc|weakref|getrefcount|getsizeof"
    r"|thread\w*|Thread\w*|asyncio|concurrent|multiprocessing|signal|sched|select"
    r"|uuid1|ssl|hashlib\.scrypt|_random|getrandom|tempfile|os|sys|ctypes|resource|inspect"
    r"|eval|exec|compile|__\w+__|getattr|globals|locals|vars|importlib|builtins"
    r")\b"
)
"""Names by which a program gets at time, addresses or the order of threads, or at any name."""


def repeatable(code: str) -> bool:
    """False where a program names anything that differs from run to run, or might.

    It errs to that side: what is said to be repeatable may be remembered.
    """
    return code.isascii() and not _UNSETTLED.search(code)
