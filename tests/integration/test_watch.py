"""``bench report --watch`` beside a comparison that is under way."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from srpo_bench.results.report import write_report
from tests.integration.conftest import TINY, Bench, command, environment
from tests.integration.test_compare import wait_for
from tests.results import synthetic

pytestmark = pytest.mark.integration


def test_it_ends_by_itself_with_the_final_report_in_place(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "c"
    words = ["compare", *TINY, "--seeds", "1", "--steps", "4", "--out", str(folder)]
    with subprocess.Popen(
        command(*words), env=environment(), stdout=subprocess.DEVNULL, text=True
    ) as comparing:
        wait_for(comparing, (folder / "comparison.json").exists)
        watched = bench("report", folder, "--watch", "--every", "1", figures=True)
    assert comparing.returncode == 0
    assert watched.returncode == 0, watched.stderr
    said = watched.stdout.splitlines()
    assert said[0].startswith("0 of 2 runs done")
    assert "2 of 2 runs done" in said
    assert said[-1] == f"Report: {(folder / 'report' / 'index.html').as_uri()}"
    page = (folder / "report" / "index.html").read_bytes()
    assert b"data-reload" not in page
    write_report(folder)
    assert (folder / "report" / "index.html").read_bytes() == page
    assert not list(folder.glob(".report-*"))


def test_ctrl_c_ends_it_with_one_line(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", seeds=1, steps=20, samples=0)
    for arm in ("grpo", "srpo"):
        synthetic.cut(folder / arm / "seed-1", 0, "running")
    watching = subprocess.Popen(
        command("report", folder, "--watch", "--every", "1"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell gives its background jobs an ignored SIGINT, which children inherit.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert watching.stdout is not None
    assert "0 of 2 runs done" in watching.stdout.readline()
    watching.send_signal(signal.SIGINT)
    out, err = watching.communicate()
    assert watching.returncode == 130, err
    assert out == f"Stopped watching; {folder / 'report'} is as it was last written.\n"
    assert "Traceback" not in err
    assert b"data-reload" in (folder / "report" / "index.html").read_bytes()
    assert not list(folder.glob(".report-*"))
