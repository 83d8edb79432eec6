# ruff: noqa: E501 - one program a line reads best
"""Programs that write to the judge themselves, and programs whose answers cost it dear."""

from __future__ import annotations

_SEND = """
import json, os
def send(message):
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    data = len(body).to_bytes(4, 'big') + body
    while data: data = data[os.write(3, data):]
"""
_KINDS = (
    *("tuple", "set", "frozenset", "dict", "iterator", "range", "dict_keys", "dict_values"),
    *("dict_items", "complex", "fraction", "int", "decimal", "bytes", "bytearray", "ref"),
    *("slice", "unknown", "__class__"),
)
_CONTENTS = {
    "nothing": "None",
    "number": "4",
    "text": "'(4,)'",
    "one-object": "{'range': [0, 10**15, 1]}",
    "odd-items": "[[1, 2, 3], None, {'ref': [0, True]}]",
}
_BODIES = {
    "deep-list": "b'[' * 10**6",
    "deep-value": "('{\"value\":' + '{\"tuple\":[' * 5000 + '4' + ']}' * 5000 + '}').encode()",
    "huge-literal": "b'{\"value\":' + b'9' * 10**6 + b'}'",
    "nan": "b'{\"value\":NaN}'",
    "two-values": 'b\'{"value":4,"value":9}\'',
    "not-utf8": 'b\'{"value":"\\xff"}\'',
    "empty": "b''",
    "list": "[]",
    "number": "4",
    "no-value": "{}",
    "raised-number": "{'raised': 4}",
    "raised-import": "{'raised': ['ImportError', 'x' * 10**6]}",
    "raised-warning": "{'raised': ['DeprecationWarning', '']}",
    "raised-unicode": "{'raised': ['UnicodeDecodeError', '']}",
    "raised-group": "{'raised': ['ExceptionGroup', '']}",
    "raised-exit": "{'raised': ['SystemExit', '0']}",
    "raised-dunder": "{'raised': ['__build_class__', '']}",
    "unparseable-list": "{'unparseable': [1]}",
    "decimal-nan": "{'value': {'decimal': 'sNaN'}}",
    "decimal-huge": "{'value': {'decimal': '4e999999999999999999'}}",
    "fraction-zero": "{'value': {'fraction': [4, 0]}}",
    "fraction-huge": "{'value': {'fraction': [{'int': hex(3**600000)}, {'int': hex(7**400000)}]}}",
    "collisions-set": "{'value': {'set': [{'int': hex((2**61 - 1) * k)} for k in range(1, 90000)]}}",
    "collisions-keys": "{'value': {'dict_keys': [{'int': hex((2**61 - 1) * k)} for k in range(1, 90000)]}}",
    "collisions-dict": "{'value': {'dict': [[{'int': hex((2**61 - 1) * k)}, 1] for k in range(1, 80000)]}}",
    "collisions-tuples": "{'value': {'set': [{'tuple': [{'int': hex((2**61 - 1) * k)}]} for k in range(1, 60000)]}}",
    "collisions-decimals": "{'value': {'set': [{'decimal': str((2**61 - 1) * k)} for k in range(1, 90000)]}}",
    "list-of-lists": "{'value': [[]] * 10**6}",
}


def _once(message: str) -> str:
    return f"{_SEND}\ndef f(x):\n    send({message})\n    while True: os.read(3, 65536)\n"


LIES: dict[str, str] = {
    f"lie/{kind}-of-{name}": _once(f"{{'value': {{{kind!r}: {content}}}}}")
    for kind in _KINDS
    for name, content in _CONTENTS.items()
    # what stands for nothing but an object of its own is no lie
    if (kind, name) not in {("range", "number")}
} | {f"lie/{name}": _once(message) for name, message in _BODIES.items()}

HOGS: dict[str, tuple[str, str]] = {
    "a set of integers that collide": (
        "def f(): return [(2**61 - 1) * k for k in range(1, 60000)]",
        "assert set(f()) == {1}",
    ),
    "a dict of integers that collide": (
        "def f(): return [[(2**61 - 1) * k, 1] for k in range(1, 60000)]",
        "assert dict(f()) == {1: 1}",
    ),
    "membership of much in much": (
        "def f(): return [float(k) for k in range(60000)]",
        "assert all(x in f() for x in f())",
    ),
    "a number as text": (
        "def f(): return 1 << 8_000_000",
        "import sys; sys.set_int_max_str_digits(0); assert str(f()) == '4'",
    ),
    "a decimal as an integer": (
        "from decimal import Decimal\ndef f(): return Decimal('1e9999999')",
        "assert int(f()) % 7 == 4",
    ),
    "permutations": (
        "def f(): return list(range(12))",
        "import itertools; assert sum(1 for _ in itertools.permutations(f())) == 4",
    ),
}
"""Program and test: the test is honest, and what the program returns makes it slow."""

