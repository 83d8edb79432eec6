from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest

from srpo_bench.tasks import dataset
from srpo_bench.tasks.base import TaskError
from srpo_bench.tasks.dataset import Row, Source, from_file, hold_out, read

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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("q,a\n1+1,2\nWhat is 1,000+2?,1002\n", "line 3: expected 2 columns, as in the header"),
        ("q,a,a\n1+1,2,3\n", "has two columns called 'a'"),
    ],
)
def test_columns_of_a_csv_that_do_not_fit_its_header_are_told(
    tmp_path: Path, text: str, message: str
) -> None:
    """Else the cells behind a comma would be read under another name."""
    path = tmp_path / "rows.csv"
    path.write_text(text)
    with pytest.raises(TaskError, match=message):
        from_file(path)
    path.write_text('q,a\n"What is 1,000+2?",1002\nshort\n')
    assert [row.values for row in from_file(path)] == [
        {"q": "What is 1,000+2?", "a": "1002"},
        {"q": "short", "a": None},
    ]


@pytest.mark.parametrize("suffix", ["jsonl", "json"])
@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('{"answer": "1", "question": "?", "answer": "2"}', "'answer' stands twice in one object"),
        ('{"question": "?", "answer": "\\ud83d"}', "ud83d' is half of a surrogate pair"),
    ],
)
def test_json_that_does_not_mean_one_text_is_told(
    tmp_path: Path, suffix: str, row: str, said: str
) -> None:
    path = tmp_path / f"rows.{suffix}"
    path.write_text(row + "\n" if suffix == "jsonl" else f"[{row}]")
    with pytest.raises(TaskError, match=said):
        from_file(path)


def test_both_halves_of_a_surrogate_pair_are_text(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"answer": "\\ud83d\\ude00"}\n')
    assert from_file(path)[0].values == {"answer": "\U0001f600"}


def test_a_folder_is_no_file_of_rows(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"is a folder: name a JSONL, parquet.*to_parquet"):
        from_file(tmp_path)


def test_parquet_holds_the_same_rows(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = [{"question": "a", "n": 1}, {"question": "b", "n": 2}]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    as_json = read(SOURCE, write(tmp_path, lines))
    other = tmp_path / "other"
    (other / "toy").mkdir(parents=True)
    parquet.write_table(pyarrow.Table.from_pylist(rows), other / "toy" / "train.parquet")
    found = read(SOURCE, other)
    assert [r.values for r in found] == [r.values for r in as_json]
    assert [r.where.rpartition(", ")[2] for r in found] == ["row 1", "row 2"]
    (tmp_path / "torn.parquet").write_bytes(b"PAR1")
    with pytest.raises(TaskError, match=r"torn\.parquet: expected a parquet file; "):
        dataset.from_file(tmp_path / "torn.parquet")


def test_missing_file_names_it_and_the_hub(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"toy/train\.jsonl .*owner/toy"):
        read(SOURCE, tmp_path)


def test_without_the_hub_the_sentence_names_data_dir(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    with pytest.raises(TaskError, match="--data-dir"):
        read(SOURCE, None)


def test_rows_of_the_hub_come_part_by_part_at_the_revision_that_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []
    parts = {"main": [{"question": "a", "n": 1}], "more": [{"question": "b", "n": 2}]}

    def load(hub: str, config: str, **how: str) -> list[dict[str, object]]:
        asked.append((hub, config, how))
        return parts[config]

    offline = SimpleNamespace(HF_HUB_OFFLINE=False)
    made = SimpleNamespace(config=offline, load_dataset=load)
    monkeypatch.setitem(sys.modules, "datasets", made)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    for answers in (True, False):
        monkeypatch.setattr(dataset, "_reachable", lambda answers=answers: answers)
        rows = dataset._from_hub(replace(SOURCE, configs=("main", "more")))
        assert offline.HF_HUB_OFFLINE is not answers
        assert huggingface_hub.constants.HF_HUB_OFFLINE is not answers
    assert [row.where for row in rows] == [
        "owner/toy (main, train), row 1", "owner/toy (more, train), row 1",
    ]  # fmt: skip
    assert [row.values["question"] for row in rows] == ["a", "b"]
    assert rows[0].origin == {"source": "owner/toy", "revision": "abc", "official": True}
    how = {"split": "train", "revision": "abc"}
    assert asked == [("owner/toy", "main", how), ("owner/toy", "more", how)] * 2
    with pytest.raises(TaskError, match="train has 1 rows; expected 2 at revision abc"):
        dataset._from_hub(replace(SOURCE, configs=("main",)))


@pytest.mark.parametrize(
    ("endpoint", "port"),
    [("https://hub", 443), ("http://hub", 80), ("https://hub:8443", 8443)],
)
def test_a_hub_is_asked_whether_it_answers_but_behind_a_proxy(
    endpoint: str, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def connect(where: object, timeout: float) -> SimpleNamespace:
        asked.append((where, timeout))
        if len(asked) > 1:
            raise OSError
        return SimpleNamespace(close=lambda: asked.append("closed"))

    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", endpoint)
    monkeypatch.setattr(dataset.urllib.request, "getproxies", dict)
    monkeypatch.setattr(dataset.socket, "create_connection", connect)
    assert dataset._reachable()
    assert asked == [(("hub", port), dataset.CONNECT_SECONDS), "closed"]
    assert not dataset._reachable()
    monkeypatch.setattr(dataset.urllib.request, "getproxies", lambda: {"https": "proxy"})
    assert dataset._reachable()
    assert len(asked) == 3


def test_hold_out_is_the_tail(tmp_path: Path) -> None:
    lines = "".join(json.dumps({"question": "q", "n": n}) + "\n" for n in range(30))
    rows = read(SOURCE, write(tmp_path, lines))
    assert [i for i, _ in hold_out(rows, dev=True)] == [27, 28, 29]
    assert [i for i, _ in hold_out(rows, dev=False)] == list(range(27))


@pytest.mark.parametrize(("rows", "held"), [(20, 2), (4999, 499), (5000, 500), (7473, 500)])
def test_at_most_five_hundred_rows_are_held_out(rows: int, held: int) -> None:
    every = tuple(Row("", {}, {}) for _ in range(rows))
    assert [number for number, _ in hold_out(every, dev=True)] == list(range(rows - held, rows))
    assert len(hold_out(every, dev=False)) == rows - held
