"""Ctrl-C and SIGTERM, at any moment of any command: one sentence, 130, and nothing half written."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import TINY, command, environment
from tests.integration.processes import ended

pytestmark = pytest.mark.integration

SENTENCE = "bench: Stopped; nothing is left half written.\n"
STOPPED = "Stopped; nothing is lost. Go on with: the same command\n"


def interrupt(
    words: list[str | Path], number: int, when: Callable[[], bool], cwd: Path
) -> tuple[str, str]:
    """Both streams of a command that was interrupted as soon as ``when``: by a terminal, which
    tells every process of it, or by SIGTERM."""
    process = subprocess.Popen(
        command(*words),
        cwd=cwd,
        env=environment(TMPDIR=str(cwd)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell gives its background jobs an ignored SIGINT, which children inherit.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 120
    while not when():
        assert not ended(process), process.communicate()
        assert time.monotonic() < deadline
    if number == signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Traceback" not in out + err
    return out, err


def python(script: str, modules: Path) -> subprocess.CompletedProcess[str]:
    """Run a script that finds modules of its own in a folder."""
    paths = os.pathsep.join([str(modules), environment()["PYTHONPATH"]])
    return subprocess.run(
        [sys.executable, "-c", script],
        env={**environment(), "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )


def there(folder: Path, pattern: str) -> Callable[[], bool]:
    return lambda: any(folder.glob(pattern))


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGINT, ""),
        (signal.SIGINT, "/probe/comparison.json"),
        (signal.SIGTERM, "/probe/grpo/seed-1/steps.jsonl"),
    ],
)
def test_the_probe_of_a_dry_run(tmp_path: Path, number: int, moment: str) -> None:
    when = there(tmp_path, f".bench-probe-*{moment}")
    out, err = interrupt(["compare", *TINY, "--dry-run"], number, when, tmp_path)
    told = (
        "2 steps and two evaluations of each arm are run to see what they cost, in a folder that "
        "is thrown away; Ctrl-C ends them.\n"
    )
    assert (out, err) == ("", told + SENTENCE)
    assert not list(tmp_path.glob(".bench-probe-*"))
    assert not list(tmp_path.glob("runs*"))


def test_a_tuning_goes_on_by_the_same_command(tmp_path: Path) -> None:
    words = ["tune", "--algo", "grpo", "--param", "optim.lr=1e-4,2e-4", "--seeds", "101-101"]
    when = there(tmp_path, "t/grpo-1/grpo/seed-101/steps.jsonl")
    out, err = interrupt([*words, "--out", "t", *TINY], signal.SIGINT, when, tmp_path)
    assert out.endswith(STOPPED)
    assert err == ""


def test_a_base_that_grows_goes_on_by_the_same_command(tmp_path: Path) -> None:
    from srpo_bench.harness.models.micro import shipped_base

    grown = ["--tasks", "micro-gsm8k", "--examples", "1000", "--out", "b"]
    words = ["base", "--model", shipped_base(), *grown]
    out, err = interrupt(words, signal.SIGTERM, there(tmp_path, ".b.growing/steps.jsonl"), tmp_path)
    assert out.strip() == STOPPED.strip()
    assert err == ""
    assert not (tmp_path / "b").exists()


def test_a_scoring_goes_on_by_the_same_command(tmp_path: Path) -> None:
    words = ["eval", "--model", "micro", "--tasks", "micro-gsm8k,micro-math", "--k", "8"]
    words += ["--temperature", "1", "--limit", "40", "--out", "e"]
    when = there(tmp_path, "e/samples.jsonl")
    out, _ = interrupt([*words], signal.SIGINT, when, tmp_path)
    assert re.fullmatch(r"Stopped; e holds [01] of 2 scores. Go on with: the same command\n", out)
    assert not (tmp_path / "e" / "scores.json").exists()
    done = subprocess.run(command(*words), cwd=tmp_path, env=environment(), check=True)
    assert done.returncode == 0
    assert {path.name for path in (tmp_path / "e").iterdir()} == {"scores.json", "samples.jsonl"}
    assert (tmp_path / "e" / "samples.jsonl").read_bytes().count(b"\n") == 2 * 40 * 8


def test_an_import_leaves_nothing(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    rows = (f"grpo,{seed},{step},0.5\n" for seed in range(8) for step in range(50_000))
    log.write_text("algo,seed,step,accuracy\n" + "".join(rows))
    words = ["import", log, "--from", "csv", "--out", tmp_path / "i"]
    before = set(tmp_path.iterdir())
    when = there(tmp_path, ".i*")
    assert interrupt(words, signal.SIGTERM, when, tmp_path) == ("", SENTENCE)
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_the_command_line_is_imported(number: int, tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text(f"import os; os.kill(os.getpid(), {number})")
    (tmp_path / "sitecustomize.py").write_text(
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    )
    done = python("from srpo_bench.harness.__main__ import main; main()", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", SENTENCE)


def test_a_signal_while_the_words_are_read(tmp_path: Path) -> None:
    script = (
        "import os, signal, typer\n"
        "from srpo_bench.harness.cli.interrupt import Interruptible\n"
        "class Slow(Interruptible):\n"
        "    def parse_args(self, *words):\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "app = typer.Typer(cls=Slow)\n"
        "@app.callback()\n"
        "def nothing() -> None: ...\n"
        "app([])\n"
    )
    done = python(script, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", SENTENCE)


def test_a_signal_waits_until_an_import_is_over(tmp_path: Path) -> None:
    """Into C++ that is being imported nothing may be raised; a second one is not put off."""
    (tmp_path / "slow.py").write_text(
        "import os, signal\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
        "done = True\n"
        "try:\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "except KeyboardInterrupt:\n"
        "    print('again')\n"
    )
    script = (
        "import signal\n"
        "from srpo_bench.harness.cli.interrupt import interrupt\n"
        "for number in (signal.SIGTERM, signal.SIGALRM): signal.signal(number, interrupt)\n"
        "import slow\n"
        "print(slow.done)\n"
    )
    done = python(script, tmp_path)
    assert done.stdout == "again\nTrue\n", done.stderr


def test_a_command_that_ends_before_its_signal_is_heeded_ends_as_it_does(tmp_path: Path) -> None:
    """The alarm that would have looked again would kill it."""
    (tmp_path / "late.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGTERM)")
    script = (
        "import signal, typer\n"
        "from srpo_bench.harness.cli.interrupt import Interruptible\n"
        "app = typer.Typer(cls=Interruptible)\n"
        "@app.command()\n"
        "def first() -> None:\n"
        "    import late\n"
        "    raise typer.Exit(2)\n"
        "@app.command()\n"
        "def second() -> None: ...\n"
        "try:\n"
        "    app(['first'])\n"
        "finally:\n"
        "    signal.pause() if signal.getitimer(signal.ITIMER_REAL)[0] else None\n"
    )
    done = python(script, tmp_path)
    assert done.returncode == 2
