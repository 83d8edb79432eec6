r"""What stands in a box, made ready for math-verify. Pure functions of short texts.

Both sides are written in one way before they are parsed: in a box math-verify 0.9 leaves ``5.``,
``10\%`` and ``1\,234`` unread. What it reads too kindly is refused: ``\neq 9`` and
``9 \text{ million}`` as 9, ``52_9`` as ``52_8``.
"""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import accumulate
from unicodedata import normalize

from srpo_bench.tasks import figures, numbers, units
from srpo_bench.tasks.spellings import DENIED, spelled, ungrouped

_ONE_LETTER = str.maketrans(
    {
        **dict(zip("０１２３４５６７８９．，（）＝", "0123456789.,()=", strict=True)),
        **dict.fromkeys("−–—﹣－", "-"),
        **dict.fromkeys("⁄∕", "/"),
        **dict.fromkeys("\u00a0\u2002\u2003\u2009\u200a\u202f\u3000", " "),
        **dict.fromkeys("€£¥₹￥¢\u200b\u200c\u200d\u2060\ufeff", ""),
        **dict(zip("×·⋅∙÷π∞≤≥≠≈∪∩±…∈→⇒∴", (
            r"\times ", r"\cdot ", r"\cdot ", r"\cdot ", r"\div ", r"\pi ", r"\infty ", r"\le ",
            r"\ge ", r"\neq ", r"\approx ", r"\cup ", r"\cap ", r"\pm ", r"\ldots ", r"\in ",
            r"\to ", r"\Rightarrow ", r"\therefore ",
        ), strict=True)),
        "°": r"^{\circ}", "∅": r"\emptyset ", "ℝ": r"\mathbb{R}", "∖": r"\setminus ",
        **dict.fromkeys("′’", "'"), **dict.fromkeys("“”", '"'),
    }
)  # fmt: skip
_STYLED = re.compile("[\U0001d400-\U0001d7ff\uff01-\uff5a]+")
_RAISED = re.compile("[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+|ⁿ")
_LOWERED = re.compile("[₀-₉]+")
_VULGAR = re.compile("[¼-¾⅐-⅞]")
_HYPHEN = re.compile("[\u2010-\u2015]")
_PULLED = re.compile(r"(?<=[\d,])\\!\s*(?=\d)")
_SPACE = re.compile(r"(?<!\\)\\[,;:!> ]|\\q?quad(?![a-zA-Z])|~")
_ROOT = re.compile(
    r"(?:√|(?<![a-zA-Z\\])sqrt|\\sqrt(?=\s*\())\s*(\d+|[a-z]\b|\([^()]*\)|\{[^{}]*\})"
)
_BOLD = re.compile(
    r"\\(?:math(?:bf|it|sf)|bm|boldsymbol|pmb)\s*"
    r"\{((?:[^{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*)\}"
)
_ANY_TEXT = re.compile(r"\\(?:text(?:bf|it|rm|sf|tt|normal)|[mh]box|emph)(?=\s*\{)")
_DELIMITERS = re.compile(
    r"\\[()\[\]](?![^\\]*\\end)|(?<!\\)\$|\\\$|\\(?:pounds|euro|(?:text|math)dollar)(?![a-zA-Z])"
)
_IN_ASCII = {"!=": r"\neq ", "<=": r"\le ", ">=": r"\ge "}
_EMPTY = re.compile(r"\\varnothing(?![a-zA-Z])|\\\{\s*\\\}")
_NUMBER_SET = re.compile(r"\\(?:mathbb|Bbb)\s*\{?\s*([A-Z])\s*\}?")
_DEGREE = re.compile(
    r"\^?\{?\\degree(?![a-zA-Z])\}?|(?<=\d)\s*\^\s*\{?\s*(?:\\text\{\s*o\s*\}|o\b)\s*\}?"
)
_TAIL = re.compile(r"(?:\\\\\Z|\s|\\text\{[\s.,;]*\}|(?<!\.)(?<!\\right)\.|[,;:]|(?<!\\)\\\Z)+\Z")
_LABEL = re.compile(
    rf"\A(?:\\text\{{(?!{DENIED})[^{{}}\d]*(?:\b(?:is|are|exactly)|:|=)\s*\}}"
    r"|(?:the )?(?:final )?answer(?: is)?\s*:?\s)\s*(?=\S)",
    re.I,
)
_PERCENT = re.compile(
    r"\s*(?:\\?%|\\text\{\s*(?:percent|per cent|pct)\.?\s*\}|(?<=\s)(?:percent|per cent))\Z"
)
_COMMAND = re.compile(r"\\[a-zA-Z]+")
_VARIABLE = re.compile("[a-zA-Z]")
_ENDS_IN_NAME = re.compile(r"(?<![a-zA-Z])[a-zA-Z]\Z")
DOTS = re.compile(r"\\[lcd]?dots[bcimo]?(?![a-zA-Z])|\.\.|\?")
_RELATION = re.compile(
    r"[<>]|\\(?:n?eq|ne|not|n?leq?|n?geq?|lt|gt|leqslant|geqslant|n?equiv|n?sim|simeq|neg|lnot|ll|gg)"
    r"(?![a-zA-Z])"
)
_PLAIN = re.compile(r"[-+$0-9.,/eE]+")
_FRACTION = re.compile(r"\\frac\{(\d+)\}\{(\d+)\}\Z")
APPROXIMATELY = re.compile(r"\\(?:approx|doteq|simeq)(?![a-zA-Z])")
ABOUT = r" \approx "
"""Between an answer and what it is rounded to, in a reading."""
_RANGE = re.compile(r"[\[(].*,.*[\])]|\\(?:cup|cap|infty|mathbb|emptyset|setminus)")
_OPERATION_ON_SETS = re.compile(r"\\(?:cup|cap|setminus)(?![a-zA-Z])")
_PAIR = re.compile(r"(?:\\left)?[\[(][^()\[\]]*,[^()\[\]]*[\])]")
_BRACES = re.compile(r"(?:\\left)?\\\{[^()\[\]]*\\\}")
_NAMES = re.compile(r"[A-Z]{3,}")
_PRIME = re.compile(r"'|\\prime(?![a-zA-Z])")
_NAMED = re.compile(
    r"\A(?:[a-zA-Z](?:'+|\^\{?\s*(?:\\prime\s*)+\}?)\s*(?:\([^()=]*\))?"
    r"|(?:[a-zA-Z]_)?\{?\\(?:max|min|sup|inf|det|deg|dim)(?![a-zA-Z])[^=<>\\]*"
    r"|\|[A-Z](?:\s*\\c[au]p\s*[A-Z])*\|)\s*=(?!=)"
)
_CONGRUENT = re.compile(r"\A[a-zA-Z]\s*\\equiv\s*(?=-?\d+\s*\\pmod)")
_RESIDUE = re.compile(r"(-?\d{1,15})\s*\\pmod\s*\{?\s*\d{1,15}\s*\}?")
_ANY_INTEGER = re.compile(
    r"(?<=\S)\s*(?:,|\\text\{[\s,]*(?:where|for)\s*\})\s*[a-z]\s*\\in\s*\\mathbb\{Z\}\Z"
)
_PASSED_OVER = (
    re.compile(r"\\infty\s*(?:\\right)?\]|\[\s*-\s*\\infty"),
    re.compile(r"[\d)]_|\}_\{?\d"),
    re.compile(r"\\(?:overline|bar|hat|vec)\s*\{\s*(?:[-.\d]|\\frac)"),
    re.compile(
        r"\d\s*\\text\{(?![\s,]*(?:and|or)\b)[^{}]*[a-zA-Z][^{}]*\}(?:\^\{?\d\}?)?[^{}\d\\^_]*(?:\d|\\frac|\\sqrt)"
    ),
    re.compile(r"(?:[\d)\]}]|\\pi)(?:\s|\\text\{)*(?:squared|cubed)(?![a-zA-Z])"),
    re.compile(r"[a-zA-Z]\s*\\text\{\s*(?:squared|cubed)(?![a-zA-Z])"),
    re.compile(r"[^)\]\s]\s*\^\s*\{?\s*T(?![a-zA-Z])"),
    re.compile(r"[\d}]\s*\\text\{[^{}]*[a-zA-Z][^{}]*\}\s*\}"),
    re.compile(r"\S\s*\([^()]*[\d}]\s*\\text\{[^{}]*[a-zA-Z][^{}]*\}\s*\)"),
)
r"""What math-verify reads as if it was not there, or no further than: ``[0,\infty]``, ``5_1``,
``\overline{5}``, ``5 \text{ ft } 6``, ``5 squared``, ``5^T``."""
_SEVERAL = re.compile(r",|;|\\pm|\b(?:and|or)\b")
_ONLY_WORDS = re.compile(r"\\text\{[^{}\d]*\}")
_A_NUMBER = r"\s*-?(?:[\d.]+|\\frac\{\d+\}\{\d+\})"
_NUMBERS = re.compile(rf"{_A_NUMBER}(?:\s*,{_A_NUMBER})+")
_RATIO = re.compile(r"(?<=\d)\s*:\s*(?=\d)")
_CLAIM = re.compile(
    r"(?<![a-zA-Z\\])(?:(?:hundred|thousand|million|billion|trillion)s?|tens|halves|thirds|"
    r"fourths|fifths|sixths|sevenths|eighths|ninths|tenths|hundredths|thousandths|[ap]\.?m|"
    r"north|south|east|west|otherwise|approx|is|isn|are|aren|was|not|no|nor|or [a-z]{2,}|or|"
    r"either|neither|but|maybe|perhaps|possibly|probably|(?<!equally )likely|guess|too|wrong|"
    r"incorrect|false|never|except|unless|instead|plus|minus|factorial|dozens?|below|above|"
    r"approximately|around|roughly|nearly|almost|than|least|most|halved|doubled|tripled|"
    r"recurring|repeating|inverse|cannot|fails|rejected|excluded|extraneous|invalid|impossible|"
    r"(?:and|to|through|times|point|over|by) (?:an? |one[ -])?(?:half|third|quarter|tenth|zero|one|"
    r"two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty))(?![a-zA-Z])",
    re.I,
)


