"""A task in YAML: what it asks, what it takes for right, and every way to get it wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from srpo_bench.tasks.base import Grade, Outcome, TaskError
from srpo_bench.tasks.described import Described, Files, _share, read

GOOD = {"data": "rows.jsonl", "prompt": "{q} Box it.", "system": "Be {tone}.", "answer": "{a}"}


def made(folder: Path, rows: int = 20, **changes: object) -> Described:
    values = {key: v for key, v in {**GOOD, **changes}.items() if v is not None}
    (folder / "sums.yaml").write_text(json.dumps(values))
    lines = [{"q": f"{i}+1?", "a": i + 1, "tone": "brief"} for i in range(rows)]
    for name in ("rows", "other"):
        text = "".join(json.dumps({**line, "q": f"{name} {line['q']}"}) + "\n" for line in lines)
        (folder / f"{name}.jsonl").write_text(text)
    return read(folder / "sums.yaml", folder)()


def test_rows_become_problems_and_prompts(tmp_path: Path) -> None:
    task = made(tmp_path)
    (first, *_), dev, held = train, *_ = [task.load(s) for s in ("train", "dev", "test")]  # type: ignore[arg-type]
    assert (first.id, first.question, first.answer) == ("sums/train/0", "rows 0+1? Box it.", "1")
    assert [p.id for p in train] == [f"sums/train/{i}" for i in range(16)]
    assert [p.id for p in dev] == ["sums/dev/16", "sums/dev/17"]
    assert [p.id for p in held] == ["sums/test/18", "sums/test/19"]
    assert task.render(first) == "Be brief.\n\nrows 0+1? Box it."
    assert task.render(first, "chat") == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "rows 0+1? Box it."},
    ]
    assert first.meta["official"] is False
    with pytest.raises(TaskError, match="sums has no worked solutions to learn from"):
        task.solution(first)
    with pytest.raises(TaskError, match=r"no worked examples; leave data\.shots at 0"):
        task.render(first, shots=1)


def test_a_file_a_split(tmp_path: Path) -> None:
    task = made(tmp_path, data={"train": "rows.jsonl", "test": "other.jsonl"}, system=None)
    assert len(task.load("train")) == len(task.load("test")) == 20
    assert task.load("test")[0].question == "other 0+1? Box it."
    assert task.render(task.load("train")[0], "chat") == [
        {"role": "user", "content": "rows 0+1? Box it."}
    ]
    with pytest.raises(TaskError, match="sums has no dev split"):
        task.load("dev")


@pytest.mark.parametrize(
    ("grader", "answer", "right", "wrong"),
    [
        ("exact", "New  York", ("New York", r"so \boxed{New York}"), ("new york", "York", "")),
        ("number", "1,000", ("it is 1000.", "#### 1000.0", r"\boxed{1{,}000}"), ("100", "x", "")),
        ("math-verify", r"\frac{1}{2}", (r"\boxed{0.5}", r"\boxed{1/2}"), (r"\boxed{2}", "0.5")),
    ],
)
def test_graders(
    tmp_path: Path, grader: str, answer: str, right: tuple[str], wrong: tuple[str]
) -> None:
    task = made(tmp_path, grader=grader, answer=answer)
    problem = task.load("train")[0]
    responses = [*right, *wrong]
    grades = task.grade([problem] * len(responses), responses)
    assert [g.accuracy for g in grades] == [1.0] * len(right) + [0.0] * len(wrong)


def test_the_form_of_an_answer_and_what_is_kept_of_it(tmp_path: Path) -> None:
    """For a text a box, for a number that there is one; of an answer a thousand characters."""
    exact, number = (made(tmp_path, grader=g).load("train")[0] for g in ("exact", "number"))
    task = made(tmp_path, grader="exact")
    responses = [r"да \boxed{1} a", "x" * 1001, " "]
    boxed, plain, empty = task.grade([exact] * 3, responses)
    assert boxed == Grade(Outcome.CORRECT, 1.0, 6 / 8, "1")
    assert plain == Grade(Outcome.WRONG, 0.0, 1.0, "x" * 1000)
    assert empty == Grade(Outcome.UNPARSEABLE)
    task = made(tmp_path, grader="number")
    right, wrong, none = task.grade([number] * 3, ["it is 1", "2 да a", "да a"])
    assert right == Grade(Outcome.CORRECT, 1.0, 1.0, "1")
    assert wrong == Grade(Outcome.WRONG, 1.0, 2 / 3, "2")
    assert none == Grade(Outcome.UNPARSEABLE, 0.0, 2 / 3)


def test_what_is_held_out_of_one_file_is_bounded() -> None:
    rows = list(range(6000))
    parts = [_share(rows, split, Path("x")) for split in ("train", "dev", "test")]  # type: ignore[arg-type]
    assert [[place for place, _ in part] for part in parts] == [
        rows[:5000], rows[5000:5500], rows[5500:],
    ]  # fmt: skip


@pytest.mark.parametrize("grader", ["exact", "number", "math-verify"])
@pytest.mark.parametrize(
    "answer",
    ["9", " 9\n", "3*3 = <<3*3=9>>9, not 8\n#### 9", r"It is \boxed{8}, no: \boxed{9}, not 7."],
)
def test_a_worked_solution_is_compared_by_what_it_states(
    tmp_path: Path, grader: str, answer: str
) -> None:
    task = made(tmp_path, grader=grader, answer=answer)
    problem = task.load("train")[0]
    assert problem.answer == "9"
    responses = [rf"\boxed{{{n}}}" for n in (9, 8, 7, 3)]
    assert [g.accuracy for g in task.grade([problem] * 4, responses)] == [1.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("grader", ["exact", "number", "math-verify", "g.py:right"])
@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, r"line 1: expected text or a number in \"a\" for '\{a\}', not nothing \(null\)"),
        (["9"], r"for '\{a\}', not a list: \['9'\]\.$"),
        ({"ground_truth": "9"}, r"for '\{a\}', not a dict: \{'ground_truth': '9'\}\.$"),
    ],
)
def test_a_field_that_is_no_text_is_told(
    tmp_path: Path, grader: str, value: object, said: str
) -> None:
    task = made(tmp_path, grader=grader)
    (tmp_path / "rows.jsonl").write_text(json.dumps({"q": "?", "a": value, "tone": "x"}) + "\n" * 2)
    (tmp_path / "g.py").write_text("def right(problem, response):\n    return True\n")
    task.description.data = Files(train="rows.jsonl", test="other.jsonl")
    with pytest.raises(TaskError, match=said):
        task.load("train")


def test_turns_are_no_prompt(tmp_path: Path) -> None:
    """The column ``prompt`` of TRL's and verl's data sets."""
    task = made(tmp_path, prompt="{prompt}")
    row = {"prompt": [{"role": "user", "content": "?"}], "a": 1, "tone": "x"}
    (tmp_path / "rows.jsonl").write_text(f"{json.dumps(row)}\n" * 10)
    with pytest.raises(TaskError, match=r"text or a number in \"prompt\" .* not a list: "):
        task.load("train")


@pytest.mark.parametrize("answer", ["", "  ", "worked out\n#### "])
def test_an_empty_answer_is_told_where_it_is_compared_with(tmp_path: Path, answer: str) -> None:
    for grader in ("exact", "number", "math-verify"):
        task = made(tmp_path, grader=grader, answer=answer)
        with pytest.raises(TaskError, match=r"line 1: expected an answer in .* it is empty\.$"):
            task.load("train")
    (tmp_path / "g.py").write_text("def right(problem, response):\n    return True\n")
    assert made(tmp_path, grader="g.py:right", answer=answer).load("train")[0].answer == answer


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json", "rows.csv"])
def test_a_byte_order_mark_is_no_part_of_the_data(tmp_path: Path, name: str) -> None:
    rows = [{"q": f"{i}?", "a": i, "tone": "x"} for i in range(10)]
    text = {
        ".jsonl": "\r\n".join(map(json.dumps, rows)),
        ".json": json.dumps(rows),
        ".csv": "q,a,tone\r\n" + "".join(f"{r['q']},{r['a']},x\r\n" for r in rows),
    }[Path(name).suffix]
    task = made(tmp_path, data=name)
    (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert [(p.question, p.answer) for p in task.load("test")] == [("9? Box it.", "9")]


def test_a_grader_of_ones_own_sees_the_row_and_may_return_a_whole_grade(tmp_path: Path) -> None:
    (tmp_path / "g.py").write_text(
        "from srpo_bench.tasks.base import Grade, Outcome\n"
        "def yes(problem, response):\n    return problem.meta['row']['tone'] in response\n"
        "def whole(problem, response):\n"
        "    return Grade(Outcome.WRONG, fields={'near': 0.5})\n"
        "def odd(problem, response):\n    return 'perhaps'\n"
        "def number(problem, response):\n    return float(response)\n"
    )
    task = made(tmp_path, grader="g.py:yes")
    problem = task.load("train")[0]
    assert [g.accuracy for g in task.grade([problem] * 2, ["brief", "long"])] == [1.0, 0.0]
    task = made(tmp_path, grader="g.py:whole")
    assert task.grade([problem], [""]) == [Grade(Outcome.WRONG, fields={"near": 0.5})]
    with pytest.raises(TaskError, match="odd returned 'perhaps', neither True or False nor"):
        made(tmp_path, grader="g.py:odd").grade([problem], [""])
    counts = made(tmp_path, grader="g.py:number")
    assert [g.accuracy for g in counts.grade([problem] * 2, ["1", "0"])] == [1.0, 0.0]
    with pytest.raises(TaskError, match=r"number returned 2\.0, neither"):
        counts.grade([problem], ["2"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"promt": "x"}, "unknown key 'promt'; did you mean 'prompt'?"),
        ({"prompt": None}, "'prompt' is missing"),
        ({"data": {"tran": "x", "test": "y"}}, "unknown key 'tran'; did you mean 'train'?"),
        ({"grader": "exakt"}, "grader 'exakt' is not one of exact, number, math-verify"),
        ({"max_new_tokens": 0}, "'max_new_tokens': Input should be greater than 0"),
    ],
)
def test_a_description_that_is_none_is_told(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(TaskError) as told:
        made(tmp_path, **changes)
    assert message in str(told.value)
    assert str(tmp_path / "sums.yaml") in str(told.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prompt": "{question}"}, r'rows\.jsonl, line 1: expected "question" for .*there are: q'),
        ({"answer": "{q}", "grader": "number"}, "line 1: expected '{q}' to be a number"),
        ({"data": "none.jsonl"}, "Cannot read .*none.jsonl: No such file"),
        ({"rows": 9}, "holds 9 rows; 10 are needed"),
    ],
)
def test_rows_that_do_not_fit_are_told_with_their_line(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(TaskError, match=message):
        made(tmp_path, **changes).load("train")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_a_float_that_is_no_number_is_no_answer(tmp_path: Path, value: str) -> None:
    """Python writes them into JSON, and no response would ever be right."""
    task = made(tmp_path)
    path = tmp_path / "rows.jsonl"
    rows = path.read_text().splitlines()
    path.write_text("\n".join([f'{{"q": "1+1?", "a": {value}}}', *rows]))
    with pytest.raises(TaskError, match='line 1: expected a finite number in "a"'):
        task.load("train")


def test_a_template_takes_fields_and_nothing_else(tmp_path: Path) -> None:
    problem = made(tmp_path, prompt="{{q}} {q} {} {{a.__class__}} {the q}").load("train")[0]
    assert problem.question == "{q} rows 0+1? {} {a.__class__} {the q}"


@pytest.mark.parametrize("key", ["prompt", "system", "answer", "level"])
@pytest.mark.parametrize("inside", ["{q[0][content]}", "{q[0]}", "{q.text}", "{q!r}", "{q:>5}"])
def test_what_stands_inside_a_field_is_no_template(tmp_path: Path, key: str, inside: str) -> None:
    """It was asked as it is written: every row had one prompt, and nobody was told."""
    with pytest.raises(TaskError) as refused:
        made(tmp_path, **{key: f"{{{{q.x}}}} {inside}"})  # type: ignore[arg-type]
    assert str(refused.value).startswith(
        f"{tmp_path / 'sums.yaml'}: {key!r} has {inside}, and a field stands alone between braces:"
    )


@pytest.mark.parametrize("key", ["prompt", "system"])
def test_a_request_for_a_box_does_not_show_the_answer(tmp_path: Path, key: str) -> None:
    with pytest.raises(TaskError, match=r"show the row's 'a' in the box; as text .*boxed\{\{a\}\}"):
        made(tmp_path, **{key: r"{q} in \boxed{a}."})  # type: ignore[arg-type]
    asked = made(tmp_path, **{key: r"{q} in \boxed{{a}}, \boxed{} or \boxed{your a}."})  # type: ignore[arg-type]
    said = asked.render(asked.load("train")[0])
    assert r"in \boxed{a}, \boxed{} or \boxed{your a}." in str(said)


def test_an_empty_question_is_told(tmp_path: Path) -> None:
    task = made(tmp_path, prompt="{q}\n", system=None)
    (tmp_path / "rows.jsonl").write_text('{"q": " ", "a": 1}\n' * 10)
    with pytest.raises(TaskError, match=r"line 1: expected a question in '\{q\}.*it is empty"):
        task.load("train")


@pytest.mark.parametrize(("grader", "told"), [("exact", True), ("number", False)])
def test_a_float_is_not_compared_as_text(tmp_path: Path, grader: str, told: bool) -> None:
    """pandas makes floats of whole numbers where one is missing, and nobody answers 59.0."""
    task = made(tmp_path, grader=grader)
    (tmp_path / "rows.jsonl").write_text('{"q": "?", "a": 59.0, "tone": "brief"}\n' * 10)
    if not told:
        problem = task.load("train")[0]
        assert task.grade([problem], ["59"])[0].accuracy == 1
        return
    with pytest.raises(TaskError, match=r"expected text or a whole number for .*not 59\.0"):
        task.load("train")


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_question_that_shows_nothing_of_its_row_is_told(tmp_path: Path, blank: str) -> None:
    """Whatever the template says beside it. A field that may be empty stands beside others."""
    task = made(tmp_path)
    rows = [{"q": blank, "a": 1, "tone": "brief"}] * 20
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(TaskError, match=r"a question in '\{q\} Box it\.', and it is empty"):
        task.load("test")
    beside = read(_described(tmp_path, prompt="{tone} {q}"), tmp_path)()
    assert len(beside.load("test")) == 2


def test_a_truth_value_is_not_compared_as_text(tmp_path: Path) -> None:
    task = made(tmp_path, grader="exact")
    rows = [{"q": "Is it?", "a": True, "tone": "brief"}] * 20
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(TaskError, match="not a truth value, which here is written True"):
        task.load("test")


@pytest.mark.parametrize(
    ("gold", "said"), [("caf\u00e9", "cafe\u0301"), ("cafe\u0301", "caf\u00e9")]
)
def test_one_text_in_two_normal_forms_is_one_answer(tmp_path: Path, gold: str, said: str) -> None:
    task = made(tmp_path, grader="exact")
    rows = [{"q": "Where?", "a": gold, "tone": "brief"}] * 20
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    problem, *_ = task.load("test")
    grades = task.grade([problem] * 2, [said, "cafe"])
    assert [grade.outcome for grade in grades] == [Outcome.CORRECT, Outcome.WRONG]


def _described(folder: Path, **changes: str) -> Path:
    path = folder / "beside.yaml"
    path.write_text(json.dumps({**GOOD, **changes}))
    return path
