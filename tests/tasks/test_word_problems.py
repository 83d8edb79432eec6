from __future__ import annotations

from pathlib import Path

import pytest

from srpo_bench.tasks import registry
from srpo_bench.tasks.base import Outcome, TaskError
from srpo_bench.tasks.contamination import contaminated

DATA = Path(__file__).resolve().parents[2] / "../shared/data"
HEAD = "Question,Numbers,Equation,Answer\n"
MAWPS, SVAMP = registry.get("mawps"), registry.get("svamp")
COUNTS = (2617, 306, 1000)
"""Of 2,825 and 313 and 1,000: 208 and 7 repeat another or need longer decimals."""
SHARED_WITH_DEV, SHARED_WITH_TEST = 217, 42
needs_data = pytest.mark.skipif(
    not (DATA / "wordproblems").is_dir(), reason="needs ../shared/data/wordproblems"
)


def folder(tmp_path: Path, rows: str = "", svamp: str = "[]") -> Path:
    (tmp_path / "wordproblems").mkdir(parents=True)
    (tmp_path / "wordproblems" / "mawps-asdiv-a_svamp_train.csv").write_text(HEAD + rows)
    (tmp_path / "wordproblems" / "SVAMP.json").write_text(svamp)
    return tmp_path


def test_a_mawps_problem_is_written_out_and_worked(tmp_path: Path) -> None:
    text = "Ann 's bag holds number0 nuts , he ate number1 of number2 . How many ?"
    row = f'"{text}",8.0 2.5,- number0 number1,5.5\n'
    (problem,) = MAWPS.load("train", folder(tmp_path, row))
    assert problem.question == "Ann's bag holds 8 nuts, he ate 2.5 of number2. How many?"
    assert (problem.id, problem.task, problem.kind) == ("mawps/train/0", "mawps", "math")
    assert (problem.answer, problem.level) == ("5.5", "1")
    assert problem.meta["official"] is False
    assert problem.meta["solution"] == "8 - 2.5 = 5.5\n#### 5.5"
    assert MAWPS.render(problem, "base") == f"Question: {problem.question}\nAnswer:"
    grades = MAWPS.grade([problem] * 3, [problem.meta["solution"], "#### 5", "none"])
    assert [g.outcome for g in grades] == [Outcome.CORRECT, Outcome.WRONG, Outcome.UNPARSEABLE]


def test_problems_that_cannot_be_stated_or_are_there_already_are_left_out(tmp_path: Path) -> None:
    rows = (
        "A number0 ?,1,+ number0 1,2.0\n"
        "A number0 ?,1,+ number0 1,2.0\n"  # the same again
        "B number0 ?,1 3,/ number0 number1,0.3333333333333333\n"
        "C number0 ?,1,+ number0 1,7.0\n"  # its equation says 2
    )
    assert [p.id for p in MAWPS.load("train", folder(tmp_path, rows))] == ["mawps/train/0"]


def test_short_ones_have_one_step_and_whole_numbers_up_to_50(tmp_path: Path) -> None:
    rows = (
        "A number0 and number1 ?,20 30,+ number0 number1,50.0\n"
        "B number0 and number1 ?,20 31,+ number0 number1,51.0\n"  # the result is too large
        "C number0 and number1 ?,2.5 2,* number0 number1,5.0\n"
        "D number0 and number1 ?,2 3,+ 1 + number0 number1,6.0\n"  # two steps
        "E number0 and number1 of 60 ?,2 3,+ number0 number1,5.0\n"
        "F number0 and number1 ?,60 20,- number0 number1,40.0\n"
        "G number0 and number1 ?,7 2,/ number0 number1,3.5\n"
        "H number0 and number1 ?,6 2,/ number0 number1,3.0\n"
    )
    short, home = registry.get("mawps-short"), folder(tmp_path, rows)
    assert [(p.id, p.task, p.answer) for p in short.load("train", home)] == [
        ("mawps-short/train/0", "mawps-short", "50"), ("mawps-short/train/7", "mawps-short", "3"),
    ]  # fmt: skip
    assert short.load("dev", home) == []
    with pytest.raises(TaskError, match="mawps-short has no test split"):
        short.load("test", home)
    assert len(MAWPS.load("train", home)) == 8


@needs_data
def test_how_many_are_short() -> None:
    short = registry.get("mawps-short")
    assert [len(short.load(split, DATA)) for split in ("train", "dev")] == [733, 90]


