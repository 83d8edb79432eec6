"""Comparisons under a clock that jumps by hours, days or a year, several times a second."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from benchmarks.faults.comparison import Comparisons
from benchmarks.faults.table import Row

_SHIM = r"""
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long jump(long seconds, long nanoseconds) {
    static const long jumps[] = {0, -3600, 86400, 31536000, -86400, 7, 0, -1};
    return jumps[(seconds * 4 + nanoseconds / 250000000) % 8];
}
int clock_gettime(clockid_t clock, struct timespec *t) {
    int failed = syscall(SYS_clock_gettime, clock, t);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        t->tv_sec += jump(t->tv_sec, t->tv_nsec);
    return failed;
}
int gettimeofday(struct timeval *t, void *zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    t->tv_sec = now.tv_sec;
    t->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *t) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (t) *t = now.tv_sec;
    return now.tv_sec;
}
"""
_PATCH = """
import time
_real = time.time_ns
def _jumping():
    now = _real()
    jumps = (0, -3600, 86400, 31536000, -86400, 7, 0, -1)
    return now + 10**9 * jumps[now // 250_000_000 % 8]
time.time_ns = _jumping
time.time = lambda: _jumping() / 1e9
"""


def jumps(comparisons: Comparisons, count: int) -> Row:
    """CLOCK_REALTIME of every process jumps (the monotonic clock cannot); without a C compiler only
    Python's own ``time.time`` does."""
    place = comparisons.folder / "clock"
    place.mkdir(exist_ok=True)
    library = _compiled(place)
    (place / "sitecustomize.py").write_text("" if library else _PATCH)

    environment = {"PYTHONPATH": f"{place}{os.pathsep}{os.environ['PYTHONPATH']}"}
    if library:
        environment["LD_PRELOAD"] = str(library)
    differences = 0
    for _ in range(count):
        out = comparisons.new()
        comparisons.wait(out, comparisons.start(out, **environment))
        differences += comparisons.changed(out)
    clock = "CLOCK_REALTIME" if library else "Python's time.time"
    return Row(f"clock jumps ({clock})", count, differences)


def _compiled(place: Path) -> Path | None:
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    source, library = place / "jumps.c", place / "jumps.so"
    source.write_text(_SHIM)
    words = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source)]
    done = subprocess.run(words, capture_output=True)
    return library if done.returncode == 0 else None
