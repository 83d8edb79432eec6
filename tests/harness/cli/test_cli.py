"""Wrong input: one clear sentence, exit code 2, nothing written."""

from __future__ import annotations

import socket
import sys
import urllib.request
from pathlib import Path

import pytest

from srpo_bench import __version__
from srpo_bench.harness.cli.app import main

SMOKE = ("compare", "--preset", "smoke", "--out", "OUT")


def fails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *words: str
) -> str:
    """Run ``bench`` in this process; its one line of complaint."""
    out = tmp_path / "out"
    monkeypatch.setattr(sys, "argv", ["bench", *[w.replace("OUT", str(out)) for w in words]])
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert not out.exists()
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*SMOKE, "--algos", "grpo,srop"], "'srop'; did you mean 'srpo'?"),
        ([*SMOKE, "--algos", "grpo,grpo"], "Arm 'grpo' appears twice"),
        ([*SMOKE, "--algos", "../x=grpo"], "--algos"),
        ([*SMOKE, "--algos", "grpo", "--ladder"], "leave out --algos"),
        ([*SMOKE, "--tasks", "micro-gsm8"], "did you mean 'micro-gsm8k'?"),
        ([*SMOKE, "--eval-tasks", "humanevl"], "did you mean 'humaneval'?"),
        ([*SMOKE, "--preset", "smoek"], "did you mean 'smoke'?"),
        ([*SMOKE, "--set", "optim.ir=1"], "did you mean 'optim.lr'?"),
        ([*SMOKE, "--set", "optm.lr=1"], "did you mean 'optim'?"),
        ([*SMOKE, "--set", "srpo.replay_fracton=1"], "did you mean 'replay_fraction'?"),
        ([*SMOKE, "--set", "srpo.replay_fraction=-1"], "greater than or equal to 0, got -1"),
        ([*SMOKE, "--set", "optim.lr"], "--set takes path=value"),
        ([*SMOKE, "--set", "srpo=3"], "'srpo' takes settings, as in srpo.name=value, not '3'"),
        ([*SMOKE, "--set", "data.tasks=[gsm8k"], "is not a YAML value"),
        ([*SMOKE, "--set", "optim.lr=inf"], "finite number"),
        ([*SMOKE, "--set", "data.style=chat"], "needs a chat template"),
        ([*SMOKE, "--set", "rollout.max_new_tokens=4096"], "do not fit the model's context"),
        ([*SMOKE, "--steps", "0"], "'steps'"),
        ([*SMOKE, "--steps", "-3"], "'steps'"),
        ([*SMOKE, "--target", "80"], "not 80. For 80 % write 0.8."),
        ([*SMOKE, "--set", "targets=[1.5]"], "less than 1"),
        ([*SMOKE, "--seeds", "0"], "--seeds: at least 1 is wanted"),
        ([*SMOKE, "--seeds", "99999999999"], "99999999999 is 99999999999 seeds a method"),
        ([*SMOKE, "--seeds", "301"], "301 is 301 seeds a method; that one seed is written 301-301"),
        ([*SMOKE, "--seeds", "1-99999999999"], "is more than anybody runs"),
        ([*SMOKE, "--seeds", "5,3-1"], "--seeds: '3-1' runs backwards, write 1-3."),
        ([*SMOKE, "--seeds", "3", "--seed", "3"], "leave one out"),
        (
            [*SMOKE, "--mirror", "s4://b/x"],
            "--mirror s4://b/x cannot be opened: Protocol not known",
        ),
        ([*SMOKE, "--algos", ""], "an arm that is empty"),
        ([*SMOKE, "--algos", "grpo,"], "an arm that is empty"),
        ([*SMOKE, "--set", "lr=1"], "did you mean 'optim.lr' or 'grpo.optim.lr' or"),
        ([*SMOKE, "--set", "beta=1"], "did you mean 'grpo.beta' or 'srpo.beta'?"),
        ([*SMOKE, "--set", "optim.learning_rate=1"], "did you mean 'optim.lr'?"),
        (["eval", "--model", "micro", "--tasks", "micro-math", "--limit", "0"], "greater than 0"),
        (["help"], "No such command 'help'. See bench --help."),
        (["algos", "grpo"], "No such command 'grpo'. See bench algos --help."),
        (["compare", "--nope"], "No such option: --nope"),
        (["verify"], "Missing argument 'DIR'. See bench verify --help."),
        ([*SMOKE, "--seeds", "two"], "a count or a list of integers"),
        ([*SMOKE, "--seeds", "3,3"], "one of seeds is named twice"),
        ([*SMOKE, "--set", "data.pool_size=999999"], "more than the"),
        ([*SMOKE, "--set", "data.pool_size=2"], "The pool holds 2 prompts but a step needs"),
        ([*SMOKE, "--model", "no/such/model"], "neither 'micro', nor a folder"),
        ([*SMOKE, "--set", "model.device=mps"], "this machine has none"),
        ([*SMOKE, "--config", "/no/such.yaml"], "Cannot read /no/such.yaml"),
        (["resume", "OUT"], "holds no comparison"),
        (["report", "OUT"], "comparison.json"),
        (["verify", "OUT"], "comparison.json"),
        (["verify", "OUT", "--claims", "/nope.yaml"], "/nope.yaml cannot be read"),
        (["claims", "--claims", "/nope.yaml"], "/nope.yaml cannot be read: No such file"),
        (["claims", "show", "steps-90", "--claims", "/nope.yaml"], "cannot be read: No such file"),
        (["algos", "show", "srop"], "did you mean 'srpo'?"),
        (["tasks", "show", "gsmk8"], "did you mean 'gsm8k'?"),
    ],
)
def test_wrong_input(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    words: list[str],
    message: str,
) -> None:
    assert message in fails(capsys, monkeypatch, tmp_path, *words)


