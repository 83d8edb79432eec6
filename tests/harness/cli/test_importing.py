"""``bench import``: what it prints, and the user's errors."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import pytest

from srpo_bench.harness.cli.app import main
from tests.harness.cli.test_cli import fails

TRL = Path(__file__).parents[2] / "results" / "recorded" / "trl.json"


def bench(monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", *map(str, words)])
    with pytest.raises(SystemExit) as exit_:
        main()
    assert not exit_.value.code


def test_it_says_what_was_read_what_was_not_and_what_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "a.csv", tmp_path / "out"
    path.write_text("algo,seed,step,accuracy,note\nGRPO,1,5,0.2,x\nGRPO,1,5,0.2,x\n\n")
    bench(monkeypatch, "import", "--from", "csv", path, "--out", out)
    said = capsys.readouterr().out
    assert "Imported 1 run (GRPO: 1) with 1 evaluation from 1 file." in said
    assert "Accuracy: accuracy (held-out accuracy)." in said
    assert "Left out: identical duplicates: 1; blank lines: 1." in said
    assert "Columns not read (1): note." in said
    assert "No evaluation at step 0 in GRPO/seed-1" in said
    assert "Unknown: base_sha256, pool_digest" in said
    assert f"bench report {out}" in said


def test_two_runs_of_one_content_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--from", "trl", f"grpo/1={TRL}", f"srpo/1={TRL}", "--out", tmp_path / "out")
    bench(monkeypatch, "import", *words)
    assert f"Files of the same content: {TRL}, {TRL}." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--from", "trll", str(TRL)], "Unknown format 'trll'; did you mean 'trl'?"),
        (["--from", "mlflow", str(TRL)], "is read as CSV with the columns algo, seed, step and"),
        (["--from", "trl", str(TRL)], "Name it as in grpo/1="),
        (["--from", "csv", str(TRL)], "looks like JSON, not CSV"),
        (["--from", "jsonl", str(TRL)], "read with --from trl"),
        (["--from", "trl", "no/such.json"], "There is no file no/such.json."),
        (["--from", "trl", "grpo/1=."], "Cannot read trainer_state.json"),
    ],
)
def test_errors_are_one_sentence(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    words: list[str],
    message: str,
) -> None:
    assert message in fails(capsys, monkeypatch, tmp_path, "import", *words, "--out", "OUT")


def test_an_imported_folder_has_nothing_to_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "imported"
    bench(monkeypatch, "import", "--from", "trl", f"grpo/1={TRL}", "--out", out)
    capsys.readouterr()
    said = fails(capsys, monkeypatch, tmp_path, "resume", str(out))
    assert "was imported, so there is nothing to train in it" in said


def test_a_disk_without_room_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")  # as fsync and write say it: no name

    path = tmp_path / "a.csv"
    path.write_text("algo,seed,step,accuracy\nGRPO,1,5,0.2\n")
    monkeypatch.setattr("srpo_bench.results.importers.write.write_json", full)
    words = ("import", "--from", "csv", str(path), "--out", "OUT")
    told = fails(capsys, monkeypatch, tmp_path, *words)
    assert told == f"bench: Cannot write {tmp_path / 'out'}: No space left on device.\n"


def test_every_remark(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One run or many, one file or many; what was left out, doubted, unfinished and unknown."""
    from types import SimpleNamespace

    from srpo_bench.harness.cli import importing
    from srpo_bench.results.importers import convert

    runs = [f"a/seed-{i}" for i in range(7)]
    done = SimpleNamespace(
        written=SimpleNamespace(
            runs=[("a", 1), ("b", 1), ("a", 2)], evaluations=1, unit="update",
            without_start=runs, unfinished=runs[:1], unknown=["x", "y"],
        ),
        files=["one", "two"],
        metric={"keys": ["m", "n"], "kind": "held-out accuracy"},
        notes=SimpleNamespace(doubts=["odd"], skipped={"rows": 3000, "gaps": 1}, ignored=runs),
        same_files=[["p", "q"]],
    )  # fmt: skip
    monkeypatch.setattr(convert, "import_runs", lambda request: done)
    importing.import_and_show(
        format="csv", files=["f"], out=Path("out"), command="", mapped=(), metrics=(), arm=None,
        seed=None, scale=1.0, skip_empty=False, on_repeat=None, unit=None, updates_per_step=None,
        runs=(), baseline=None, vouched=False,
    )  # fmt: skip
    six = ", ".join(runs[:6])
    assert capsys.readouterr().out.splitlines() == [
        "Imported 3 runs (a: 2, b: 1) with 1 evaluation from 2 files.",
        "Accuracy: m, n (held-out accuracy).",
        "A step is an update; --updates-per-step turns updates into batches of rollouts.",
        "Look at this: odd",
        "Left out: rows: 3,000; gaps: 1.",
        f"Columns not read (7): {six} and 1 more.",
        f"No evaluation at step 0 in {six} and 1 more: without the baseline's, its gain is not "
        "known and there is no verdict.",
        "The log ends before its budget in a/seed-0.",
        "Files of the same content: p, q.",
        "Unknown: x, y. So the runs are not proved matched and get no verdict, unless you vouch "
        "that they are (--vouch-matched, here or of bench verify).",
        "Next: bench report out; bench verify out",
    ]


def test_a_folder_that_cannot_be_written_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from srpo_bench.harness.cli import importing
    from srpo_bench.harness.errors import UserError
    from srpo_bench.results.importers import convert

    for name, where in (("there", "there"), (None, "out")):

        def fails(request: object, name: str | None = name) -> None:
            raise OSError(13, "no right", name)

        monkeypatch.setattr(convert, "import_runs", fails)
        with pytest.raises(UserError, match=f"^Cannot write {where}: no right.$"):
            importing.import_and_show(
                format="csv", files=["f"], out=Path("out"), command="", mapped=(), metrics=(),
                arm=None, seed=None, scale=1.0, skip_empty=False, on_repeat=None, unit=None,
                updates_per_step=None, runs=(), baseline=None, vouched=False,
            )  # fmt: skip