def tidy(text: str) -> str:
    """The text in the one way in which it is compared; no meaning is lost or gained."""
    text = _HYPHEN.sub("-", _STYLED.sub(_in_plain_letters, text))
    text = _RAISED.sub(lambda match: f"^{{{_in_plain_letters(match)}}}", text)
    text = _LOWERED.sub(lambda match: f"_{{{_in_plain_letters(match)}}}", text)
    text = _VULGAR.sub(_as_fraction, text)
    text = _SPACE.sub(" ", _PULLED.sub("", text.translate(_ONE_LETTER))).strip()
    for symbol, command in _IN_ASCII.items():
        text = text.replace(symbol, command)
    text = spelled(_BOLD.sub(r"\1", _ANY_TEXT.sub(r"\\text", text)))
    text = _ROOT.sub(lambda match: rf"\sqrt{{{match[1].strip('(){}')}}}", text)
    text = _DEGREE.sub(r"^{\\circ}", _DELIMITERS.sub("", text))
    text = _LABEL.sub("", _TAIL.sub("", text).lstrip(), count=1)
    while text.startswith("{") and text.endswith("}") and _is_one_group(text):
        text = text[1:-1].strip()
    text = _NUMBER_SET.sub(r"\\mathbb{\1}", _EMPTY.sub(r"\\emptyset", ungrouped(text)))
    return figures.plain(text)


