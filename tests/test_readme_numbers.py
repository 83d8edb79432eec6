"""Every number that README states of the published comparisons is that of their summary.json."""

from __future__ import annotations

from typing import Any

import pytest

from scripts import blocks, method_pages, readme, real_model

TEXT = readme.README.read_text(encoding="utf-8")


def test_the_blocks_are_what_the_summaries_say() -> None:
    assert blocks.written(TEXT, readme.BLOCKS) == TEXT, "run: python scripts/readme.py"


def test_a_block_without_a_line_does_not_take_the_text_behind_it() -> None:
    marks = [f"<!-- from results/published: {name} -->\n" for name in "ab"]
    page = f"{marks[0]}<!-- end -->\nkept\n{marks[1]}old\n<!-- end -->"
    with pytest.raises(SystemExit, match=r"no block between .*: a -->"):
        blocks.written(page, {"a": lambda: "new"})
    assert blocks.written(page, {"b": lambda: "new"}) == page.replace("old", "new")


def test_the_section_of_results_states_no_number_of_its_own() -> None:
    section = TEXT.partition("\n## What came out\n")[2].partition("\n## ")[0]
    assert "results/published" in section
    assert blocks.numbers_outside(section, readme.BLOCKS) == []
    assert "steps-90" in TEXT.partition("\n## The answer\n")[2].partition("![")[0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It took 1.38 times", ["1.38"]),
        ("<!-- from results/published: answer -->\n13 % fewer\n<!-- end --> and 8 pairs", ["8"]),
        ("`lr 2e-4`, [a page](docs/8.md), steps-90, micro-gsm8k", []),
    ],
)
def test_numbers_outside_are_found(text: str, found: list[str]) -> None:
    assert blocks.numbers_outside(text, readme.BLOCKS) == found


def test_a_change_is_said_in_the_claims_unit_with_its_interval() -> None:
    def told(ratio: float | None, *interval: float | None) -> str:
        return blocks.change({"ratio": ratio, "interval": interval or None})

    assert told(0.872, 0.831, 0.911) == "13 % fewer (9 to 17 % fewer)"
    assert told(1.002, 0.96, 1.05) == "0.2 % more (4 % fewer to 5 % more)"
    assert told(1.32, 0.83, None) == "32 % more (17 % fewer at best, with no upper end)"
    assert told(0.872) == "13 % fewer (no interval)"
    assert (told(None), blocks.change(None)) == ("not measured", "not measured")


def test_an_arm_without_a_complete_pair_is_said_to_have_none() -> None:
    """Its axes are empty, and shares of no run are null."""
    nothing = {f"reached_{who}": {"value": None} for who in readme.WHO}
    pair = {"challenger": "greso", "pairs": 0, "axes": {}, "grid": {"0.9": nothing}}
    assert readme.arrive(pair) == "–"
    full = {"challenger": "dapo", "pairs": 8, "axes": {"steps": {"ratio": 0.5}}}
    more = {"challenger": "rloo", "pairs": 8, "axes": {"steps": {"ratio": 2.0}}}
    some = {"challenger": "npr", "pairs": 7, "axes": {"steps": {"ratio": 0.1}}}
    told = [
        {"challenger": arm, "claimed": "", "measured": f"{arm}'s steps", "interval": "so and so"}
        for arm in ("greso", "dapo", "rloo", "npr")
    ]
    summary = {"headlines": told, "comparisons": [pair, full, more, some], "seeds": [*range(8)]}
    said = "2 other arms, from `dapo` with dapo's (so and so) to `rloo` with rloo's (so and so):"
    assert said in " ".join(readme._others(summary, "a model").split())
    assert readme._others({**summary, "comparisons": [pair, full, some]}, "a model") == ""
    page = {"baseline": "grpo", "comparisons": [pair]}
    assert method_pages._steps(page, "greso") == "no pair is complete"
    assert real_model._spread(None) == "–"


def test_a_pair_with_a_target_of_its_own_says_which() -> None:
    """Where some of a challenger's runs are missing, its target is of the pairs that there are."""
    assert readme._own_target({"target": 0.2317}, 0.2389) == ", to 23.2 %"
    assert readme._own_target({"target": 0.2389}, 0.2389) == ""
    assert readme._own_target({"target": None}, 0.2389) == ""


def test_a_ratio_with_an_open_end_or_none_is_written() -> None:
    def contrast(*interval: float | None) -> dict[str, Any]:
        return {"value": 1.84, "ratio": 1.84, "interval": interval or None}

    assert readme.ratio(contrast(0.5, 2.0)) == "1.84 (0.50–2.00)"
    assert readme.ratio(contrast(0.12, None)) == "1.84 (0.12 or more)"
    assert readme.ratio(contrast()) == "1.84"
    assert readme.ratio({"value": None, "interval": None}) == "not measured"
    pair = {"challenger": "srpo", "open_runs": ["srpo/seed-1"]}

    def steps(*interval: float | None) -> str:
        made = {**pair, "axes": {"steps": contrast(*interval)}}
        return method_pages._steps({"baseline": "grpo", "comparisons": [made]}, "srpo")

    assert steps(0.5, 2.0) == "1.84 (0.50 to 2.00); 1 run left out"
    assert steps(0.12, None) == "1.84 (0.12 or more); 1 run left out"
    assert steps() == "1.84 (no interval); 1 run left out"
    whole = {**pair, "open_runs": []}
    for bound, said in (("lower", ", a lower bound"), ("upper", ", an upper bound"), (None, "")):
        whole["axes"] = {"steps": {**contrast(0.12, None), "bound": bound}}
        told = method_pages._steps({"baseline": "grpo", "comparisons": [whole]}, "srpo")
        assert told == f"1.84 (0.12 or more){said}"
    spread = {"value": 0.041, "stderr_between_seeds": None}
    assert real_model._spread(spread) == "4.1 %"
    assert real_model._spread({**spread, "stderr_between_seeds": 0.005}) == "4.1 % ± 0.5"