FOLDERS: dict[str, str] = {
    "folder/fill": "n = 0\nwhile True:\n    n += 1\n    open(f'{n}', 'wb').write(b'x' * (1 << 22))",
    "folder/many": "n = 0\nwhile True:\n    n += 1\n    open(f'{n}', 'wb').close()",
    "folder/deep": "import os\nwhile True:\n    os.mkdir('d' * 200)\n    os.chdir('d' * 200)",
    "folder/deep-and-fill": "import os\nfor _ in range(300):\n    os.mkdir('d' * 200)\n    os.chdir('d' * 200)\n"
    "n = 0\nwhile True:\n    n += 1\n    open(f'{n}', 'wb').write(b'x' * (1 << 22))",
    "folder/unreadable": "import os\nos.mkdir('d')\nos.chdir('d')\nos.umask(0o777)\nos.mkdir('e')\ndef f(x): return 0",
    "folder/hidden": "import os\nn = 0\nwhile True:\n    n += 1\n    h = open(f'{n}', 'wb')\n    os.unlink(f'{n}')\n    h.write(b'x' * (1 << 22))",
    "folder/churn": "import os\nwhile True:\n    for n in range(50): open(f'{n}', 'wb').write(b'x' * (1 << 20))\n"
    "    for n in range(50): os.unlink(f'{n}')",
    "folder/gone": "import os\nos.rmdir(os.getcwd())\ndef f(x): return 0",
    "folder/renamed": "import os\nos.rename(os.getcwd(), os.getcwd() + '-mine')\ndef f(x): return 0",
    "folder/links": "import os\nos.symlink('.', 'loop')\nos.symlink('/', 'root')\nos.symlink('x' * 4000, 'far')\ndef f(x): return 0",
    "folder/locked": "import fcntl, os\nfcntl.flock(os.open('.', 0), fcntl.LOCK_SH)\ndef f(x): return 0",
    "folder/names": "import os\nfor n in (b'\\xff\\n', b'-rf', b'*', b' '): open(n, 'w').close()\ndef f(x): return 0",
}
"""What is written where a program may write."""

LATE: dict[str, str] = {
    "late/half-awake": "import time\ndef f(x):\n    while True:\n        time.sleep(.2)\n        t = time.process_time()\n"
    "        while time.process_time() - t < .001: pass",
    "late/alarms": "import signal, time\nsignal.signal(signal.SIGALRM, lambda *a: None)\nsignal.setitimer(0, .001, .001)\n"
    "def f(x):\n    while True: time.sleep(9)",
    "late/own-alarm": "import signal, time\nsignal.alarm(1)\ndef f(x): time.sleep(9)",
    "late/own-limit": "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (1, 1))\nwhile True: pass",
    "late/no-files": "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))\ndef f(x): return 0",
    "late/no-memory": "import resource\nresource.setrlimit(resource.RLIMIT_AS, (1, 1))\ndef f(x): return [0] * 10**7",
    "late/threads-compute": "import threading\ndef spin():\n    while True: pass\nfor _ in range(8): threading.Thread(target=spin).start()\ndef f(x): return 0",
    "late/main-exits": "import threading, os\nthreading.Timer(.1, os._exit, (0,)).start()\ndef f(x): threading.Event().wait()",
    "late/hang-up-and-run": "import os\ndef f(x):\n    os.close(3)\n    while True: pass",
    "late/hang-up-and-sleep": "import os, time\ndef f(x):\n    os.close(3)\n    time.sleep(99)",
    "late/trap": "import ctypes, mmap\nm = mmap.mmap(-1, 4096, prot=7)\nm.write(b'\\xcc\\xc3')\n"
    "def f(x): ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()",
    "late/illegal": "import ctypes, mmap\nm = mmap.mmap(-1, 4096, prot=7)\nm.write(b'\\x0f\\x0b\\xc3')\n"
    "def f(x): ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()",
    "late/bus": "import mmap, os\nfd = os.open('b', os.O_RDWR | os.O_CREAT)\nos.ftruncate(fd, 4096)\nm = mmap.mmap(fd, 4096)\n"
    "os.ftruncate(fd, 0)\nos.unlink('b')\ndef f(x): return m[0]",
    "late/large-file": "import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_DFL)\ndef f(x): open('b', 'wb').write(b'x' * (1 << 26))",
    "late/pipe": "import os, signal\nsignal.signal(signal.SIGPIPE, signal.SIG_DFL)\nr, w = os.pipe()\nos.close(r)\ndef f(x): os.write(w, b'x')",
}
"""Ends and waits of every sort that a program can bring about itself."""
