"""A task that a YAML file describes: where its rows are, how they are asked, and how graded."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from srpo_bench import files, strict_yaml
from srpo_bench.plugins import nearest
from srpo_bench.tasks import numbers
from srpo_bench.tasks.base import (
    Grade,
    Message,
    Outcome,
    Problem,
    Prompt,
    Split,
    Style,
    Task,
    TaskError,
)
from srpo_bench.tasks.dataset import Row, from_file
from srpo_bench.tasks.grading import last_boxed
from srpo_bench.tasks.math import by_box
from srpo_bench.tasks.plainly import as_number, as_text

FIELD = re.compile(r"\{\{|\}\}|\{([A-Za-z_]\w*)\}")
"""``{question}`` is a row's field; braces of one's own are doubled."""

INSIDE = re.compile(r"\{\{|(\{[A-Za-z_]\w*(?:\[|\.\w|!|:)[^{}]*\})")
"""What Python's ``format`` would look up inside a field, and no template does."""

BOXED = re.compile(r"(boxed)\{([A-Za-z_]\w*)\}")
"""A request for a box that would show what is to stand in it."""

GRADERS = ("exact", "number", "math-verify")


class Files(BaseModel):
    """One file a split."""

    model_config = ConfigDict(extra="forbid")
    train: str | None = None
    dev: str | None = None
    test: str


class Description(BaseModel):
    """What the YAML file says."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field("", description="empty: the file's own")
    summary: str = "described by a YAML file"
    data: str | Files = Field(
        description="JSONL, parquet, JSON or CSV, from the YAML's folder; of one file the last "
        "tenth is test, the tenth before it dev"
    )
    prompt: str = Field(description="template over a row's fields, as {question}")
    system: str = Field("", description="template; a chat's system turn, or what stands first")
    answer: str = Field("{answer}", description="template of what is compared with")
    level: str = Field("", description="template; the pool is drawn evenly over levels")
    grader: str = Field("exact", description="exact, number, math-verify or FILE.py:function")
    max_new_tokens: int = Field(256, gt=0)
    stop: list[str] = []


def read(path: Path, home: Path) -> Callable[[], Described]:
    """What makes the task that ``path`` describes, with data from ``home``.

    Raises:
        TaskError: no YAML, an unknown key, or an invalid value (the key is named).
    """
    try:
        values = strict_yaml.load(files.read(path))
    except files.FileError as error:
        raise TaskError(str(error)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TaskError(f"{path} is not YAML: {' '.join(str(error).split())}.") from error
    if not isinstance(values, dict):
        raise TaskError(
            f"{path} must hold a mapping such as data: x.jsonl, prompt: '{{question}}'."
        )
    try:
        form = Description.model_validate(values)
    except ValidationError as error:
        raise TaskError(_sentence(path, error)) from error
    if form.grader not in GRADERS and not files.REFERENCE.fullmatch(form.grader):
        raise TaskError(
            f"{path}: grader {form.grader!r} is not one of {', '.join(GRADERS)}, mine.py:f."
        )

    _refuse_misread(path, form)

    class Made(Described):
        name = form.name or path.stem
        summary = form.summary
        max_new_tokens = form.max_new_tokens
        stop = tuple(form.stop)
        description, folder, at = form, home, path.parent

    return Made


def _refuse_misread(path: Path, form: Description) -> None:
    """Refuse braces that would mean something else than their writer thinks."""
    templates = {key: getattr(form, key) for key in ("prompt", "system", "answer", "level")}
    for key, template in templates.items():
        if inside := next((m[1] for m in INSIDE.finditer(template) if m[1]), None):
            raise TaskError(
                f"{path}: {key!r} has {inside}, and a field stands alone between braces: give what "
                "is inside of it a column of its own, or double the braces that are text."
            )
        if key in ("prompt", "system") and (box := BOXED.search(template)):
            raise TaskError(
                f"{path}: {key!r} would show the row's {box[2]!r} in the box; as text it is "
                f"\\boxed{{{{{box[2]}}}}}."
            )


def grader_file(path: Path) -> str:
    """The Python file that a description's grader stands in; empty where it has none.

    Raises:
        TaskError: as ``read``, or the file does not lie beside the YAML.
    """
    kind: Any = read(path, path.parent)
    grader = files.REFERENCE.fullmatch(kind.description.grader)
    if grader and Path(grader["path"]).name != grader["path"]:
        raise TaskError(f"{path}: a grader's file lies beside its YAML and is named alone.")
    return grader["path"] if grader else ""


def _sentence(path: Path, error: ValidationError) -> str:
    errors = error.errors()
    of_files = [e for e in errors if len(e["loc"]) > 2]  # of data as a mapping, not as a text
    first = (of_files or errors)[0]
    key = str(first["loc"][0]) if first["loc"] else ""
    last = str(first["loc"][-1]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        keys = Files.model_fields if len(first["loc"]) > 1 else Description.model_fields
        return f"{path}: unknown key {last!r}; {nearest(last, keys)}"
    if first["type"] == "missing":
        return f"{path}: {last!r} is missing."
    return f"{path}: {key!r}: {first['msg']}, got {first['input']!r:.60}."


class Described(Task):
    """Made by ``read``."""

    kind = "math"
    description: Description
    folder: Path
    at: Path
    """Where the YAML lies, and its grader; ``folder`` is where its data are looked for."""

    def load(self, split: Split, data_dir: Path | None = None) -> list[Problem]:
        """The split's file, or its share of the one file."""
        data, function = self.description.data, self._function
        if isinstance(data, str):
            rows = _share(from_file(self._path(data)), split, self._path(data))
        else:
            name = getattr(data, split)
            if name is None:
                raise TaskError(f"{self.name} has no {split} split: its YAML names no such file.")
            rows = list(enumerate(from_file(self._path(name))))
        return [self._problem(split, i, row, keep=function is not None) for i, row in rows]

    def render(self, problem: Problem, style: Style = "base", shots: int = 0) -> Prompt:
        """The two templates, as turns of a chat or one after the other."""
        if shots:
            raise TaskError(f"{self.name} has no worked examples; leave data.shots at 0.")
        system = str(problem.meta.get("system", ""))
        if style == "base":
            return f"{system}\n\n{problem.question}" if system else problem.question
        first: list[Message] = [{"role": "system", "content": system}] if system else []
        return [*first, {"role": "user", "content": problem.question}]

    def grade(self, problems: Sequence[Problem], responses: Sequence[str]) -> list[Grade]:
        """Grade by the grader that the description names."""
        pairs = list(zip(problems, responses, strict=True))
        if self._function is not None:
            return [self._judged(problem, response) for problem, response in pairs]
        if self.description.grader == "math-verify":
            return by_box([problem.answer for problem in problems], responses)
        by = {"exact": as_text, "number": as_number}[self.description.grader]
        return [by(problem, response) for problem, response in pairs]

    @property
    def _function(self) -> Callable[[Problem, str], object] | None:
        """The user's own grader."""
        reference = files.REFERENCE.fullmatch(self.description.grader)
        if reference is None:
            return None
        function: Any = files.load(self.at / reference["path"], reference["attribute"], TaskError)
        return function  # type: ignore[no-any-return]

    def _judged(self, problem: Problem, response: str) -> Grade:
        assert self._function is not None
        verdict = self._function(problem, response)
        if isinstance(verdict, Grade):
            return verdict
        if isinstance(verdict, bool) or verdict in (0, 1):
            return Grade(Outcome.CORRECT if verdict else Outcome.WRONG)
        raise TaskError(
            f"{self.name}: {self.description.grader} returned {verdict!r:.60}, "
            "neither True or False nor a Grade."
        )

    def _path(self, name: str) -> Path:
        return self.folder / Path(name).expanduser()

    def _problem(self, split: str, index: int, row: Row, keep: bool) -> Problem:
        description = self.description
        answer = _filled(description.answer, row)
        if description.grader in GRADERS:
            answer = _expected(description, answer, row)
        question = _filled(description.prompt, row)
        shown = [str(row.values[name]) for name in _fields(description.prompt)]
        if not "".join(shown or [question]).strip():
            raise row.error(f"a question in {description.prompt!r:.60}, and it is empty")
        own = {"row": dict(row.values)} if keep else {}
        return Problem(
            id=f"{self.name}/{split}/{index}",
            task=self.name,
            kind="math",
            question=question,
            answer=answer,
            level=_filled(description.level, row),
            meta={"system": _filled(description.system, row), **own, **row.origin},
        )


