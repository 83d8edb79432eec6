"""A grown base is repeatable, resumes to the bit, and what it saw leaves every pool."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from srpo_bench.harness.errors import UserError
from srpo_bench.harness.growing import cold_start
from srpo_bench.harness.growing import lessons as drawing
from srpo_bench.harness.growing.cold_start import _day, grow
from srpo_bench.harness.growing.lessons import lessons, record
from srpo_bench.harness.growing.recipe import Recipe
from srpo_bench.harness.models.loading import open_tokenizer
from srpo_bench.harness.models.policy import load_policy
from srpo_bench.harness.models.resolve import digest
from srpo_bench.harness.problems.load import load_problems
from srpo_bench.harness.problems.seen import CARD, key, seen_by
from srpo_bench.harness.running import checkpoint
from srpo_bench.harness.running.attempt import Attempt
from srpo_bench.results.store import read_json, read_lines, write_json
from srpo_bench.tasks import registry
from srpo_bench.tasks.base import DataError, Problem, TaskError
from srpo_bench.tasks.contamination import contaminated
from tests.harness.problems.test_load import MICRO, config

DATA = Path(__file__).resolve().parents[3] / "../shared/data"


def recipe(folder: Path, **changes: Any) -> Recipe:
    values = {
        "tasks": ("micro-gsm8k",),
        "examples": 24,
        "batch": 4,
        "lr": 1e-3,
        "checked": 5,
        "passes": 2,
    }
    return Recipe(model=str(folder), **{**values, **changes})


@pytest.fixture(scope="module")
def micro() -> Path:
    from srpo_bench.harness.models.micro import shipped_base

    return shipped_base()


@pytest.fixture(scope="module")
def grown(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a tiny base, in six updates."""
    return grow(small(tiny_folder), tmp_path_factory.mktemp("grown") / "base")


def small(folder: Path, **changes: Any) -> Recipe:
    """Ten lessons by four, twice: three updates a pass, of which the last has two lessons."""
    return recipe(folder, **{"examples": 10, "lr": 1e-2, "checked": 3, **changes})


@pytest.mark.integration
def test_it_learns_what_it_is_shown_and_says_so(micro: Path, tmp_path: Path) -> None:
    card = read_json(grow(recipe(micro), tmp_path / "base") / CARD)
    steps = [step for step, _ in card["loss_unseen"]]
    assert steps[0] == 0
    assert steps[-1] == 12  # 24 lessons by 4, twice
    assert card["loss_unseen"][-1][1] < card["loss_unseen"][0][1]
    assert len(card["seen"]) == 24
    assert [path.name for path in tmp_path.iterdir()] == ["base"]