def test_every_tenth_problem_is_held_out(tmp_path: Path) -> None:
    home = folder(tmp_path, "".join(f"A{i} number0 ?,1,+ number0 1,2.0\n" for i in range(21)))
    assert len(MAWPS.load("train", home)) == 19
    MAWPS.load("train", folder(tmp_path / "other", "B number0 ?,1,+ number0 1,2.0\n"))
    first, second = MAWPS.load("dev", home)
    assert (first.id, second.id) == ("mawps/train/9", "mawps/train/19")
    assert "A0 1?" in str(MAWPS.render(first, "base", 1))  # of the folder that was loaded last
    (home / "wordproblems" / "SVAMP.json").write_text(
        '[{"ID": "a", "Body": "b.", "Question": "q", "Answer": 1}]'
    )
    (varied,) = SVAMP.load("test", home)
    assert "A0 1?" in str(SVAMP.render(varied, "base", 1))


def test_marks_stand_where_a_person_sets_them(tmp_path: Path) -> None:
    asked = "He , she . I ! It ; so : 5 % of ( 2 ) is $ 3 of Tom 's or no 'so . Now ?"
    (problem,) = MAWPS.load("train", folder(tmp_path, f'"{asked}",3,+ number0 1,4.0\n'))
    assert problem.question == "He, she. I! It; so: 5% of (2) is $3 of Tom's or no 'so. Now?"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("A,one,+ 1 1,2\n", r'train\.csv, line 2: expected numbers in "Numbers"'),
        ("A,1/0,+ 1 1,2\n", r'train\.csv, line 2: expected numbers in "Numbers"'),
        ("A,1,+ 1 1\n", r'line 2: expected .*"Answer" is no text'),
        ('"A,1,+ 1 1,2\n', r"line \d: expected CSV; unexpected end of data"),
    ],
)
def test_a_malformed_row_names_its_line(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(TaskError, match=message):
        MAWPS.load("train", folder(tmp_path, rows))


@pytest.mark.parametrize(
    ("svamp", "message"),
    [
        ("{}", r"SVAMP\.json: expected a JSON list, not dict"),
        ("[1]", r"SVAMP\.json, row 1: expected a JSON object"),
        ('[{"ID": "a", "Body": "b", "Question": "q"}]', r'row 1: expected a number as "Answer"'),
        ('[{"ID": "a", "Body": "b", "Question": "q", "Answer": "1/0"}]', r"row 1: expected a num"),
        ("[", r"SVAMP\.json: expected a JSON list; "),
    ],
)
def test_a_malformed_test_names_its_row(tmp_path: Path, svamp: str, message: str) -> None:
    with pytest.raises(TaskError, match=message):
        SVAMP.load("test", folder(tmp_path, svamp=svamp))


def test_the_body_of_a_svamp_problem_may_be_half_a_sentence(tmp_path: Path) -> None:
    row = '{"ID": "%s", "Body": "%s", "Question": "How many?", "Answer": 3.0}'
    rows = ", ".join(
        row % pair
        for pair in (
            ("a", "He has 3 eggs."),
            ("b", "If he has 3 eggs"),
            ("c", "Yes!"),
            ("d", "No?"),
        )
    )
    whole, half, *others = SVAMP.load("test", folder(tmp_path, svamp=f"[{rows}]"))
    assert whole.question == "He has 3 eggs. How many?"
    assert [p.question for p in others] == ["Yes! How many?", "No? How many?"]
    assert (half.id, half.question, half.answer) == (
        "svamp/b", "If he has 3 eggs, how many?", "3",
    )  # fmt: skip


def test_each_has_the_splits_it_says() -> None:
    with pytest.raises(TaskError, match="its test is the task svamp"):
        MAWPS.load("test")
    with pytest.raises(TaskError, match="mawps trains"):
        SVAMP.load("dev")
    with pytest.raises(TaskError, match=r"get it from https://github.*--data-dir DIR"):
        SVAMP.load("test")


@needs_data
def test_real_data() -> None:
    train, dev = MAWPS.load("train", DATA), MAWPS.load("dev", DATA)
    test = SVAMP.load("test", DATA)
    assert (len(train), len(dev), len(test)) == COUNTS
    assert all(p.meta["official"] for p in [*train, *dev, *test])
    assert len({p.id for p in [*train, *dev, *test]}) == sum(COUNTS)
    assert not [p for p in [*train, *test] if " ?" in p.question or "number0" in p.question]
    for task, problems in ((MAWPS, [*train, *dev]), (SVAMP, test)):
        grades = task.grade(problems, [p.meta["solution"] for p in problems])
        assert all(grade.accuracy == 1 for grade in grades)
    assert len(contaminated(train, dev)) == SHARED_WITH_DEV
    assert len(contaminated(train, test)) == SHARED_WITH_TEST


@needs_data
def test_svamp_shows_examples_of_mawps() -> None:
    problem = SVAMP.load("test", DATA)[0]
    turns = SVAMP.render(problem, "chat", 1)
    assert isinstance(turns, list)
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert turns[1]["content"] == MAWPS.load("train", DATA)[0].meta["solution"]
