"""Figures for the page: a small SVG by hand, and one of matplotlib's."""

import io
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from srpo_bench.results.report import page
from srpo_bench.results.report.figures import marks
from srpo_bench.results.report.style import ARMS, INK, RC, SVG, XLINK, inline
from tests.results.conftest import rendered

DRAWN = f"""<?xml version="1.0" encoding="utf-8" standalone="no"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="460pt" height="345pt" viewBox="0 0 460 345"
 xmlns="http://www.w3.org/2000/svg" version="1.1">
 <metadata><rdf>matplotlib</rdf></metadata>
 <defs><style type="text/css">*{{stroke-linejoin: round}}</style></defs>
 <g id="figure_1">
  <!-- of an axis -->
  <g id="patch_1" clip-path="url(#clip)"><path d="M 0 0" style="fill: {INK}; opacity: 0.5"/></g>
  <defs><path id="mark" d="M 1 1" style="stroke: #123456"/></defs>
  <use xlink:href="#mark" x="3"/>
  <text style="font-size: 10px; font-family: 'DejaVu Sans'; fill: {ARMS[1]}">a {INK} &lt; b</text>
 </g>
 <defs><clipPath id="clip"><rect width="9"/></clipPath></defs>
</svg>"""


@pytest.fixture
def figure() -> ElementTree.Element:
    return ElementTree.fromstring(inline(DRAWN, "A & <b>", 'say "c"', "fig-x"))


def one(figure: ElementTree.Element, tag: str) -> ElementTree.Element:
    (found,) = figure.iter(f"{SVG}{tag}")
    return found


def test_the_figure_is_named_and_has_no_size(figure: ElementTree.Element) -> None:
    assert set(figure.attrib) == {"viewBox", "role", "aria-labelledby", "style"}
    assert figure.attrib["viewBox"] == "0 0 460 345"
    names = [figure.find(f".//*[@id='{i}']") for i in figure.attrib["aria-labelledby"].split()]
    assert [e.text for e in names if e is not None] == ["A & <b>", 'say "c"']
    assert [e.tag for e in figure][:2] == [f"{SVG}title", f"{SVG}desc"]


def test_ids_are_the_figures_own_and_only_those_that_are_used(figure: ElementTree.Element) -> None:
    ids = [e.attrib["id"] for e in figure.iter() if "id" in e.attrib]
    assert sorted(ids) == ["fig-x-clip", "fig-x-d", "fig-x-mark", "fig-x-t"]
    assert one(figure, "use").attrib[f"{XLINK}href"] == "#fig-x-mark"
    assert figure.find(".//*[@clip-path]").attrib["clip-path"] == "url(#fig-x-clip)"  # type: ignore[union-attr]


def test_colours_follow_the_page_and_words_do_not(figure: ElementTree.Element) -> None:
    filled, marked = figure.iter(f"{SVG}path")
    assert filled.attrib["style"] == "fill: var(--ink); opacity: 0.5"
    assert marked.attrib["style"] == "stroke: #123456"
    text = one(figure, "text")
    assert text.attrib["style"] == "font-size: 10px; fill: var(--arm-1)"
    assert text.text == f"a {INK} < b"


def test_nothing_of_it_reaches_beyond_the_figure(figure: ElementTree.Element) -> None:
    tags = {e.tag for e in figure.iter()}
    assert not tags & {f"{SVG}metadata", f"{SVG}style"}
    assert "stroke-linejoin: round" in figure.attrib["style"]
    text = inline(DRAWN, "t", "d", "fig-x")
    assert text.startswith("<svg ")
    assert "<!--" not in text
    assert "DOCTYPE" not in text


def test_what_matplotlib_draws_keeps_its_shapes() -> None:
    with mpl.rc_context(RC), rendered():
        drawn = Figure()
        axes = drawn.subplots()
        axes.plot([0, 1], [2, 3], color=ARMS[2], marker="o", label="grpo")
        axes.legend()
        buffer = io.StringIO()
        drawn.savefig(buffer, format="svg")
    before = ElementTree.fromstring(buffer.getvalue())
    after = ElementTree.fromstring(inline(buffer.getvalue(), "t", "d", "f"))
    paths = [[e.attrib.get("d") for e in tree.iter(f"{SVG}path")] for tree in (before, after)]
    assert paths[0] == paths[1]
    assert "grpo" in {e.text for e in after.iter(f"{SVG}text")}
    assert not any("font-family" in e.attrib.get("style", "") for e in after.iter())
    assert not any(ARMS[2] in str(e.attrib) for e in after.iter())
    known = {e.attrib["id"] for e in after.iter() if "id" in e.attrib}
    used = {e.attrib[f"{XLINK}href"][1:] for e in after.iter(f"{SVG}use")}
    assert used <= known


@pytest.mark.parametrize(("arms", "higher"), [(2, 0.2), (3, 0.2), (4, 0.4)])
def test_a_legend_hides_no_curve_and_takes_no_room_of_theirs(arms: int, higher: float) -> None:
    drawn, axes = marks.figure(4, 3)
    names = [f"arm {i}" for i in range(arms)]
    for name in names:
        axes.plot([0, 1], [0, 1], label=name)
    marks.legend(axes)
    assert axes.get_legend() is None
    (legend,) = drawn.legends
    assert [text.get_text() for text in legend.get_texts()] == names
    assert drawn.get_figheight() == pytest.approx(3 + higher)


def test_the_page_has_every_arms_colour() -> None:
    css = (page.TEMPLATES / "page.css").read_text(encoding="utf-8")
    for i, colour in enumerate(ARMS):
        assert css.count(f"--arm-{i}:") == 2, "one for the light, one for the dark"
        assert f"--arm-{i}: {colour};" in css
        assert f".a{i} {{ color: var(--arm-{i}); }}" in css
