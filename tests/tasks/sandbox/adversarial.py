# ruff: noqa: E501 - one program a line reads best
"""Programs that try to cheat, to break out or to break the grader, by family.

``FORGERIES`` have to square a number and do not: CORRECT would be a false pass. ``ESCAPES`` define
``f()``, which returns "escaped" if and only if it did what it must not. ``{canary}`` is a secret
file outside, ``{port}`` a listening TCP port, ``{pid}`` the process that grades.
"""

from __future__ import annotations

from textwrap import dedent

SQUARES = "def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(3) == 9\n"
ESCAPED = "def check(candidate):\n    assert candidate() == 'escaped'\n"

_LIAR = "class Liar{base}:\n    def {method}(self, *a): return True\n    {also}\ndef f(x): return Liar()"

FORGERIES: dict[str, str] = {
    # never ending
    "loop/forever": "while True: pass",
    "loop/in-call": "def f(x):\n    while True: pass",
    "loop/uninterruptible": "def f(x):\n    while True:\n        try:\n            while True: pass\n"
    "        except BaseException: pass",
    "loop/in-c": "def f(x): return sum(iter(int, 1))",
    "loop/endless-generator": "def f(x):\n    while True: yield x",
    "sleep/long": "import time\ndef f(x): time.sleep(10**6)",
    "sleep/at-load": "import time\ntime.sleep(10**6)",
    "sleep/lock": "import threading\nlock = threading.Lock()\nlock.acquire()\ndef f(x): lock.acquire()",
    "sleep/pause": "import signal\ndef f(x):\n    while True: signal.pause()",
    # bombs
    "bomb/fork": "import os\ndef f(x):\n    while True: os.fork()",
    "bomb/threads": "import threading, time\ndef f(x):\n    while True:\n"
    "        threading.Thread(target=time.sleep, args=(99,)).start()",
    "bomb/memory": "def f(x): return len(bytearray(1 << 40))",
    "bomb/memory-slow": "def f(x):\n    xs = [0]\n    while True: xs += xs",
    "bomb/string": "def f(x): return 'x' * (1 << 34)",
    "bomb/disk": "def f(x):\n    n = 0\n    while True:\n        n += 1\n"
    "        open(f'/tmp/{n}', 'wb').write(b'x' * (1 << 24))",
    "bomb/descriptors": "import os\ndef f(x):\n    while True: os.dup(0)",
    "bomb/recursion": "def f(x): return f(x)",
    "bomb/c-stack": "import sys\nsys.setrecursionlimit(10**9)\ndef f(x): return f(x)",
    "bomb/huge-int": "def f(x): return 9 ** 9 ** 9",
    "bomb/regex": "import re\ndef f(x): return re.match('(a+)+$', 'a' * 60 + 'b')",
    "bomb/nested-source": "x = " + "(" * 5000 + ")" * 5000,
    "bomb/nested-value": "def f(x):\n    xs = []\n    for _ in range(10**6): xs = [xs]\n    return xs",
    "bomb/large-value": "def f(x): return 'x' * 10**8",
    # floods
    "output/flood": "def f(x):\n    while True: print('x' * 10**6)",
    "output/stderr": "import sys\ndef f(x):\n    while True: sys.stderr.write('x' * 10**6)",
    "output/not-utf8": "import os, sys\nos.write(1, b'\\xff\\xfe')\nsys.stdout.buffer.write(b'\\xff')\n"
    "def f(x): return '\\udcff'",
    "output/pass-words": "print('passed')\nprint('correct')\ndef f(x): print('correct')",
    # ways out
    "exit/os-exit": "import os\nos._exit(0)",
    "exit/os-exit-in-call": "import os\ndef f(x): os._exit(0)",
    "exit/sys-exit": "import sys\nsys.exit(0)",
    "exit/sys-exit-in-call": "import sys\ndef f(x): sys.exit(0)",
    "exit/finalizer": "class A:\n    def __del__(self): raise SystemExit(0)\na = A()\ndel a\ndef f(x): A()",
    "exit/atexit": "import atexit, os\natexit.register(os._exit, 0)\ndef f(x): raise SystemExit(0)",
    "exit/abort": "import os\ndef f(x): os.abort()",
    "exit/segfault": "import ctypes\ndef f(x): ctypes.string_at(0)",
    "exit/stop-iteration": "def f(x): raise StopIteration",
    "exit/generator-exit": "def f(x): raise GeneratorExit",
    "exit/keyboard": "def f(x): raise KeyboardInterrupt",
    "exit/assertion": "def f(x): raise AssertionError",
    "exit/own-exception": "class SystemExit(BaseException): pass\ndef f(x): raise SystemExit('correct')",
    # lying values
    "lie/eq": _LIAR.format(base="", method="__eq__", also="__hash__ = None"),
    "lie/int": _LIAR.format(base="(int)", method="__eq__", also="__hash__ = None"),
    "lie/bool": _LIAR.format(base="", method="__bool__", also="__ne__ = lambda s, o: False"),
    "lie/list": _LIAR.format(base="(list)", method="__eq__", also="__iter__ = None"),
    "lie/str": _LIAR.format(base="(str)", method="__eq__", also="__str__ = lambda s: 'x'"),
    "lie/index": _LIAR.format(base="", method="__index__", also="__eq__ = lambda s, o: True"),
    "lie/module": "__class__ = int\ndef f(x): return __import__('sys').modules['program']",
    # patching
    "patch/assert": "import builtins\nbuiltins.AssertionError = Warning\ndef f(x): return 0",
    "patch/check": "def check(candidate): pass\ndef f(x): return 0",
    "patch/builtins": "import builtins\nbuiltins.__import__ = builtins.compile = lambda *a, **k: None\n"
    "def f(x): return 0",
    "patch/unittest": "import unittest\nunittest.TestCase.assertEqual = lambda *a: None\ndef f(x): return 0",
    "patch/wire": "import sys\nfor name, m in list(sys.modules.items()):\n    if name.startswith('inside'):\n"
    "        for key in list(vars(m)):\n            if callable(vars(m)[key]): setattr(m, key, lambda *a, **k: b'')\n"
    "def f(x): return 0",
    "patch/json": "import json\njson.loads = json.dumps = lambda *a, **k: True\ndef f(x): return 0",
    # the tests and the channel
    "peek/frames": "import sys\ndef f(x):\n    frame = sys._getframe()\n    while frame:\n"
    "        for v in list(frame.f_locals.values()) + list(frame.f_globals.values()):\n"
    "            if isinstance(v, (str, bytes)) and 'assert candidate' in str(v): return x * x\n"
    "        frame = frame.f_back",
    "peek/gc": "import gc\ndef f(x):\n    for o in gc.get_objects():\n"
    "        if isinstance(o, dict) and any('assert candidate' in str(v) for v in o.values() if type(v) is str):\n"
    "            return x * x",
    "peek/memory": "import ctypes, sys\ndef f(x):\n    base = id(object()) & ~0xfffff\n"
    "    if ('assert ' + 'candidate').encode() in ctypes.string_at(base, 1 << 18): return x * x",
    "peek/disk": "import os\ndef f(x):\n    for d, _, files in os.walk('/'):\n        for n in files:\n"
    "            try: data = open(os.path.join(d, n), 'rb').read(10**5)\n            except OSError: continue\n"
    "            if b'candidate(3) == 9' in data: return x * x",
    "channel/write-all": "import os\nfor fd in range(3, 64):\n    for text in (b'correct', b'[\"correct\",\"\"]',"
    ' b\'\\x00\\x00\\x00\\x0e["correct",""]\'):\n        try: os.write(fd, text)\n        except OSError: pass\n'
    "def f(x): return 0",
    "channel/exit-after-write": 'import os\nos.write(3, b\'\\x00\\x00\\x00\\x0e["correct",""]\')\nos._exit(0)',
    "channel/garbage": "import os\ndef f(x): os.write(3, b'\\xff' * 1000)",
    "channel/huge-header": "import os\ndef f(x): os.write(3, b'\\xff\\xff\\xff\\xff')",
    "channel/half": "import os, time\ndef f(x):\n    os.write(3, b'\\x00\\x00\\x00\\x09{')\n    time.sleep(99)",
    "channel/close": "import os\nos.closerange(0, 64)\ndef f(x): return x * x",
    "channel/code-value": 'import os\nb = b\'{"value":{"ref":"check"}}\'\n'
    "def f(x): os.write(3, len(b).to_bytes(4, 'big') + b)",
    # signals
    "signal/ignore": "import signal\nfor s in range(1, 65):\n    try: signal.signal(s, signal.SIG_IGN)\n"
    "    except (OSError, ValueError): pass\nwhile True: pass",
    "signal/xcpu": "import signal\nsignal.signal(signal.SIGXCPU, lambda *a: None)\nwhile True: pass",
    "signal/alarm": "import signal\nsignal.signal(signal.SIGALRM, lambda *a: 1/0)\nsignal.setitimer(0, .001, .001)\n"
    "while True:\n    try: x = 1\n    except Exception: pass",
}

