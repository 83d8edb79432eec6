"""One palette for files and page: figures are drawn in the light colours, and the page swaps each
for a CSS variable so that inline figures follow the reader's light or dark setting."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
LEFT_OUT = (f"{SVG}metadata", f"{SVG}style")
"""The one says who drew it; the other styles every element of the page, not of the figure."""
LINES = "stroke-linejoin: round; stroke-linecap: butt"
"""What that style said; inherited inside the figure."""
for _prefix, _space in (("", SVG), ("xlink", XLINK)):
    ElementTree.register_namespace(_prefix, _space[1:-1])

INK, SOFT, RULE, PAPER = "#1c2024", "#646b75", "#dfe2e6", "#fdfdfc"
ARMS = (
    "#7a828e",  # the baseline recedes
    "#0f6fb5",
    "#c2571a",
    "#2a8a5f",
    "#8a4fb0",
    "#b03060",
    "#8a7415",
    "#3b8ea5",
    "#5b5bd6",
    "#9a5b3c",
    "#5f8c1e",
)
DASHES = ((), (6, 2), (2, 2), (8, 2, 2, 2), (4, 1), (1, 1.5))
"""Line patterns in the order of the arms, in line widths; solid first."""
MARKERS = "os^DvPX<>p*"
"""matplotlib's names; the page draws the same shapes."""
VARIABLES = {INK: "--ink", SOFT: "--soft", RULE: "--rule", PAPER: "--paper"} | {
    colour: f"--arm-{i}" for i, colour in enumerate(ARMS)
}

RC = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # an imported name may hold a dollar sign
    "font.size": 10,
    "font.family": "sans-serif",
    "axes.edgecolor": RULE,
    "axes.labelcolor": SOFT,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titleweight": "normal",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": SOFT,
    "ytick.major.size": 0,
    "xtick.major.size": 3,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "lines.linewidth": 1.8,
}


def inline(svg: str, title: str, description: str, key: str) -> str:
    """A figure for the page: no fixed size or ids, colours as variables, named for readers.

    Args:
        svg: as matplotlib wrote it. key: the figure's own, for its ids.
    """
    drawn = ElementTree.fromstring(svg)
    for parent in list(drawn.iter()):
        for child in [c for c in parent if c.tag in LEFT_OUT]:
            parent.remove(child)
    named = {"role": "img", "aria-labelledby": f"{key}-t {key}-d", "style": LINES}
    figure = Element(f"{SVG}svg", {"viewBox": drawn.attrib["viewBox"], **named})
    _own_ids(drawn, key)
    for tag, id_, text in (("title", "t", title), ("desc", "d", description)):
        SubElement(figure, f"{SVG}{tag}", {"id": f"{key}-{id_}"}).text = text
    figure.extend(drawn)
    for element in figure.iter():
        element.tail = None  # matplotlib writes no text beside elements, only line ends
        if element.text is not None and not element.text.strip():
            element.text = None
        if element.tag != f"{SVG}svg" and "style" in element.attrib:
            element.set("style", _style(element.attrib["style"]))
    return ElementTree.tostring(figure, encoding="unicode")


def _own_ids(drawn: Element, key: str) -> None:
    """Keep only ids that something refers to, and make them the figure's own."""
    used = {name for e in drawn.iter() for value in e.attrib.values() for name in _refers(value)}
    for element in drawn.iter():
        for attribute, value in list(element.attrib.items()):
            if attribute == "id":
                del element.attrib[attribute]
                if value in used:
                    element.set("id", f"{key}-{value}")
            elif _refers(value):
                element.set(attribute, value.replace("#", f"#{key}-"))


def _refers(value: str) -> list[str]:
    """The id that an attribute's value points to: ``#name`` or ``url(#name)``."""
    if value.startswith("#"):
        return [value[1:]]
    return [value[5:-1]] if value.startswith("url(#") else []


def _style(declarations: str) -> str:
    """The same with colours as variables, and without the font's family: it is the page's."""
    kept = []
    for declaration in declarations.split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name and name != "font-family":
            colour = VARIABLES.get(value)
            kept.append(f"{name}: var({colour})" if colour else f"{name}: {value}")
    return "; ".join(kept)


FEW = 3
"""Arms up to which bands and single crossings can be told apart."""
