r"""LaTeX that is spelled in several ways, in one: pure substitutions that keep the meaning.

``tidy`` (latex.py) runs them before it looks at what the text says.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_NUMERALS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "sixteen": 16,
}  # fmt: skip
DENIED = r"(?i:[^{}]*\b(?:not|never|wrong|incorrect|false|isn|aren|except)\b)"
"""What makes a sentence say something else than the number in it."""
_TYPE = r"\\(?:text|mathrm|mathtt)\s*\{"
_ORDINAL = "(?:st|nd|rd|th)"
_SET_ORDINAL = rf"\\(?:text|mathrm)\s*\{{\s*{_ORDINAL}\s*\}}"
_RAISED = rf"\^\s*\{{\s*(?:{_ORDINAL}|{_SET_ORDINAL})\s*\}}"
_LEADS = r"\\(?:therefore|implies|Rightarrow|approx)"
_BASE = rf"(?P<base>\d{{1,2}}|{'|'.join(_NUMERALS)})"
_NESTED = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
_GREEK = r"\\(?:pi|alpha|beta|gamma|delta|theta|lambda|mu|sigma|tau|phi|varphi|omega)(?![a-zA-Z])"
_ARGUMENT = (
    rf"(\{{[^{{}}]*\}}|\d|{_GREEK}|(?<=\s)[a-zA-Z]|(?<=[\d}}])[a-zA-Z]|(?<=\s[a-zA-Z])[a-zA-Z])"
)


def _grouped(command: str) -> Callable[[re.Match[str]], str]:
    r"""``\frac1b`` with braces around both."""

    def spell(match: re.Match[str]) -> str:
        first, second = (part if part.startswith("{") else f"{{{part}}}" for part in match.groups())
        return f"\\{command}{first}{second}"

    return spell


def _as_fraction(match: re.Match[str]) -> str:
    r"""``^{0.5}`` as ``^{\frac{5}{10}}``."""
    return rf"^{{\frac{{{int(match[1] + match[2])}}}{{1{'0' * len(match[2])}}}}}"


def _remainder(match: re.Match[str]) -> str:
    r"""``17 \bmod 5`` as ``2``."""
    number, by = int(match[1]), int(match[2])
    return str(number % by) if by else match[0]


def _with_base(match: re.Match[str]) -> str:
    r"""``_\text{eight}`` as ``_{8}``."""
    return f"_{{{_NUMERALS.get(match['base'], match['base'])}}}"


def _rows(match: re.Match[str]) -> str:
    r"""``\begin{cases} x = 2 \\ y = 3 \end{cases}`` as ``x = 2 , y = 3``."""
    rows = [row.replace("&", " ").strip() for row in re.split(r",?\s*\\\\", match[2])]
    rows = [row for row in rows if row]
    return ", ".join(rows) if all(row.count("=") == 1 for row in rows) else match[0]


_SPELLINGS: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    # how it looks
    (r"\A([*`]{1,3}|\")(.+)\1\Z", r"\2"),
    (rf"\\(?:[hv]?phantom|[hv]space\*?|(?:text)?color){_NESTED}", ""),
    (r"\\(?:(?:display|text)style|ensuremath|underline|bf|it|sf|limits)(?![a-zA-Z])", ""),
    (r"\\(?:tiny|small|normalsize|large|Large|LARGE|huge|Huge)(?![a-zA-Z])", ""),
    (r"\\[bB]igg?[lrm]?(?![a-zA-Z])", ""),
    (r"\{\\rm\s+([^{}]*)\}|\\rm\s*\{([^{}]*)\}", r"\\mathrm{\1\2}"),
    # the same command
    (r"\\(?:[dtcs]|nice)frac(?![a-zA-Z])", r"\\frac"),
    (r"\\[dt]binom(?![a-zA-Z])", r"\\binom"),
    (rf"\\frac\s*{_ARGUMENT}\s*{_ARGUMENT}", _grouped("frac")),
    (
        rf"(\\sqrt(?:\[\d\])?|\^)\s*(\\frac\{{[^{{}}]*\}}\{{[^{{}}]*\}}|(?<=sqrt){_GREEK}|(?<=\])\d)",
        r"\1{\2}",
    ),
    (rf"\\binom\s*{_ARGUMENT}\s*{_ARGUMENT}", _grouped("binom")),
    (r"\A(?:\{\})?\^\{?(\d{1,4})\}?\s*/\s*_\{?(\d{1,4})\}?\Z", r"\\frac{\1}{\2}"),
    (r"\{([^{}]*)\\choose(?![a-zA-Z])([^{}]*)\}", r"\\binom{\1}{\2}"),
    (r"\\(?:backslash|smallsetminus)(?![a-zA-Z])", r"\\setminus "),
    (r"(\\mathbb\{[A-Z]\})\s*-\s*(?=\\\{)", r"\1\\setminus "),
    (r"\\colon(?![a-zA-Z])|(?:\\text\s*)?\{\s*:\s*\}", ":"),
    (r"\\text\s*\{\s*([,;])(?:\s*and)?\s*\}", r"\1 "),
    (r"\\big(cup|cap)(?![a-zA-Z])", r"\\\1 "),
    (r"\\log_(?:e|\{e\})(?![a-zA-Z])", r"\\ln "),
    (r"\\(?:mathrm|text)\{\s*([ei])\s*\}", r" \1"),
    (r"\A[fgh]\(x\)\s*=(?!=)", "y ="),
    (rf"\A\s*(?:{_LEADS}(?![a-zA-Z])\s*|\\#\s*|=(?!=)\s*)+(?=\S)", ""),
    (r"\A\\text\s*\{[\s$]*(-?\d*\\(?:frac|sqrt|pi)(?![a-zA-Z]).*?)[\s$]*\}\Z", r"\1"),
    (
        r"(?:\A|(?<=[-+={(,]))(\s*)\\(?:text|mathrm)\s*\{\s*(-?[\d.,/]+(?:\s*\\?%)?"
        r"(?:\s+(?:hundred|thousand|[mbtr]+illion)[^{}]*)?)\s*\}",
        r"\1\2",
    ),
    (rf"\A(-?\d+){_ORDINAL}\Z", r"\1"),
    (rf"(?<=\d)\s*(?:{_RAISED}|\^?\s*{_SET_ORDINAL})", ""),
    (r"(?:\\text\s*\{\s*(?:minus|negative)\s*\}|\b(?:minus|negative)\b)\s*(?=[\d.]|\\frac)", "-"),
    (r"\\text\s*\{\s*mod(?:ulo)?\s*\}|(?<=\d)\s*\bmod\b(?=\s*\d)", r"\\bmod "),
    (r"\\\||\\[lr]?Vert(?![a-zA-Z])", "|"),
    (r"\\([lr])brace(?![a-zA-Z])", lambda match: r"\{" if match[1] == "l" else r"\}"),
    (r"\\Pr(?![a-zA-Z])", "P"),
    # as a keyboard has it
    (r"(?<![a-zA-Z\\{])(pi|exp|ln|log|sin|cos|tan|sec|csc|cot)(?![a-zA-Z])", r"\\\1 "),
    (r"(?<![a-zA-Z\\])(?:oo|infinity)(?![a-zA-Z])", r"\\infty "),
    (r"(?<=[\w)}])\*\*\s*(-?\w+)(?![\w(])", r"^{\1}"),
    (r"\^\s*(-\s*(?:\d+|[a-z]))(?![a-zA-Z\d])", r"^{\1}"),
    (r"\^\{\s*(-?\d{0,3})\.(\d{1,3})\s*\}", _as_fraction),
    (r"(?:\A|(?<==))\s*(\d{1,15})\s*\\bmod\s*(\d{1,15})\s*(?=\Z|=)", _remainder),
    (r"(?<=\d)\s*(?:\\text\{\s*to\s*\}|\bto\b)\s*(?=\d)", ":"),
    (r"(?<=\S)\s*(?:\\left)?\(\s*(=|\\approx)([^()=]*?)(?:\\right)?\)[\s.]*\Z", r" \1\2"),
    (
        r"(?<=\S)\s*\\text\s*\{\s*\(?\s*(?:or\s+)?(?:approximately|approx\.|about|roughly)\s+"
        r"(?:\}\s*([\d.]+)\s*\)?|([\d.]+)\s*\)?\s*\})[\s.]*\Z",
        r" \\approx \1\2",
    ),
    (
        r"\\text\s*\{\s*\(mod\s*(?:\}\s*(\d+)\s*\)|(\d+)\)\s*\})",
        r"\\pmod{\1\2}",
    ),
    # numbers with a base
    (rf"_(\{{)?\s*{_TYPE}[\s(]*(?:base\s*)?{_BASE}[\s)]*\}}\s*(?(1)\}})", _with_base),
    (rf"_(\{{)[\s(]*(?:(?:{_TYPE}\s*)?base\s*\}}?\s*)?{_BASE}[\s)]*\}}", _with_base),
    (
        rf"\A(?:{_TYPE})?[\s(]*([0-9A-Z]+)\)?[\s(]*(?:{_TYPE})?[\s(]*"
        rf"(?:in )?base[\s}}-]*{_BASE}[\s.)}}]*\Z",
        lambda match: match[1] + _with_base(match),
    ),
    (rf"{_TYPE}\s*([0-9A-Z]+)\s*\}}(?=\s*_\{{?\d)", r"\1"),
    (r"(?:\\text\s*)?\{\s*-\s*\}", "-"),
    (
        rf"\A\\text\s*\{{(?!{DENIED})[^{{}}\d]*(?:\b(?:is|are|exactly)|:|=)\s*(-?(?:\\?\$)?[.\d][^{{}}]*)\}}\Z",
        r"\\text{\1}",
    ),
    # vectors, matrices and systems
    (
        r"\A\\left\\\{\s*\\begin\{array\}\{[clr|\s]*\}((?:(?!\\begin|\\end).)*)\\end\{array\}\s*\\right\.\Z",
        r"\\begin{cases}\1\\end{cases}",
    ),
    (
        r"\A\\begin\{(cases|aligned|align\*?|gathered)\}((?:(?!\\text|\\begin).)*)\\end\{\1\}\Z",
        _rows,
    ),
    (r"\\\\\[\s*-?[\d.]+\s*(?:pt|em|ex|mm|cm|in|\\baselineskip)\s*\]|\\cr(?![a-zA-Z])", r"\\\\"),
    (r"\\(begin|end)\{smallmatrix\}", r"\\\1{matrix}"),
    (
        r"(?:\\left)?[(\[]\s*\\begin\{(matrix|array)\}(?:(?<=array\})\s*\{[clr|\s]*\})?"
        r"((?:(?!\\begin|\\end).)*)\\end\{\1\}\s*(?:\\right)?[)\]]",
        r"\\begin{pmatrix}\2\\end{pmatrix}",
    ),
    (
        r"(?:\\left)?\\langle(?![a-zA-Z])([^<>|]*?,[^<>|]*?)(?:\\right)?\\rangle(?![a-zA-Z])",
        r"(\1)",
    ),
    (r"\A[A-Z](?=(?:\\left)?\([^()]*,[^()]*\)\Z)", ""),
    # intervals and sets
    (r"\A(?:\\left)?\\\{\s*(\([^()]*\))\s*(?:\\right)?\\\}\Z", r"\1"),
    (r"\A\]([^,;\[\]]+)[,;]([^,;\[\]]+)(?=[\[\]]\Z)", r"(\1,\2"),
    (r"\A([\[(][^,;\[\]]+)[,;]([^,;\[\]]+)\[\Z", r"\1,\2)"),
    (r"([\[(])([^;,()\[\]]*);([^;,()\[\]]*)([\])])", r"\1\2,\3\4"),
    (r"\A(?:\\text\s*\{)?\s*(?i:(?:all )?(?:real numbers|reals))[\s.]*\}?\Z", r"\\mathbb{R}"),
    (
        r"\A(?:\\text\s*\{)?\s*(?i:no (?:real )?solutions?|(?:the )?empty set)[\s.]*\}?\Z",
        r"\\emptyset",
    ),
)
_GROUPS = re.compile(r"(?<![\d.,])\d{1,3}(?:(?:\{,\}|['\s])\s*\d{3})+(?!\d)")
_COMMAS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?!\d|,\d)")
_BRACKET = re.compile(r"\\?[(\[{)\]}]")
_ALL = [(re.compile(pattern), spelling) for pattern, spelling in _SPELLINGS]


def spelled(text: str) -> str:
    """The text with every spelling in its one way."""
    for pattern, spelling in _ALL:
        text = pattern.sub(spelling, text)
    return text


def ungrouped(text: str) -> str:
    r"""Numbers without what sets off their thousands: ``x = 1,234`` and ``\frac{20 000}{\pi}``.
    Directly within ``(``, ``[`` or ``\{`` a comma stands between two values."""
    text = _GROUPS.sub(_digits, text)
    brackets = list(_BRACKET.finditer(text))
    return _COMMAS.sub(
        lambda match: match[0] if _in_list(brackets, match.start()) else _digits(match), text
    )


def _digits(match: re.Match[str]) -> str:
    return re.sub(r"\D", "", match[0])


def _in_list(brackets: list[re.Match[str]], place: int) -> bool:
    open_: list[str] = []
    for bracket in brackets:
        if bracket.start() > place:
            break
        if bracket[0][-1] in "([{":
            open_.append(bracket[0])
        elif open_:
            open_.pop()
    return bool(open_) and open_[-1] != "{"