def test_it_is_supervised_fine_tuning_as_transformers_and_torch_do_it(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Losses of six updates, of what is not shown before, between and after them, and weights."""
    monkeypatch.setattr(cold_start, "SAVES", 3)
    asked, told = small(tiny_folder), list[tuple[int, int, float]]()
    base = grow(asked, tmp_path / "base", lambda *words: told.append(words))
    taught, optim = lessons(asked, tiny_folder), asked.optim(6)
    model = load_policy(tiny_folder, "float32", "cpu").model
    optimizer = torch.optim.AdamW(
        model.parameters(), betas=optim.betas, eps=optim.eps, weight_decay=optim.weight_decay
    )

    def nats(lessons: list[drawing.Lesson]) -> torch.Tensor:
        """A token, of all responses' tokens."""
        total = torch.zeros(())
        for lesson in lessons:
            ids = torch.tensor([[*lesson.prompt, *lesson.response]])
            labels = ids.clone()
            labels[:, : len(lesson.prompt)] = -100
            total = total + model(input_ids=ids, labels=labels).loss * len(lesson.response)
        return total / sum(len(lesson.response) for lesson in lessons)

    losses, unseen = [], [[0, nats(taught.unseen).item()]]
    for update in range(6):
        optimizer.param_groups[0]["lr"] = 1e-2 * (1 - update / 6)
        optimizer.zero_grad()
        loss = nats(cold_start._batch(asked, taught.shown, update // 3, update % 3))
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), optim.max_grad_norm)
        optimizer.step()
        losses.append((update + 1, 6, loss.item()))
        if update % 2:
            unseen.append([update + 1, nats(taught.unseen).item()])
    assert told == [pytest.approx(line, rel=1e-4) for line in losses]
    assert read_json(base / CARD)["loss_unseen"] == [pytest.approx(x, rel=1e-4) for x in unseen]
    mine, theirs = load_policy(base, "float32", "cpu").model.state_dict(), model.state_dict()
    for name in theirs:
        torch.testing.assert_close(mine[name], theirs[name], rtol=1e-3, atol=1e-4)


def test_the_loss_is_the_mean_negative_log_probability_of_a_response_token(micro: Path) -> None:
    """By transformers' own loss, of one lesson."""
    taught = lessons(recipe(micro), micro)
    policy = load_policy(micro, "float32", "cpu")
    lesson = taught.shown[0]
    ids = torch.tensor([[*lesson.prompt, *lesson.response]])
    labels = ids.clone()
    labels[:, : len(lesson.prompt)] = -100
    with torch.no_grad():
        expected = policy.model(input_ids=ids, labels=labels).loss
    rollouts = record([lesson])
    batch = cold_start.Imitation.weigh(None, rollouts, None, None, None)  # type: ignore[arg-type]
    totals = cold_start.Totals.of(batch, 99)
    loss, _ = cold_start.Imitation.loss(None, policy.logp(rollouts), None, batch, totals)  # type: ignore[arg-type]
    torch.testing.assert_close(loss, expected)


def test_a_lesson_is_the_runs_own_prompt_and_the_source_s_solution(micro: Path) -> None:
    taught = lessons(recipe(micro), micro)
    policy = load_policy(micro, "float32", "cpu")
    for lesson in taught.shown:
        assert lesson.prompt == policy.encode(lesson.problem.question)
        assert lesson.response[-1] in policy.end_tokens
        assert policy.decode(lesson.response) == lesson.problem.meta["solution"]


def test_interrupted_it_goes_on_to_the_same_bits(
    tiny_folder: Path, grown: Path, tmp_path: Path
) -> None:
    """Saved behind each of six updates, interrupted after the fifth and as it ended."""

    class StopError(Exception):
        pass

    def stop(done: int, of: int, loss: float) -> None:
        if done == 5:
            raise StopError

    with pytest.raises(StopError) as stopped:
        grow(small(tiny_folder), tmp_path / "base", stop)
    (folder,) = tmp_path.iterdir()
    assert folder.name == ".base.growing"
    assert stopped.traceback  # its frames hold the attempt, whose files are closed all the same
    assert not [f for f in Path("/proc/self/fd").iterdir() if str(folder) in os.path.realpath(f)]
    assert [path.name for path in (folder / "checkpoints").iterdir()] == ["step-5"]
    lines = list(read_lines(folder / "steps.jsonl"))
    assert [line["step"] for line in lines] == [1, 2, 3, 4, 5]
    assert lines[2]["lr"] == pytest.approx(1e-2 * 4 / 6)
    assert all(line["loss"] > 0 < line["grad_norm"] for line in lines)
    with pytest.raises(UserError, match="other settings: finish it with those"):
        grow(small(tiny_folder, lr=1e-4), tmp_path / "base")
    (folder / "whole").mkdir()
    (folder / "whole" / "torn").touch()
    updates: list[int] = []
    grow(small(tiny_folder), tmp_path / "base", lambda done, *_: updates.append(done))
    assert updates == [6]
    assert list(tmp_path.iterdir()) == [tmp_path / "base"]
    mine, theirs = (load_file(f / "model.safetensors") for f in (tmp_path / "base", grown))
    assert all(torch.equal(mine[name], theirs[name]) for name in theirs)
    assert read_json(tmp_path / "base" / CARD) == read_json(grown / CARD)
    assert {p.name for p in (tmp_path / "base").iterdir()} == {p.name for p in grown.iterdir()}
    open_tokenizer(tmp_path / "base")


def test_a_template_that_asks_is_told_the_day_it_was_begun(
    tiny_folder: Path, tmp_path: Path
) -> None:
    """Whatever day it is when an interrupted cold start goes on, and of two equal recipes."""

    today = datetime.now(UTC).date()

    class StopError(Exception):
        pass

    def stop(*_: Any) -> None:
        raise StopError

    base = shutil.copytree(tiny_folder, tmp_path / "dated")
    tokenizer = open_tokenizer(base)
    tokenizer.chat_template = "{{ strftime_now('%d %m %Y') }} {{ messages[0].content }}"
    tokenizer.save_pretrained(base)
    asked = small(base, passes=1, date=date(2024, 7, 26))
    asks = [tokenizer.decode(lesson.prompt)[:10] for lesson in lessons(asked, base).shown]
    assert asks == ["26 07 2024"] * 10
    whole = grow(asked, tmp_path / "whole")
    with pytest.raises(StopError):
        grow(asked, tmp_path / "again", stop)
    grow(asked.model_copy(update={"date": None}), tmp_path / "again")
    mine, theirs = (load_file(f / "model.safetensors") for f in (tmp_path / "again", whole))
    assert all(torch.equal(mine[name], theirs[name]) for name in theirs)
    assert read_json(tmp_path / "again" / CARD) == read_json(whole / CARD)
    assert read_json(whole / CARD)["recipe"]["date"] == "2024-07-26"
    for damaged in ({}, {"recipe": 5}, {"recipe": {"model": "m", "tasks": ["t"], "date": "soon"}}):
        write_json(tmp_path / "plan.json", damaged)
        assert _day(tmp_path) in (today, datetime.now(UTC).date())  # refused as another's
    assert _day(tmp_path / "nothing") in (today, datetime.now(UTC).date())  # midnight may pass


def test_a_damaged_base_is_told_before_anything_is_made(tiny_folder: Path, tmp_path: Path) -> None:
    base = shutil.copytree(tiny_folder, tmp_path / "torn")
    (base / "model.safetensors").write_bytes(b"half")
    with pytest.raises(UserError, match="no weights that can be read"):
        grow(small(base), tmp_path / "base")
    assert list(tmp_path.iterdir()) == [base]


def test_it_takes_the_threads_of_its_recipe(tiny_folder: Path, tmp_path: Path) -> None:
    torch.set_num_threads(2)
    with pytest.raises(UserError, match="is more than the"):
        grow(small(tiny_folder, examples=10**6), tmp_path / "base")
    assert torch.get_num_threads() == 1


def test_the_card_names_the_chosen_device(grown: Path, tiny_folder: Path, tmp_path: Path) -> None:
    card = read_json(grown / CARD)
    assert card["recipe"]["device"] == ("cuda" if torch.cuda.is_available() else "cpu")
    assert (card["accelerator"] is None) == (card["recipe"]["device"] == "cpu")
    if not torch.cuda.is_available():
        with pytest.raises(UserError, match="this machine has none"):
            grow(small(tiny_folder, device="cuda"), tmp_path / "base")
        assert not list(tmp_path.iterdir())


def test_another_seed_shows_others(tiny_folder: Path, grown: Path, tmp_path: Path) -> None:
    other = grow(small(tiny_folder, seed=1, passes=1), tmp_path / "base")
    assert seen_by(other) != seen_by(grown)


def test_what_it_saw_leaves_every_pool(grown: Path) -> None:
    everything = {"data": {"tasks": ["micro-gsm8k"], "pool_size": None}}
    without, whole = (load_problems(config(MICRO, everything), b) for b in (grown, None))
    seen = set(seen_by(grown).values())
    assert set(whole.pool) - set(without.pool) == seen
    assert all("the base was grown on it" in without.excluded[name] for name in seen)
    (source,) = (s for s in without.provenance if s["role"] == "train")
    assert source["excluded"] == len(seen)


def test_what_was_seen_is_handed_on(grown: Path, tiny_folder: Path, tmp_path: Path) -> None:
    """To a base that is grown of it, and to each checkpoint of a run that begins from it."""
    again = grow(small(grown, seed=1, passes=1), tmp_path / "again")
    of_its_own = seen_by(grow(small(tiny_folder, seed=1, passes=1), tmp_path / "other"))
    assert seen_by(again) == seen_by(grown) | of_its_own
    assert set(seen_by(grown)) - set(of_its_own)
    attempt, policy = Attempt(tmp_path), load_policy(grown, "float32", "cpu")
    attempt.take_records({})
    for step, base in ((1, grown), (2, tiny_folder)):
        checkpoint.save(attempt, step, policy, {}, keep=2, base=base)
    one, two = (tmp_path / "checkpoints" / f"step-{step}" for step in (1, 2))
    assert seen_by(one) == seen_by(grown)
    assert seen_by(two) == {}
    assert checkpoint.rewind(Attempt(tmp_path), one)[0] == 1  # the card is a part of it


def test_it_is_not_scored_on_what_it_saw(grown: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = load_problems(config(MICRO)).evaluation["micro-gsm8k"][0]
    (grown / CARD).rename(grown / "kept")
    try:
        (grown / CARD).write_text(json.dumps({"seen": {key(held): "x"}}))
        with pytest.raises(UserError, match=r"grown on 1 of the problems it would be scored on"):
            load_problems(config(MICRO), grown)
        (grown / CARD).write_text("{}")
        with pytest.raises(UserError, match="nobody knows what this base was grown on"):
            load_problems(config(MICRO), grown)
    finally:
        (grown / "kept").rename(grown / CARD)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"examples": 10**6}, "is more than the"),
        ({"tasks": ("humaneval-like",)}, "humaneval-like"),
    ],
)
def test_what_cannot_be_grown_is_one_sentence(
    changes: dict[str, Any], words: str, micro: Path, tmp_path: Path
) -> None:
    values = recipe(micro).model_dump() | changes
    with pytest.raises(UserError, match=words):
        grow(Recipe(**values), tmp_path / "base")
    assert not list(tmp_path.iterdir())


