"""A run whose folder is lost goes on from its mirror to the same bits."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fsspec.implementations.local import LocalFileSystem

from srpo_bench.harness.cli import mirroring
from srpo_bench.harness.cli.mirroring import fetch, keep_copy
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.planning.plan import plan, reopen
from srpo_bench.harness.planning.reading import read_planned
from srpo_bench.harness.running.attempt import Attempt, SupersededError
from srpo_bench.harness.running.mirror import Mirror
from srpo_bench.harness.running.stopping import Stop
from srpo_bench.harness.running.worker import run_folder
from srpo_bench.results.seal import check_seal
from srpo_bench.results.store import read_json, saved

RECORDS = ("steps.jsonl", "evals.jsonl", "samples.jsonl")


@pytest.fixture(params=["file", "s3"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A folder, and a bucket of a server on this machine."""
    if request.param == "file":
        yield f"file://{tmp_path / 'mirror'}"
        return
    moto = pytest.importorskip("moto.server")
    s3fs = pytest.importorskip("s3fs")
    server = moto.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    patch = pytest.MonkeyPatch()
    _, port = server.get_host_and_port()
    patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    patch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    try:
        s3fs.S3FileSystem.clear_instance_cache()
        s3fs.S3FileSystem().mkdir("bucket")
        yield "s3://bucket/some/where"
    finally:
        patch.undo()
        server.stop()


def planned(folder: Path) -> Path:
    """A comparison of one run of four steps, a checkpoint every other step."""
    config = Config.model_validate(
        {
            "steps": 4,
            "seeds": [1],
            "checkpoint_every": 2,
            "samples_every": 1,
            "data": {"tasks": ["micro-gsm8k"], "pool_size": 4},
            "rollout": {"prompts_per_step": 2, "group_size": 2},
            "evaluation": {"problems": 2, "k": 1, "every": 2},
        }
    )
    return plan(folder, config, [Arm(name="grpo", algorithm="grpo")], "").runs[0].folder


def records(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in RECORDS}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    run = planned(tmp_path_factory.mktemp("plain") / "c")
    assert run_folder(run) == "done"
    return records(run)


@pytest.mark.integration
def test_a_lost_folder_comes_back(
    undisturbed: dict[str, bytes], tmp_path: Path, address: str
) -> None:
    run = planned(tmp_path / "c")
    comparison = run.parents[1]
    keep_copy(comparison, address)
    asked = iter([False, True])  # before the run begins, after its first step
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stop, "__call__", lambda _: next(asked))
        assert run_folder(run) == "stopped"
    (step,) = saved(run)
    shutil.rmtree(comparison)
    fetch(comparison, address)
    reopen(comparison)
    keep_copy(comparison, address)
    assert saved(run) == []
    assert run_folder(run) == "done"
    assert step < 4
    assert records(run) == undisturbed
    shutil.rmtree(comparison)  # finished runs come back whole
    fetch(comparison, address)
    assert records(run) == undisturbed
    assert read_json(run / "status.json")["state"] == "done"
    check_seal(run)
    check_seal(comparison)


def test_seeds_that_were_added_elsewhere_are_not_forgotten(tmp_path: Path) -> None:
    """A folder that was left behind pushed its older record over the newer one."""
    address, one = f"file://{tmp_path / 'mirror'}", planned(tmp_path / "c").parents[1]
    keep_copy(one, address)
    fetch(tmp_path / "left", address)
    wider = read_planned(one).config.model_copy(update={"seeds": (1, 2)})
    plan(one, wider, [Arm(name="grpo", algorithm="grpo")], "later")
    keep_copy(one, address)
    said = r"holds more of this comparison than .*left \(seed 2 was added elsewhere\)"
    with pytest.raises(UserError, match=said):
        keep_copy(tmp_path / "left", address)
    record = read_json(tmp_path / "mirror" / "comparison.json")
    assert (record["seeds"], len(record["added"])) == ([1, 2], 1)


