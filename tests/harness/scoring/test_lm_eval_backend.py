"""lm-eval asks and grades the same model on the same rows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.harness import layers
from srpo_bench.harness.config import Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.scoring.lm_eval_backend import check
from srpo_bench.harness.scoring.score import score_models

pytestmark = pytest.mark.integration  # importing lm-eval takes seconds

ROWS = [
    {"question": f"{i} plus one?", "answer": f"{i}+1=<<{i}+1={i + 1}>>{i + 1}\n#### {i + 1}"}
    for i in range(6)
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "gsm8k").mkdir(parents=True)
    for split in ("test", "train"):
        text = "".join(json.dumps(row) + "\n" for row in ROWS)
        (folder / "gsm8k" / f"{split}.jsonl").write_text(text)
    return folder


def settings(model: Path, data: Path, *tasks: str, shots: int = 0, **final: Any) -> Config:
    values = {
        "model": {"path": str(model), "device": "cpu"},
        "data": {"data_dir": str(data), "style": "base", "shots": shots},
        "final": {"tasks": list(tasks), "temperature": 0, "max_new_tokens": 12, **final},
    }
    return layers.parse(Config, values, "test")


def test_both_backends_get_the_same_responses_and_scores(
    tiny_folder: Path, data: Path, tmp_path: Path
) -> None:
    """The same prompts, greedily: what lm-eval generates and prints is what we do, whatever the
    model's folder says of penalties and limits."""
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    path = folder / "generation_config.json"
    own = {"repetition_penalty": 5.0, "no_repeat_ngram_size": 2, "max_new_tokens": 3}
    path.write_text(json.dumps({**json.loads(path.read_text()), **own}))
    config = settings(folder, data, "gsm8k")
    records, responses = {}, {}
    for backend in ("own", "lm-eval"):
        records[backend] = score_models(config, backend=backend, out=tmp_path / backend)
        lines = [json.loads(x) for x in (tmp_path / backend / "samples.jsonl").open()]
        responses[backend] = [(line["problem"], line["response"]) for line in lines]
    assert responses["own"] == responses["lm-eval"]
    assert len({text for _, text in responses["own"]}) > 1
    assert max(len(text) for _, text in responses["own"]) > own["max_new_tokens"]
    assert {name for name, r in records.items() if "lm-eval" in r["versions"]} == {"lm-eval"}
    ours = {s["metric"]: s["accuracy"] for s in records["own"]["scores"]}
    del ours["number"]  # by value, which lm-eval has no metric for
    theirs = {s["metric"]: s["accuracy"] for s in records["lm-eval"]["scores"]}
    assert theirs == {f"exact_match, {name}": value for name, value in ours.items()}


def test_worked_examples_come_from_the_train_split(
    tiny_folder: Path, data: Path, tmp_path: Path
) -> None:
    config = settings(tiny_folder, data, "gsm8k", shots=1, problems=2, max_new_tokens=4)
    record = score_models(config, backend="lm-eval", out=tmp_path / "out")
    assert [s["n"] for s in record["scores"]] == [2, 2]
    (data / "gsm8k" / "train.jsonl").unlink()
    from srpo_bench.tasks.dataset import read

    read.cache_clear()
    with pytest.raises(UserError, match="no gsm8k/train"):
        score_models(config, backend="lm-eval")


def test_what_lm_eval_cannot_score(tiny_folder: Path, data: Path) -> None:
    with pytest.raises(UserError, match="running model output unprotected"):
        check(settings(tiny_folder, data, "gsm8k", "humaneval"))
    with pytest.raises(UserError, match="gsm8k and math, not micro-math"):
        check(settings(tiny_folder, data, "micro-math"))
    with pytest.raises(UserError, match="leave --k out"):
        check(settings(tiny_folder, data, "gsm8k", temperature=1, k=2))
