"""One palette for files and page: figures are drawn in the light colours, and the page swaps each
for a CSS variable so that inline figures follow the reader's light or dark setting."""

from __future__ import annotations

import re

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
)
VARIABLES = {INK: "--ink", SOFT: "--soft", RULE: "--rule", PAPER: "--paper"} | {
    colour: f"--arm-{i}" for i, colour in enumerate(ARMS)
}

RC = {
    "svg.fonttype": "none",
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
    """A figure for the page: no fixed size or ids, colours as variables, named for readers."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = _own_ids(svg, key)
    svg = re.sub(r"font: (?:\w+ )?([\d.]+)px [^;\"]+", r"font-size: \1px", svg)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.S)
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, f"var({variable})")
    head = re.match(r"<svg[^>]*>", svg)
    assert head is not None
    box = re.search(r'viewBox="[^"]+"', head.group())
    assert box is not None
    opened = (
        f'<svg {box.group()} role="img" aria-labelledby="{key}-t {key}-d" '
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<title id="{key}-t">{_escape(title)}</title>'
        f'<desc id="{key}-d">{_escape(description)}</desc>'
    )
    return re.sub(r"\n\s*", "\n", opened + svg[head.end() :])


def _own_ids(svg: str, key: str) -> str:
    """Keep only ids that something refers to, and make them the figure's own."""
    for name in set(re.findall(r'\bid="([^"]+)"', svg)):
        used = f"#{name}" in svg
        svg = svg.replace(f' id="{name}"', f' id="{key}-{name}"' if used else "")
        svg = svg.replace(f'"#{name}"', f'"#{key}-{name}"').replace(
            f"(#{name})", f"(#{key}-{name})"
        )
    return svg


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


FEW = 4
"""Arms up to which bands and single crossings can be told apart."""