def _in_plain_letters(match: re.Match[str]) -> str:
    return normalize("NFKC", match[0])


def _as_fraction(match: re.Match[str]) -> str:
    above, _, below = _in_plain_letters(match).partition("\u2044")
    return rf"\frac{{{above}}}{{{below}}}"


def _is_one_group(text: str) -> bool:
    """Whether the first brace closes with the last character."""
    depths = accumulate({"{": 1, "}": -1}.get(letter, 0) for letter in text[:-1])
    return min(depths) > 0 and "\\" not in (text[0], text[-2])


def unnamed(gold: str, answer: str) -> tuple[str, str]:
    r"""Both without what stands around a value on one side only: ``f'(2) = `` or
    ``x_{\min} = `` before an answer,
    ``\pmod 7`` and ``, k \in \mathbb{Z}`` behind either. It names what the value is of."""
    if "=" not in gold and not _PRIME.search(gold):
        answer = _NAMED.sub("", answer).strip()
    if not (_ANY_INTEGER.search(gold) and _ANY_INTEGER.search(answer)):
        gold, answer = _ANY_INTEGER.sub("", gold), _ANY_INTEGER.sub("", answer)
    if r"\equiv" not in gold:
        answer = _CONGRUENT.sub("", answer)
    wanted, given = _RESIDUE.fullmatch(gold), _RESIDUE.fullmatch(answer)
    if wanted and not given:
        gold = wanted[1]
    elif given and not wanted:
        answer = given[1]
    return gold, answer


