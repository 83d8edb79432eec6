from __future__ import annotations

import json
from pathlib import Path

import pytest

from srpo_bench.tasks.base import TaskError
from srpo_bench.tasks.dataset import Source, hold_out, read

SOURCE = Source(("toy/train",), (("question", str), ("n", int)), "owner/toy", "abc", "train", 2)


def write(folder: Path, text: str | bytes) -> Path:
    file = folder / "toy" / "train.jsonl"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def test_rows_come_in_file_order_and_say_where_from(tmp_path: Path) -> None:
    rows = read(SOURCE, write(tmp_path, '{"question": "a", "n": 1}\n\n{"question": "b", "n": 2}\n'))
    assert [row.values["n"] for row in rows] == [1, 2]
    assert rows[1].where.endswith("train.jsonl, line 3")
    assert rows[0].origin["official"] is False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"question": "a", "n": 1}\n{oops\n', r"line 2: expected a JSON object"),
        ("[1]\n", r"line 1: expected a JSON object, not list"),
        ('{"question": "a"}\n', r'line 1: expected .*"n" is missing'),
        ('{"question": 3, "n": 1}\n', r'line 1: expected .*"question" is not? text'),
        ('{"question": " ", "n": 1}\n', r'line 1: expected .*"question" is empty'),
        (b'{"question": "a", "n": 1}\n\xff\n', r"line 2: expected UTF-8"),
        ("", r"holds no rows"),
    ],
)
def test_malformed_data_names_file_and_line(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    with pytest.raises(TaskError, match=message):
        read(SOURCE, write(tmp_path, text))


def test_parquet_holds_the_same_rows(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = [{"question": "a", "n": 1}, {"question": "b", "n": 2}]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    as_json = read(SOURCE, write(tmp_path, lines))
    other = tmp_path / "other"
    (other / "toy").mkdir(parents=True)
    parquet.write_table(pyarrow.Table.from_pylist(rows), other / "toy" / "train.parquet")
    assert [r.values for r in read(SOURCE, other)] == [r.values for r in as_json]


def test_missing_file_names_it_and_the_hub(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"toy/train\.jsonl .*owner/toy"):
        read(SOURCE, tmp_path)


def test_without_the_hub_the_sentence_names_data_dir(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    with pytest.raises(TaskError, match="--data-dir"):
        read(SOURCE, None)


def test_hold_out_is_the_tail(tmp_path: Path) -> None:
    lines = "".join(json.dumps({"question": "q", "n": n}) + "\n" for n in range(30))
    rows = read(SOURCE, write(tmp_path, lines))
    assert [i for i, _ in hold_out(rows, dev=True)] == [27, 28, 29]
    assert [i for i, _ in hold_out(rows, dev=False)] == list(range(27))
