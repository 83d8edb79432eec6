r"""What stands in a box, made ready for math-verify. Pure functions of short texts.

Both sides are written in one way before they are parsed: in a box math-verify 0.9 leaves ``5.``,
``10\%`` and ``1\,234`` unread. What it reads too kindly is refused: ``\neq 9`` and
``9 \text{ million}`` as 9, ``52_9`` as ``52_8``.
"""

from __future__ import annotations

import re
from itertools import accumulate

from srpo_bench.tasks import numbers

_ONE_LETTER = str.maketrans(
    {
        **dict(zip("０１２３４５６７８９．，（）＝", "0123456789.,()=", strict=True)),
        **dict.fromkeys("−–—﹣－", "-"),
        **dict.fromkeys("\u00a0\u2002\u2003\u2009\u200a\u202f\u3000", " "),
        **dict.fromkeys("€£¥₹￥", ""),
        **dict(zip("×·⋅∙÷π∞≤≥≠≈∪∩±…", (
            r"\times ", r"\cdot ", r"\cdot ", r"\cdot ", r"\div ", r"\pi ", r"\infty ", r"\le ",
            r"\ge ", r"\neq ", r"\approx ", r"\cup ", r"\cap ", r"\pm ", r"\ldots ",
        ), strict=True)),
        "°": r"^{\circ}", "½": r"\frac{1}{2}", "⅓": r"\frac{1}{3}", "⅔": r"\frac{2}{3}",
        "¼": r"\frac{1}{4}", "¾": r"\frac{3}{4}", "∅": r"\emptyset ", "ℝ": r"\mathbb{R}",
        **{letter: f"^{{{digit}}}" for digit, letter in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    }
)  # fmt: skip
_ROOT = re.compile(r"√\s*(\d+|[a-z]\b|\([^()]*\)|\{[^{}]*\})")
_BOLD = re.compile(r"\\(?:math(?:bf|it|sf)|bm|boldsymbol)\{([^{}]*)\}")
_ANY_TEXT = re.compile(r"\\(?:text(?:bf|it|rm|sf|tt|normal)|mbox)(?=\s*\{)")
_DELIMITERS = re.compile(
    r"\\[()\[\]](?![^\\]*\\end)|(?<!\\)\$|\\\$|\\(?:pounds|euro)\b|\\displaystyle\b"
)
_IN_ASCII = {"!=": r"\neq ", "<=": r"\le ", ">=": r"\ge "}
_EMPTY = re.compile(r"\\varnothing\b|\\\{\s*\\\}")
_NUMBER_SET = re.compile(r"\\(?:mathbb|Bbb)\s*\{?\s*([A-Z])\s*\}?")
_REPEATING = re.compile(r"(?<![\d.])(\d{0,9})\.(\d{0,9})\\overline\s*(?:\{\s*(\d{1,9})\s*\}|(\d))")
_DEGREE = re.compile(r"\^?\{?\\degree\b\}?")
_GROUPS = re.compile(r"(?<![\d.,])(\d{1,3})((?:(?:\\[,;:! ]|\{,\}|[~'\s])\s*\d{3})+)(?!\d)")
_TAIL = re.compile(
    r"(?:\\\\(?=\s*\Z)|\s|~|\\[,;:! ]|\\q?quad|(?<!\.)(?<!\\right)\.|[,;:]|(?<!\\)\\\Z)++\Z"
)
_HEAD = re.compile(r"\A(?:\s|~|\\[,;:! ]|\\q?quad)++")
_IMAGINARY = re.compile(r"(?<=\d)i(?![a-zA-Z])")
_SCIENTIFIC = re.compile(r"(-?\d+(?:\.\d+)?)[eE]\+?(-?\d{1,4})")
_MIXED = re.compile(r"(-?\d+) (\d+)/(\d+)")
_SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_SCALED = re.compile(
    rf"(?<=\d)(?:\s|~|\\[,;: ])*(?:\\(?:text|mathrm|mbox)\{{\s*)?"
    rf"({'|'.join(_SCALES)})\b([^{{}}]*\}})?"
)
_TEXT = re.compile(r"\\(?:text(?:bf|it|rm|sf|tt|normal)?|math(?:rm|bf|it|sf)|mbox|operatorname)\b")
_LABEL = re.compile(
    r"\A(?:\\text\{[^{}\d]*(?:\bis|:|=)\s*\}|(?:the )?(?:final )?answer(?: is)?\s*:?\s)\s*(?=\S)",
    re.I,
)
_UNITS = re.compile(r"(?<=[\d}])\s+((?:[a-zA-Z]{3,}[. ]*)+)\Z")
_IN_TEXT = re.compile(r"\\text\{\s*(-?[\d.,]+)\s*([a-zA-Z .]*)\}")
_PERCENT = re.compile(
    r"(?:\s|~|\\[,;:! ])*"
    r"(?:\\?%|\\text\{\s*(?:percent|per cent|pct)\.?\s*\}|(?<=\s)(?:percent|per cent))\Z"
)
_COMMAND = re.compile(r"\\[a-zA-Z]+")
_VARIABLE = re.compile("[a-zA-Z]")
_DOTS = re.compile(r"\\[lcd]?dots[bcimo]?\b|\.\.|\?")
_RELATION = re.compile(
    r"[<>]|\\(?:n?eq|ne|not|n?leq?|n?geq?|lt|gt|leqslant|geqslant|n?equiv|n?sim|simeq|neg|lnot|ll|gg)"
    r"(?![a-zA-Z])"
)
_APPROXIMATELY = re.compile(r"\\(?:approx|doteq|simeq)(?![a-zA-Z])")
_SET = re.compile(r"[\[(].*,.*[\])]|\\(?:cup|cap|infty|mathbb|emptyset|varnothing|setminus)|\\\{")
_SEVERAL = re.compile(r",|;|\\pm|\b(?:and|or)\b")
_CLAIM = re.compile(
    r"\b(?:hundred|thousand|million|billion|trillion|is|isn|are|aren|was|not|no|nor|or|either|neither|but|maybe|perhaps|possibly|wrong|"
    r"incorrect|false|never|except|unless|instead|plus|minus|factorial|dozens?|below|above|"
    r"approximately|around|roughly|nearly|almost|than|least|most)\b",
    re.I,
)
_WITH_BASE = re.compile(r"\(?([0-9A-Z]+)\)?_\{?(\d{1,2}|\\text\{[a-z]+\})\}?")


def tidy(text: str) -> str:
    """The text in the one way in which it is compared; no meaning is lost or gained."""
    text = text.translate(_ONE_LETTER)
    for symbol, command in _IN_ASCII.items():
        text = text.replace(symbol, command)
    text = _BOLD.sub(r"\1", _ANY_TEXT.sub(r"\\text", text))
    text = _ROOT.sub(lambda match: rf"\sqrt{{{match[1].strip('(){}')}}}", text)
    text = _DEGREE.sub(r"^{\\circ}", _DELIMITERS.sub("", text))
    text = _LABEL.sub("", _HEAD.sub("", _TAIL.sub("", text)), count=1).replace("~", " ")
    while text.startswith("{") and text.endswith("}") and _is_one_group(text):
        text = text[1:-1].strip()
    text = _GROUPS.sub(lambda match: match[1] + re.sub(r"\D", "", match[2]), text)
    text = _IMAGINARY.sub(" i", _REPEATING.sub(_as_fraction, text))
    text = _NUMBER_SET.sub(r"\\mathbb{\1}", _EMPTY.sub(r"\\emptyset", text))
    if scientific := _SCIENTIFIC.fullmatch(text):
        return rf"{scientific[1]} \times 10^{{{scientific[2]}}}"
    if mixed := _MIXED.fullmatch(text):
        return rf"{mixed[1]}\frac{{{mixed[2]}}}{{{mixed[3]}}}"
    return _SCALED.sub(_power_of_ten, text)


def _is_one_group(text: str) -> bool:
    """Whether the first brace closes with the last character."""
    depths = accumulate({"{": 1, "}": -1}.get(letter, 0) for letter in text[:-1])
    return min(depths) > 0 and "\\" not in (text[0], text[-2])


def _as_fraction(match: re.Match[str]) -> str:
    r"""``0.1\overline{6}`` as ``\frac{15}{90}``."""
    whole, fixed, repeats = match[1], match[2], match[3] or match[4]
    above = int(whole + fixed + repeats) - int(whole + fixed or "0")
    return rf"\frac{{{above}}}{{{'9' * len(repeats)}{'0' * len(fixed)}}}"


def _power_of_ten(match: re.Match[str]) -> str:
    unit = (match[2] or "").strip("} ")
    return rf" \times 10^{{{_SCALES[match[1]]}}}" + (rf"\text{{ {unit}}}" if unit else "")


def refused(gold: str, answer: str) -> bool:
    """Whether a tidy answer says something else than a value, where the gold answer is one."""
    if bool(_DOTS.search(answer)) and not _DOTS.search(gold):
        return True
    if _RELATION.search(answer) and not (_RELATION.search(gold) or _SET.search(gold)):
        return True
    several = _SEVERAL.search(gold) is not None
    return any(
        word.lower() not in gold.lower() and not (several and word.lower() == "or")
        for word in _CLAIM.findall(answer)
    )


def same_words(gold: str, answer: str) -> bool:
    r"""Whether both are the same words, however set: ``June 20`` and ``\text{June 20}``."""
    left, right = _words(gold), _words(answer)
    if not _VARIABLE.search(left) or re.search(r"[\\^_]", left + right):
        return False
    if _TEXT.search(gold) and len(left) > 1:
        return left.lower() == right.lower()
    return left == right


def _words(text: str) -> str:
    text = " ".join(re.sub(r"[{}]|\\ ", " ", _TEXT.sub(" ", text)).split())
    return text[1:-1].strip() if text.startswith("(") and text.endswith(")") else text


def bases(gold: str, answer: str) -> bool | None:
    """Whether numbers with a base are the same; None where it is no matter of bases."""
    wanted, given = _WITH_BASE.fullmatch(gold), _WITH_BASE.fullmatch(answer)
    if given is None or not given[2].isdecimal() or (wanted and not wanted[2].isdecimal()):
        return None
    digits, base = (wanted[1], wanted[2]) if wanted else (gold, "10")
    return (given[1].lstrip("0"), given[2]) == (digits.lstrip("0"), base)


def readings(gold: str, answer: str) -> list[tuple[str, str]]:
    r"""The pairs of which one must be equal: more than one where a side is a percentage.

    ``10\%`` is 10 and 0.1 for a gold answer of either form, and what is not at least 1 is no
    number of percent.
    """
    answer = _bare(answer, gold)
    wanted, given = _PERCENT.sub("", gold), _PERCENT.sub("", answer)
    if (wanted != gold) == (given != answer):
        return [(wanted, given)]
    if wanted != gold:
        return [(wanted, given), (_hundredth(wanted), given)]
    worth = numbers.value(wanted)
    as_number = [(wanted, given)] if worth is not None and abs(worth) >= 1 else []
    return [*as_number, (wanted, _hundredth(given))]


def _hundredth(text: str) -> str:
    return rf"\frac{{{text}}}{{100}}"


def _bare(answer: str, gold: str) -> str:
    """An answer without its units in words, and without what it is about, rounded."""
    parts = _APPROXIMATELY.split(answer)
    if len(parts) == 2 and all(part.strip() for part in parts):
        named = parts[0].strip().isalpha()  # x is about 11
        answer = tidy(parts[named or ("." in gold and numbers.value(gold) is not None)])
    if not _VARIABLE.search(_COMMAND.sub("", gold)):
        answer = _IN_TEXT.sub(r"\1\\text{ \2}", answer)
        answer = _UNITS.sub(r"\\text{ \1}", answer)
    return answer