def refused(gold: str, answer: str) -> bool:
    """Whether a tidy answer says something else than a value, where the gold answer is one."""
    several = _SEVERAL.search(gold) is not None
    of_values = several and not _ONLY_WORDS.fullmatch(gold)
    is_range = _RANGE.search(gold) is not None or _RELATION.search(gold) is not None
    parts = {len(_RATIO.findall(side)) for side in (gold, answer)}
    return (
        (DOTS.search(answer) is not None and not (DOTS.search(gold) and "," not in gold))
        or (_RELATION.search(answer) is not None and not is_range)
        or (_OPERATION_ON_SETS.search(answer) is not None and not (is_range or several))
        or (_PAIR.fullmatch(gold) is not None and _set_of_elements(answer))
        or (_NUMBERS.fullmatch(answer) is not None and not several)
        or (len(parts) == 2 and max(parts) > 1)
        or (_NAMES.fullmatch(gold) is not None and _NAMES.fullmatch(answer) is not None)
        or len(_PRIME.findall(answer)) != len(_PRIME.findall(gold))
        or any(len(mark.findall(answer)) > len(mark.findall(gold)) for mark in _PASSED_OVER)
        or not _about_the_same(answer)
        or any(
            word.lower() not in gold.lower() and not (of_values and word.lower() == "or")
            for word in _CLAIM.findall(answer)
        )
    )


def _set_of_elements(text: str) -> bool:
    return _BRACES.fullmatch(text) is not None and _RELATION.search(text) is None


def _about_the_same(answer: str) -> bool:
    r"""Whether both sides of a ``\approx``, where they are plain numbers, are near each other."""
    sides = map(_plain_value, APPROXIMATELY.split(answer))
    worth = [value for value in sides if value is not None]
    return len(worth) != 2 or abs(worth[0] - worth[1]) <= max(map(abs, worth)) / 10


def number(text: str) -> Fraction | None:
    """What a plain number is worth; ``2k`` is none here."""
    return numbers.value(text) if _PLAIN.fullmatch(text) else None


def _plain_value(text: str) -> Fraction | None:
    return number(_FRACTION.sub(r"\1/\2", text.strip()))


def readings(gold: str, answer: str) -> list[tuple[str, str]]:
    r"""The pairs of which one must be equal: more than one where a side is a percentage.

    ``10\%`` is 10 and 0.1 for a gold answer of either form, and what is not at least 1 is no
    number of percent.
    """
    gold, answer = (_PERCENT.sub(r"\\%", side) for side in (gold, answer))  # it is no unit
    gold = gold if _ENDS_IN_NAME.search(gold) else units.without(gold)
    answer, *rounded = _bare(answer, gold)
    wanted, given = _PERCENT.sub("", gold), _PERCENT.sub("", answer)
    about = [_PERCENT.sub("", side) for side in rounded]
    if given == answer:  # it is no percentage: what it is rounded to may be one
        about = [
            side if side == plain else _hundredth(plain)
            for side, plain in zip(rounded, about, strict=True)
        ]
    as_it_is = ABOUT.join([given, *about])
    if (wanted != gold) == (given != answer):
        return [(wanted, as_it_is)]
    if wanted != gold:
        return [(wanted, as_it_is), (_hundredth(wanted), as_it_is)]
    worth = number(wanted)
    as_number = [(wanted, as_it_is)] if worth is not None and abs(worth) >= 1 else []
    return [*as_number, (wanted, ABOUT.join(map(_hundredth, [given, *about])))]


def times(ratio: Fraction, answer: str) -> str:
    """An answer of ``readings``, and what it is about, as so many times as much."""
    factor = rf"\frac{{{ratio.numerator}}}{{{ratio.denominator}}}"
    return ABOUT.join(rf"{factor} \cdot ({side})" for side in answer.split(ABOUT))


def _hundredth(text: str) -> str:
    return rf"\frac{{{text}}}{{100}}"


def _bare(answer: str, gold: str) -> list[str]:
    """An answer without its units in words, and behind it what it is about, where not both are
    plain numbers; those have been held against each other already."""
    sides = [side.strip() for side in APPROXIMATELY.split(answer)]
    if len(sides) > 1 and all(sides):
        if sides[0].isalpha():  # x is about 11
            del sides[0]
        decimal = len(sides) > 1 and "." in gold and number(gold) is not None
        sides.insert(0, tidy(sides.pop(decimal)))
        sides[1:] = [side.rpartition("=")[2].strip() for side in sides[1:]]
        if None not in map(_plain_value, sides):
            del sides[1:]
    else:
        sides = [answer]
    named = _VARIABLE.search(_COMMAND.sub("", gold))
    return [*map(units.without_words if named else units.without, sides)]
