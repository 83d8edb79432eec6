"""TensorBoard: event files, or a folder of them. Scalars of one step make a row.

Which tag is the accuracy is known where verl, OpenRLHF or TRL wrote it; else --metric names it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from srpo_bench.results.importers import openrlhf, trl, verl
from srpo_bench.results.importers.logs import Cost, Row, Trainer
from srpo_bench.results.importers.record import Notes
from srpo_bench.results.schema import Unit
from srpo_bench.results.store import ResultsError

TORN = "torn last event"
FRAME = 16
"""Bytes around a record: length, its checksum, the data's checksum."""


def rows(path: Path, notes: Notes) -> Iterator[Row]:
    """Consecutive scalars of one step, file by file."""
    for file in _files(path):
        step, values, first = -1, dict[str, float](), 0
        for number, event in enumerate(_events(file, notes), 1):
            scalars = {v.tag: n for v in event.summary.value if (n := _scalar(v)) is not None}
            again = scalars.keys() & values.keys() or _next_set(scalars, values)
            if scalars and (event.step != step or again):
                if values:
                    yield Row(step, values, first)
                step, values, first = event.step, {}, number
            values |= scalars
        if values:
            yield Row(step, values, first)


def scores(values: Mapping[str, Any]) -> dict[str, str]:
    """Accuracies, by the tags of the trainers that write event files."""
    keys = verl.scores(values) or openrlhf.scores(values)
    if keys:
        return keys
    tags = {_trl(tag): tag for tag in values if tag.startswith("eval/")}
    return {task: tags[key] for task, key in trl.scores(tags).items()}


def counts(values: Mapping[str, Any]) -> Unit:
    """What a step counts, by the same tags; that transformers' Trainer wrote them, its clock of
    evaluations shows."""
    if verl.scores(values) or openrlhf.scores(values):
        return "rollout batch"
    huggingface = any(tag.startswith("eval/") and tag.endswith("runtime") for tag in values)
    return "update" if huggingface else "unstated"


def cost(values: Mapping[str, Any], steps: int) -> Cost | None:
    """Such logs do not say."""
    return None


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(p for p in path.iterdir() if "tfevents" in p.name and p.is_file())
    if not files:
        raise ResultsError(f"{path} holds no event files (their names contain 'tfevents').")
    return files


def _events(path: Path, notes: Notes) -> Iterator[Any]:
    """The whole events of a file, one at a time."""
    try:
        from google.protobuf.message import DecodeError
        from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
        from tensorboard.compat.proto.event_pb2 import Event
    except ImportError as error:
        raise ResultsError(
            "Event files are read by the package tensorboard, which is not installed: "
            "pip install 'srpo-bench[tracking]'."
        ) from error
    if not path.is_file() or not path.stat().st_size:
        raise ResultsError(f"{path} is {'empty' if path.is_file() else 'not there'}.")
    read = 0
    for record in RawEventFileLoader(str(path)).Load():
        try:
            event = Event.FromString(record)
        except DecodeError as error:
            raise ResultsError(f"{path}, byte {read}: no event.") from error
        read += len(record) + FRAME
        yield event
    _check_end(path, read, notes)


def _check_end(path: Path, read: int, notes: Notes) -> None:
    """The loader stops without a word at a record that is cut off or damaged: which was it?"""
    with path.open("rb") as f:
        f.seek(read)
        head = f.read(12)
    if not head:
        return
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    cut = len(head) < 12 or masked_crc32c(head[:8]) == struct.unpack("<I", head[8:])[0]
    left = path.stat().st_size - read
    if cut and len(head) == 12 and struct.unpack("<Q", head[:8])[0] + FRAME <= left:
        cut = False  # it is all there, and its data fail their checksum
    if not cut or not read:
        fault = f"is damaged at byte {read}" if read else "is no TensorBoard event file"
        raise ResultsError(f"{path} {fault}.")
    notes.skipped[TORN] += 1


def _scalar(value: Any) -> float | None:
    """A scalar in either of the forms that writers use; None for texts, images, histograms."""
    if value.HasField("simple_value"):
        return _shortest(value.simple_value)
    if value.HasField("tensor") and not value.tensor.string_val:
        from tensorboard.util import tensor_util

        array = tensor_util.make_ndarray(value.tensor)
        if array.size == 1 and array.dtype.kind in "fiu":
            return _shortest(array.item()) if array.dtype == np.float32 else float(array.item())
    return None


def _shortest(value: float) -> float:
    """A float32 as the shortest decimal that names it: 0.7, not 0.699999988."""
    return float(str(np.float32(value)))


def _next_set(scalars: Mapping[str, float], values: Mapping[str, float]) -> bool:
    """Do these begin TRL's next evaluation set? Its name comes first, and before shared tags."""
    named, before = (
        next((m["task"] for tag in tags if (m := trl.SET.fullmatch(_trl(tag)))), None)
        for tags in (scalars, values)
    )
    return named is not None and before is not None and named != before


def _trl(tag: str) -> str:
    return tag.replace("eval/", "eval_", 1)


TRAINER = Trainer("an event file of TensorBoard's", rows, scores, cost, "event", counts)