def test_each_pass_goes_through_all_lessons_in_an_order_of_its_own(micro: Path) -> None:
    asked, shown = recipe(micro, batch=4, seed=3), [f"lesson {i}" for i in range(10)]
    passes = [
        [cold_start._batch(asked, shown, number, place) for place in range(3)]  # type: ignore[arg-type]
        for number in (0, 1)
    ]
    for batches in passes:
        assert [len(batch) for batch in batches] == [4, 4, 2]
        assert sorted(lesson for batch in batches for lesson in batch) == shown  # type: ignore[type-var]
    assert passes[0] != passes[1]
    assert cold_start._batch(asked, shown, 0, 1) == passes[0][1]  # type: ignore[arg-type]
    other = recipe(micro, batch=4, seed=4)
    assert cold_start._batch(other, shown, 0, 0) != passes[0][0]  # type: ignore[arg-type]


def test_a_folder_is_one_recipes(micro: Path, tmp_path: Path) -> None:
    folder, asked = tmp_path / "a" / "b", recipe(micro)
    for torn in (False, True, False):
        if torn:  # an attempt that was killed before it said what it was
            (folder / "plan.json").unlink()
        cold_start._begin(folder, asked, "digest")
    plan = read_json(folder / "plan.json")
    assert plan == {"recipe": asked.model_dump(mode="json"), "base_sha256": "digest"}
    for other, base in ((recipe(micro, lr=0.5), "digest"), (asked, "another")):
        with pytest.raises(UserError, match="another base or with other settings"):
            cold_start._begin(folder, other, base)
    assert read_json(folder / "plan.json") == plan


