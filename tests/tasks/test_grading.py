from __future__ import annotations

import pytest

from srpo_bench.tasks.grading import boxed_together, language, last_boxed


@pytest.mark.parametrize(
    ("text", "box"),
    [
        (r"\boxed{1} and \boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{\left\{1\right.}", r"\left\{1\right."),
        (r"\fbox{7}", "7"),
        (r"\boxed {x^{2}}", "x^{2}"),
        (r"\boxed{1} then \boxed{2", None),
        (r"\boxed{1} then \boxed{12", None),
        (r"\boxed{12} then \boxed{1", "12"),
        (r"\boxed{1} then \boxed{1", "1"),
        (r"\boxed{1} then \boxed{1 is it", "1"),
        (r"\boxed{1} then \boxed{", "1"),
        (r"\boxed{\boxed{1}} then \boxed{2", None),
        (r"\boxed{\boxed{1}}", "1"),
        ("no box", None),
        (r"\boxed", None),
        (r"\boxed{}", ""),
        (r"thus $\boxed 42$ or so", "42"),
        (r"thus \boxed 42.", "42"),
        (r"\boxed 42 but \boxed{43}", "43"),
        (r"\boxed \frac{1}{2}", None),
    ],
)
def test_last_boxed(text: str, box: str | None) -> None:
    assert last_boxed(text) == box


@pytest.mark.parametrize(
    ("text", "boxes"),
    [
        (r"\boxed{1} and \boxed{2}", "1, 2"),
        (r"$\boxed{1}$, $\boxed{2}$, and $\boxed{3}$.", "1, 2, 3"),
        (r"\(x_1 = \boxed{1}\quad\text{or}\quad x_2=\boxed{2}\)", "1, 2"),
        (r"\boxed{7}? No: \boxed{1}\text{ and }\boxed{2}", "1, 2"),
        (r"\boxed{1} papers and \boxed{2} bins", "2"),
        (r"\boxed{1}. \boxed{2}", "2"),
        (r"\boxed{1} and \boxed{2} or \boxed{3", None),
        (r"\boxed{\boxed{1}}", "1"),
        (r"\boxed{\boxed{1}} and \boxed{2}", "2"),
        (r"\boxed{1, 2}", "1, 2"),
        ("no box", None),
    ],
)
def test_boxes_side_by_side(text: str, boxes: str | None) -> None:
    assert boxed_together(text) == boxes


def test_boxes_that_never_close_hide_one_that_does_from_the_eighth_on() -> None:
    assert last_boxed(r"\boxed{1}" + r"\boxed{" * 7) == "1"
    assert last_boxed(r"\boxed{1}" + r"\boxed{" * 8) is None


def test_last_boxed_is_quick_on_hostile_text() -> None:
    assert last_boxed(r"\boxed{" * 100_000) is None


def test_language_is_the_share_of_the_main_script() -> None:
    assert language("only English, π included") == 1.0
    assert language("ab да") == 0.5
    assert language("abc да") == 0.6
    assert language("12 + 3 → 15") == 1.0