def _expected(description: Description, answer: str, row: Row) -> str:
    """What a grader of ours compares with: of a worked solution what stands behind ``####``, as in
    GSM8K, or in its last box, as in MATH."""
    _, mark, behind = answer.rpartition("####")
    expected = behind if mark else last_boxed(answer) or answer
    if not expected.strip():
        raise row.error(f"an answer in {description.answer!r}, and it is empty")
    fields = [row.values[name] for name in _fields(description.answer)]
    if description.grader == "exact" and any(isinstance(value, float) for value in fields):
        raise row.error(f"text or a whole number for grader exact, not {expected}; use number")
    if any(isinstance(value, bool) for value in fields):
        raise row.error(f"text or a number, not a truth value, which here is written {expected}")
    if description.grader == "number" and numbers.value(expected.strip()) is None:
        raise row.error(f"{description.answer!r} to be a number, not {answer!r:.60}")
    return expected.strip()


def _share(rows: Sequence[Row], split: Split, path: Path) -> list[tuple[int, Row]]:
    """A split's rows of one file, by their places in it."""
    tenth = min(500, len(rows) // 10)
    if not tenth:
        raise TaskError(f"{path} holds {len(rows)} rows; 10 are needed to hold some out.")
    numbered = list(enumerate(rows))
    parts = {"train": numbered[: -2 * tenth], "dev": numbered[-2 * tenth : -tenth]}
    return parts.get(split, numbered[-tenth:])


def _fields(template: str) -> list[str]:
    """The fields that a template shows."""
    return [name for name in FIELD.findall(template) if name]


def _filled(template: str, row: Row) -> str:
    """A template with a row's fields in it."""

    def put(field: re.Match[str]) -> str:
        if field[1] is None:
            return field[0][0]
        if field[1] not in row.values:
            values: Mapping[str, Any] = row.values
            raise row.error(f'"{field[1]}" for {template!r:.60}; {nearest(field[1], values)[:-1]}')
        value = row.values[field[1]]
        if value is None or isinstance(value, list | dict):
            kind = "nothing (null)" if value is None else f"a {type(value).__name__}: {value!r:.60}"
            raise row.error(f'text or a number in "{field[1]}" for {template!r:.60}, not {kind}')
        if isinstance(value, float) and not math.isfinite(value):
            raise row.error(f'a finite number in "{field[1]}" for {template!r:.60}, not {value}')
        return str(value)

    return FIELD.sub(put, template)