def test_what_is_not_shown_is_measured_where_there_is_any(micro: Path) -> None:
    """Two responses of nats 1 and 2, and 3: two a token."""
    told: list[Any] = []
    attempt: Any = SimpleNamespace(append=lambda *words: told.append(words))
    logp = torch.tensor([[-1.0, -2.0], [-3.0, 0.0]])
    policy: Any = SimpleNamespace(logp_of=lambda rollouts, at_once: logp)
    taught = lessons(recipe(micro), micro)
    one, other = (replace(taught.unseen[0], response=[5] * n) for n in (2, 1))
    cold_start._measure(attempt, policy, replace(taught, unseen=[]), 3)
    assert told == []
    cold_start._measure(attempt, policy, replace(taught, unseen=[one, other]), 3)
    assert told == [("evals.jsonl", {"step": 3, "loss": 2.0})]


def test_a_card_says_what_was_seen_and_nothing_of_this_machines_paths(
    micro: Path, tmp_path: Path
) -> None:
    taught = lessons(recipe(micro), micro)
    card = cold_start._card(recipe(micro, device="cpu"), taught, micro, tmp_path)
    assert card["grown_of"] == {"name": micro.name, "sha256": digest(micro)}
    assert not {"model", "data_dir"} & card["recipe"].keys()
    assert card["recipe"]["batch"] == 4
    assert len(card["seen"]) == 24
    assert card["seen"][key(taught.shown[0].problem)] == taught.shown[0].problem.id
    assert (card["loss_unseen"], card["accelerator"]) == ([], None)
    (tmp_path / "evals.jsonl").write_text('{"step": 3, "loss": 2.0}\n')
    assert cold_start._card(recipe(micro), taught, micro, tmp_path)["loss_unseen"] == [[3, 2.0]]
    assert str(micro.parent) not in json.dumps(card)