def test_a_mirror_of_another_comparison_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    address, first = f"file://{tmp_path / 'mirror'}", planned(tmp_path / "c").parents[1]
    keep_copy(first, address)
    keep_copy(planned(tmp_path / "again").parents[1], address)  # the same plan: the same bits
    before = {p: p.read_bytes() for p in (tmp_path / "mirror").rglob("*") if p.is_file()}
    others: list[tuple[dict[str, object], Arm]] = [
        ({"steps": 5}, Arm(name="grpo", algorithm="grpo")),
        ({}, Arm(name="grpo", algorithm="grpo", settings={"beta": 0.5})),
    ]
    for number, (changes, arm) in enumerate(others):
        folder = tmp_path / f"other-{number}"
        plan(folder, read_planned(first).config.model_copy(update=changes), [arm], "")
        with pytest.raises(UserError, match=r"holds another comparison: choose another --mirror"):
            keep_copy(folder, address)
        assert not (folder / "mirror.json").exists()
    assert {p: p.read_bytes() for p in (tmp_path / "mirror").rglob("*") if p.is_file()} == before


def test_a_copy_without_its_end_is_none(tmp_path: Path) -> None:
    run, mirror = planned(tmp_path / "c"), Mirror(f"file://{tmp_path / 'mirror'}")
    half = tmp_path / "mirror" / "grpo" / "seed-1" / "step-2.1-abc"
    half.mkdir(parents=True)
    (half / "progress.json").write_text("{}")
    assert mirror.pull(Attempt(run)) is None


@pytest.mark.integration
def test_a_mirror_that_does_not_answer_costs_no_run(
    undisturbed: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = planned(tmp_path / "c")
    keep_copy(run.parents[1], f"file://{tmp_path / 'mirror'}")
    shutil.rmtree(tmp_path / "mirror")
    (tmp_path / "mirror").write_text("no folder")
    assert run_folder(run) == "done"
    assert records(run) == undisturbed
    assert "took no copy of step-2" in capsys.readouterr().err


def test_an_address_of_no_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--mirror nowhere://x cannot be opened"):
        fetch(tmp_path / "c", "nowhere://x")


class Silent:
    """A storage that does not answer."""

    address = "s3://far"

    def pull_plan(self, folder: Path) -> bool:
        raise TimeoutError("no\n answer " + 400 * "x")

    push_plan = pull_plan


def test_a_mirror_that_does_not_answer_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirroring, "Mirror", lambda address: Silent())
    told = "The mirror s3://far does not answer: TimeoutError: no answer x"
    for ask in (fetch, keep_copy):
        with pytest.raises(UserError) as refused:
            ask(tmp_path, "s3://far")
        text = str(refused.value)
        assert text.startswith(told)
        assert len(text) == len("The mirror s3://far does not answer: ") + 300 + len(".")
    assert list(tmp_path.iterdir()) == []
    fetch(tmp_path, None)


def test_a_record_that_came_back_in_part_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder = f"file://{tmp_path / 'mirror'}", planned(tmp_path / "c").parents[1]
    keep_copy(folder, address)
    shutil.rmtree(folder)

    def half(self: LocalFileSystem, here: str, there: str) -> None:
        Path(there).write_bytes(Path(here).read_bytes()[:9])
        if here.endswith("comparison.json"):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(LocalFileSystem, "get_file", half)
        with pytest.raises(KeyboardInterrupt):
            fetch(folder, address)
    assert not (folder / "comparison.json").exists()
    fetch(folder, address)
    reopen(folder)


def test_a_superseded_attempt_pushes_nothing_and_ends(tmp_path: Path) -> None:
    run = planned(tmp_path / "c")
    first, mirror = Attempt(run), Mirror(f"file://{tmp_path / 'mirror'}")
    Attempt(run)
    with pytest.raises(SupersededError):
        mirror.push_end(first)
    assert not list((tmp_path / "mirror").rglob("whole.json"))