def test_model_folders_that_are_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    words = [*SMOKE, "--model", str(folder)]
    assert "no config.json" in fails(capsys, monkeypatch, tmp_path, *words)
    (folder / "config.json").write_text("{}")
    assert "no weights" in fails(capsys, monkeypatch, tmp_path, *words)
    (folder / "model.safetensors").write_bytes(b"nonsense")
    assert "no model that transformers can open" in fails(capsys, monkeypatch, tmp_path, *words)
    gguf = tmp_path / "x.gguf"
    gguf.write_bytes(b"nonsense")
    words[-1] = str(gguf)
    assert "is not a GGUF file" in fails(capsys, monkeypatch, tmp_path, *words)


def test_malformed_data_names_file_and_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    words = [*SMOKE, "--tasks", "gsm8k", "--data-dir", str(tmp_path / "data")]
    assert str(tmp_path / "data") in fails(capsys, monkeypatch, tmp_path, *words)
    folder = tmp_path / "data" / "gsm8k"
    folder.mkdir(parents=True)
    good = '{"question": "1+1?", "answer": "two\\n#### 2"}\n'
    (folder / "train.jsonl").write_text(good * 3 + '{"question": "1+1?"}\n')
    (folder / "test.jsonl").write_text(good)
    message = fails(capsys, monkeypatch, tmp_path, *words)
    assert "train.jsonl" in message
    assert "line 4" in message
    assert "answer" in message