def test_one_held_out_split_is_enough_and_none_is_refused(
    micro: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: dict[str, list[Any]] = {"test": ["a", "b"]}
    spoiled = ""

    def load(_: Recipe, task: Any, split: str) -> list[Any]:
        if split == spoiled:
            raise DataError("line 3: expected text")
        if split not in there:
            raise TaskError(f"no {split} split of {task}")
        return there[split]

    monkeypatch.setattr(drawing, "_load", load)
    assert drawing._held_out(recipe(micro), "t") == ["a", "b"]
    there["dev"] = ["c"]
    assert drawing._held_out(recipe(micro), "t") == ["c", "a", "b"]
    spoiled = "test"  # what it holds is not known to be left out
    with pytest.raises(DataError, match="line 3"):
        drawing._held_out(recipe(micro), "t")
    spoiled = ""
    there.clear()
    with pytest.raises(TaskError, match="no dev split of t"):
        drawing._held_out(recipe(micro), "t")
    with pytest.raises(UserError, match="no train split of "):
        lessons(recipe(micro), micro)


def test_a_base_that_cannot_end_cannot_learn_to(
    micro: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: dict[str, Any] = {}
    monkeypatch.setattr(drawing, "end_tokens", lambda *_, chat: found["ends"])
    monkeypatch.setattr(drawing, "turn_end", lambda _: found["turn"])
    writer = drawing._Writer.__new__(drawing._Writer)
    writer.tokenizer = SimpleNamespace(eos_token_id=5)
    writer.prompts = SimpleNamespace(style="base")  # type: ignore[assignment]
    for found["ends"], end in (([7, 5], 5), ([7, 9], 7)):
        assert writer._end(micro) == end
    found["ends"] = []
    with pytest.raises(UserError, match="has no end token, so no response could learn to end"):
        writer._end(micro)
    found["ends"] = [7]
    for writer.prompts.style, found["turn"], end in (
        ("chat", 0, 0), ("chat", None, 7), ("base", 3, 7),
    ):  # fmt: skip
        assert writer._end(micro) == end


def test_a_folder_that_is_there_stays_as_it_is(tiny_folder: Path, grown: Path) -> None:
    with pytest.raises(UserError, match="exists; name a folder that does not"):
        grow(small(tiny_folder), grown)


def test_the_words_of_a_question_make_its_key() -> None:
    one, same, other, plus, minus = (
        Problem(id=str(i), task="t", kind="math", question=text, answer="")
        for i, text in enumerate(
            ("Tom has 3 nuts.", "tom has  3 nuts", "Tom has 4 nuts.", "3+4=", "3-4=")
        )
    )
    assert key(one) == key(same) != key(other)
    assert key(plus) != key(minus)


@pytest.mark.integration
@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
def test_what_is_held_out_is_never_shown(micro: Path) -> None:
    """MAWPS shares questions with GSM8K's relatives; SVAMP's are variations of ASDiv's."""
    many = {"tasks": ("mawps",), "held_out": ("svamp", "gsm8k"), "examples": None}
    taught = lessons(recipe(micro, **many, data_dir=DATA), micro)
    shown = [lesson.problem for lesson in taught.shown]
    held = [p for name in ("svamp", "gsm8k") for p in registry.get(name).load("test", DATA)]
    dev = registry.get("mawps").load("dev", DATA)
    assert len(shown) > 2000
    assert not {key(p) for p in shown} & {key(p) for p in [*held, *dev]}
    assert not contaminated(shown, held)
    answers = registry.get("mawps").grade(
        shown, [registry.get("mawps").solution(p, "chat") for p in shown]
    )
    assert all(grade.accuracy == 1 for grade in answers)
