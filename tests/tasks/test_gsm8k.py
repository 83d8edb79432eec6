"""Case by case against lm-eval's own filters and metric."""

from __future__ import annotations

from pathlib import Path

import pytest

from srpo_bench.tasks.base import Outcome, Problem, TaskError
from srpo_bench.tasks.gsm8k import Gsm8k, flexible, matches, strict

DATA = Path(__file__).resolve().parents[2] / "../shared/data"
GOLD = "She has 3*6=<<3*6=18>>18 of them.\n#### 18"
RESPONSES = [
    "#### 18", "#### 18.", "####18", "#### 1,8", "#### -18", "so 18", "18.0", "$18", "$18.",
    "#### 17\n#### 18", "#### 18\n#### 17", "#### $18", "#### 18 dollars", "the answer is 18 or 17",
    "", "none", "...", "#### ", "#### .", "18,", "-18", "- 18", "3.14.15", "#### 018", "٣", "1/18",
    "18%", "####  18", "#### 18\n\nQuestion: 9", "a18b", "#### 1 8", ",18", "0.18", "18\u00a0",
    "\\boxed{18}", "x = 18\n\n", "1e18", "1,018", "$,", "#### 18,000", "18-18",
]  # fmt: skip


def lm_eval_says(pattern: str, group: int, response: str, gold: str) -> tuple[str, bool]:
    metrics = pytest.importorskip("lm_eval.api.metrics")
    from lm_eval.filters.extraction import RegexFilter

    ((extracted,),) = RegexFilter(pattern, group_select=group).apply([[response]], [{}])
    score = metrics.exact_match_hf_evaluate(
        predictions=[extracted],
        references=[gold],
        regexes_to_ignore=[",", "\\$", "(?s).*#### ", "\\.$"],
        ignore_case=True,
    )
    return extracted, bool(score["exact_match"])


@pytest.mark.parametrize("response", RESPONSES)
def test_both_filters_agree_with_lm_eval(response: str) -> None:
    for ours, pattern, group in (
        (strict, "#### (\\-?[0-9\\.\\,]+)", 0),
        (flexible, "(-?[$0-9.,]{2,})|(-?[0-9]+)", -1),
    ):
        extracted, score = lm_eval_says(pattern, group, response, GOLD)
        assert (ours(response) or "[invalid]") == extracted
        assert matches(ours(response), GOLD) == score


OTHERS = {
    "#### 1,8", "1/18", "1e18",  # eighteen for lm-eval's flexible-extract, which drops commas
    "18.0", "#### 018", "#### 18\n\nQuestion: 9",  # eighteen for us, by value and by place
}  # fmt: skip
"""Where the reward and flexible-extract differ."""


def test_the_reward_differs_from_flexible_extract_where_it_is_said() -> None:
    problem = Problem("gsm8k/x", "gsm8k", "math", "?", "18")
    problems = [problem] * len(RESPONSES)
    grades, variants = Gsm8k().grade(problems, RESPONSES), Gsm8k().variants(problems, RESPONSES)
    assert list(variants) == ["flexible-extract", "strict-match"]
    differ = {
        response
        for response, grade, theirs in zip(
            RESPONSES, grades, variants["flexible-extract"], strict=True
        )
        if (grade.accuracy == 1) != theirs
    }
    assert differ == OTHERS


def test_grade_keeps_wrong_and_unparseable_apart() -> None:
    problem = Problem("gsm8k/x", "gsm8k", "math", "?", "18")
    grades = Gsm8k().grade([problem] * 3, ["... #### 18", "17", "no idea"])
    assert [g.outcome for g in grades] == [Outcome.CORRECT, Outcome.WRONG, Outcome.UNPARSEABLE]
    assert [g.format for g in grades] == [1.0, 0.0, 0.0]


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
def test_real_data_splits_and_gold_solutions() -> None:
    task = Gsm8k()
    test = task.load("test", DATA)
    train, dev = task.load("train", DATA), task.load("dev", DATA)
    assert (len(test), len(train), len(dev)) == (1319, 6973, 500)
    assert not {p.id for p in train} & {p.id for p in dev}
    assert all(p.meta["official"] for p in test)
    assert all(g.accuracy == 1 for g in task.grade(test, [p.meta["solution"] for p in test]))
    prompt = task.render(train[0], shots=2)
    assert isinstance(prompt, str)
    assert prompt.count("Question: ") == 3
    assert prompt.endswith(f"Question: {train[0].question}\nAnswer:")
    assert prompt.count(train[0].question) == 1


def test_gold_answer_without_number_names_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "gsm8k" / "test.jsonl"
    file.parent.mkdir()
    file.write_text('{"question": "?", "answer": "#### 1"}\n{"question": "?", "answer": "one"}\n')
    with pytest.raises(TaskError, match=r"test\.jsonl, line 2: expected .*#### "):
        Gsm8k().load("test", tmp_path)