_TRY = """
def f():
    {body}
    return 'escaped'
"""


def _escape(body: str) -> str:
    return _TRY.replace("{body}", dedent(body).strip().replace("\n", "\n    "))


ESCAPES: dict[str, str] = {
    "read/canary": _escape("assert 'secret' in open('{canary}').read()"),
    "read/passwd": _escape("open('/etc/passwd').read()"),
    "read/environment": _escape("import os\nassert any('CANARY' in k for k in os.environ)"),
    "read/proc-environ": _escape("open('/proc/{pid}/environ').read()"),
    "read/proc-self": _escape("open('/proc/self/maps').read()"),
    "read/home": _escape("import os\nassert os.listdir(os.path.dirname('{canary}'))"),
    "read/link": _escape("import os\nos.symlink('{canary}', '/tmp/l')\nopen('/tmp/l').read()"),
    "write/canary": _escape("open('{canary}', 'a').write('x')"),
    "write/beside": _escape("open('{canary}.new', 'w').write('x')"),
    "write/truncate": _escape("import os\nos.truncate('{canary}', 0)"),
    "write/chmod": _escape("import os\nos.chmod('{canary}', 0)"),
    "write/utime": _escape("import os\nos.utime('{canary}')"),
    "write/unlink": _escape("import os\nos.unlink('{canary}')"),
    "write/usr": _escape("open('/usr/bench-was-here', 'w')"),
    "write/dev-shm": _escape("open('/dev/shm/bench-was-here', 'w')"),
    "network/tcp": _escape(
        "import socket\nsocket.create_connection(('127.0.0.1', {port}), timeout=1)"
    ),
    "network/udp": _escape("import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM)"),
    "network/unix": _escape("import socket\nsocket.socket(socket.AF_UNIX)"),
    "process/fork": _escape("import os\nif os.fork() == 0: os._exit(0)"),
    "process/exec": _escape("import os\nos.execv('/bin/true', ['true'])"),
    "process/subprocess": _escape("import subprocess\nsubprocess.run(['/bin/true'])"),
    "process/grandchildren": _escape(
        "import os\nfor _ in range(3):\n    if os.fork() == 0:\n        os.setsid()"
    ),
    "kill/grader": _escape("import os\nos.kill({pid}, 0)"),
    "kill/parent": _escape("import os\nos.kill(os.getppid(), 9)"),
    "kill/everything": _escape("import os\nos.kill(-1, 9)"),
    "kill/group": _escape("import os\nos.killpg(0, 9)"),
    "kill/limits": _escape("import resource\nresource.prlimit({pid}, resource.RLIMIT_CPU, (1, 1))"),
    "limits/raise": _escape(
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))"
    ),
    "kernel/ptrace": _escape(
        "import ctypes\nassert ctypes.CDLL(None).ptrace(16, {pid}, 0, 0) == 0"
    ),
    "kernel/unshare": _escape("import ctypes\nassert ctypes.CDLL(None).unshare(0x10000000) == 0"),
    "kernel/mount": _escape(
        "import ctypes\nassert ctypes.CDLL(None).mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0"
    ),
    "kernel/setuid": _escape("import os\nos.setuid(0)\nopen('/root/x', 'w')"),
    "kernel/memfd": _escape("import os\nos.memfd_create('x')"),
}