def test_an_output_folder_that_cannot_be(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    words = ["compare", "--preset", "smoke", "--out", str(tmp_path / "file" / "c")]
    assert "Cannot write to" in fails(capsys, monkeypatch, tmp_path, *words)
    full = tmp_path / "full"
    full.mkdir()
    (full / "thing").write_text("")
    words[-1] = str(full)
    assert "is not empty and holds no comparison" in fails(capsys, monkeypatch, tmp_path, *words)
    assert [p.name for p in full.iterdir()] == ["thing"]


def test_an_output_path_that_is_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    words = ["compare", "--preset", "smoke", "--out", str(tmp_path / "file")]
    assert "/file is no folder; choose another --out" in fails(
        capsys, monkeypatch, tmp_path, *words
    )
    assert (tmp_path / "file").read_text() == "mine"


def test_a_misspelt_arm_in_a_settings_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = tmp_path / "mine.yaml"
    settings.write_text("algorithms:\n  srop: {replay_fraction: 0}\n")
    words = [*SMOKE, "--config", str(settings)]
    assert "'srop'; did you mean 'srpo'?" in fails(capsys, monkeypatch, tmp_path, *words)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("algos: 5", "algos names arms, as in grpo,srpo, not '5'"),
        ("algos: {grpo: 1}", "algos names arms"),
        ("algorithms: 5", "algorithms takes settings by arm, as in grpo.beta, not '5'"),
        ("algorithms: [grpo]", "algorithms takes settings by arm"),
        ("data: 5", "Setting 'data' in the settings"),
        ("a: &x\n  b: *x", "is not YAML: an anchor stands within itself"),
        ('model: {revision: "\\ud800"}', "is not YAML: half a surrogate pair is no text"),
        (
            "evaluation: {problems: {micro-gsm8K: 9}}",
            "mean 'evaluation.problems.micro-gsm8k'",
        ),
        ("final: {tasks: [micro-math], problems: {math: 9}}", "mean 'final.problems.micro-math'"),
    ],
)
def test_a_settings_file_that_holds_something_else(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    text: str,
    message: str,
) -> None:
    settings = tmp_path / "mine.yaml"
    settings.write_text(text)
    words = [*SMOKE, "--config", str(settings)]
    assert message in fails(capsys, monkeypatch, tmp_path, *words)


@pytest.mark.parametrize("text", ["evaluation:", "evaluation: 5"])
def test_a_section_that_is_none_beside_tasks_of_ones_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    settings = tmp_path / "mine.yaml"
    settings.write_text(text)
    words = [*SMOKE, "--config", str(settings), "--tasks", "micro-math"]
    told = fails(capsys, monkeypatch, tmp_path, *words)
    assert "Setting 'evaluation' in the settings" in told


def test_a_value_that_holds_itself(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    words = [*SMOKE, "--set", "rollout.vllm.arguments=&a {b: *a}"]
    assert "is not a YAML value" in fails(capsys, monkeypatch, tmp_path, *words)


def test_the_version_stands_in_one_place(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "--version"])
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    assert capsys.readouterr().out == f"srpo-bench {__version__}\n"


def test_a_hub_that_does_not_answer_is_asked_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The library itself tries five times, for half a minute."""
    import datasets
    import huggingface_hub

    with socket.socket() as nobody:  # bound, but nobody listens
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", f"http://127.0.0.1:{port}")
        monkeypatch.setattr(urllib.request, "getproxies", dict)
        for module in (datasets.config, huggingface_hub.constants):
            monkeypatch.setattr(module, "HF_HUB_OFFLINE", False)
        words = ("tasks", "show", "gsm8k")
        assert "Without the hub, pass --data-dir DIR" in fails(
            capsys, monkeypatch, tmp_path, *words
        )
    assert datasets.config.HF_HUB_OFFLINE


@pytest.mark.parametrize("words", [["report", "caf\udce9"], [*SMOKE, "--out", "caf\udce9"]])
def test_a_word_that_is_not_utf_8(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    words: list[str],
) -> None:
    assert r"'caf\udce9' is not UTF-8" in fails(capsys, monkeypatch, tmp_path, *words)


@pytest.mark.parametrize("command", ["report", "status", "verify", "resume"])
def test_a_path_that_no_file_system_takes(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    command: str,
) -> None:
    told = fails(capsys, monkeypatch, tmp_path, command, "x" * 300)
    assert told.endswith("xxx… is too long for this file system.\n")
