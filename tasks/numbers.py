"""The number that an answer states, read as a person reads it, and compared by value."""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Iterable
from fractions import Fraction

from srpo_bench.tasks.grading import last_boxed

_FRACTION = re.compile(
    r"([0-9])?\s?\\[dtc]?frac\s?(?:\{([0-9]+)\}|([0-9]))\s?(?:\{([0-9]+)\}|([0-9]))"
)
_GROUP = re.compile(
    r"(?:\{,\}(?<=[0-9]\{,\})|,\\!(?<=[0-9],\\!)|\\[,!; ](?<=[0-9]\\.)|~(?<=[0-9]~)(?=[0-9]{3})"
    r"|'(?<=[0-9]')(?=[0-9]{3}(?![0-9]))|_(?<=[0-9]_)(?=[0-9]{3}(?![0-9])))(?=[0-9])"
)
_TEXT = re.compile(r"\\(?:text|math)(?:bf|it|rm|sf|tt|normal)?\s?\{|\\mbox\s?\{")
_SCALES = {
    "dozen": Fraction(12), "hundred": Fraction(100), "thousand": Fraction(1000),
    "lakh": Fraction(10**5), "million": Fraction(10**6), "crore": Fraction(10**7),
    "billion": Fraction(10**9), "trillion": Fraction(10**12), "third": Fraction(1, 3),
    **{f"{word}th": Fraction(1, number) for number, word in (
        (4, "four"), (5, "fif"), (6, "six"), (7, "seven"), (8, "eigh"), (9, "nin"), (10, "ten"),
        (100, "hundred"), (1000, "thousand"),
    )},
}  # fmt: skip
_LIKE = {**dict.fromkeys("≈≅→⇒", "="), "’": "'", "′": "'", "·": "*", "⋅": "*", "٫": ".", "٬": ","}
_LETTERS = {"k": 3, "K": 3, "M": 6, "mn": 6, "B": 9, "bn": 9}
_NUMBER = re.compile(
    r"(?P<sign>-?)\$?(?P<inner>-?)(?P<digits>[0-9][0-9.,]*|\.[0-9][0-9.,]*)"
    r"(?:[eE](?P<power>[+-]?[0-9]+)"
    r"|\s?(?:[x×*]|\\times|\\cdot)\s?10\s?(?:\^|\*\*)\s?\{?(?P<times>-?[0-9]+)\}?"
    r"|\s?/\s?(?P<below>[0-9]+)|\s(?:and\s)?(?P<over>[0-9]+)/(?P<under>[0-9]+)|:00(?![0-9:]))?"
    rf"(?:(?P<letter>{'|'.join(_LETTERS)})(?![\w])"
    rf"|(?P<scales>(?i:[\s-]{{1,4}}(?:{'|'.join(_SCALES)})s?\b){{1,2}}))?"
)
_DIGITS = re.compile(
    r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]+)?"
    r"|[0-9]+(?:\.[0-9]+)?|\.[0-9]+"
)
_HALF = re.compile(r"(?<=[0-9])\s(?:and\s)?(?:a|one)[\s-]half\b", re.IGNORECASE)
_MINUS = re.compile(r"\b(?:minus|negative)\s(?=\$?\.?[0-9])", re.IGNORECASE)
_SPACED = re.compile(r"(?<![0-9.,])[0-9]{1,3}(?: [0-9]{3})+(?![0-9]|,[0-9]|\.[0-9]+[.,][0-9]|/)")
_ARROW = re.compile(r"[-=]>|\\(?:to|(?:R|r|Longr|longr)ightarrow)\b")
_MARK = re.compile(r"#{4,}\s*+([^\n#]*)")
_MOST_MARKS = 32
_STEP = re.compile(r"[*_]*([0-9]{1,2})[.)][*_]*\s+[*_]*[a-zA-Z]")
_SAYS = r"(?:(?<!!)[:=](?!>)|\b(?:is|are)\b)"
_LABEL = re.compile(rf"(?![\s*$\\({{\[]*[<>]=)[^0-9\n]{{0,60}}{_SAYS}(?![^0-9\n]{{0,60}}{_SAYS})")
_UNEQUAL = re.compile(
    r"[\s*$\\({\[]*(?:<(?![^<>]*>)|[>≠≤≥]|!=|\\(?:neq?|leq?|geq?|lt|gt)\b"
    r"|(?:not|(?:more|less|fewer|greater) than)\b"
    r"|(?:(?:twice|double|triple|(?:a\s)?(?:half|third|quarter)\sof)\s[$\\]*|(?:sqrt|√)[({\s]*)"
    r"[0-9.,]+(?![^\n]*[0-9]))",
    re.IGNORECASE,
)
_PREFIX = re.compile(r"[\s*_`\"\\({\[~<:=+$]*+(?=-?\s?\\?\$?-?\.?[0-9])")
_LEAD = re.compile(r"\A(-?)\s?\\?")
_REMARK = "of|out|in|for|from|per|at|by|on|since|as|than|after|before|because|with|when|if|while"
_ANOTHER = re.compile(
    r"\s*+(?:(?:[-+*/x×÷^&;:?'\"|,=~_%]{1,2}|\+/-|\\(?:times|cdot|pm)|±|and\b|to\b)\s*+)?[$\\]*+-?\.?[0-9]|\)?\(?[0-9]"
    rf"|\s?(?!(?:{_REMARK})\b)[a-zA-Z]+,?\s(?:and\s)?-?\$?[0-9]|.*\bor\b|\s*+[,;]?\s?[a-zA-Z]\s?[:=]\s?\$?[0-9]"
    r"|(?:[\s/}]*+(?!x\b)[a-zA-Z]++){1,4}[\s}]*+(?:[-+*/x×÷]|\\times|\\cdot|\\div)[\s(\\$]*[0-9][^\n=]*="
    r"|\s*\?|\s?\+|\s(?:squared|cubed|factorial|halves|divided|multiplied)\b"
    r"|\s*+(?:\\?%\s*+)?(?:(?!out\b)[a-zA-Z]++\s){0,2}of\s[\\$]*[0-9][^\n=(]*=",
    re.DOTALL,
)  # fmt: skip
_EQUALS = re.compile(r"\s*+=")
_ALTERNATIVE = re.compile(r"[^\n.=]{0,30}\bor\b[^\n.=]{0,30}|:")
_LONGEST = 60
"""Characters of a number; nobody states a longer one."""


def stated(response: str) -> str | None:
    """The text of the number that ``response`` gives as its answer; None if there is none.

    That is the number at the start of the last line behind ``####`` that begins with one, or of
    the last box where that comes later, as long as nothing goes on from it (``17 18``,
    ``17 or 18``, ``17 + 1``); else the last number of that box, else of the whole response.
    """
    text = _plain(response)
    marked, end = None, 0
    for mark in reversed(_without_steps(deque(_MARK.finditer(text), maxlen=_MOST_MARKS))):
        if (marked := _first(mark[1])) is not None:
            end = mark.end()
            break
    box = last_boxed(text[end:])
    boxed = None if box is None else _first(box) or _last(box)
    return boxed or marked or _last(text)


def _without_steps(marks: Iterable[re.Match[str]]) -> list[re.Match[str]]:
    """Without the headings of steps that are counted: ``#### 1. Add``, ``#### 2. Multiply``."""
    step, others = 0, []
    for mark in marks:
        heading = _STEP.match(mark[1])
        if heading and int(heading[1]) in (1, step + 1):
            step = int(heading[1])
        else:
            others.append(mark)
    return others


def value(number: str, scaled: bool = True) -> Fraction | None:
    """What the text of a number is worth, its ``million`` included where ``scaled``; None where it
    is not one, such as ``1,8``."""
    match = _NUMBER.fullmatch(_plain(number[: 2 * _LONGEST]))
    if match is None or len(number) > _LONGEST:
        return None
    digits = match["digits"].rstrip(".,")
    power = int(match["power"] or match["times"] or 0) + _LETTERS.get(match["letter"], 0)
    below, under = int(match["below"] or 1), int(match["under"] or 1)
    if not _DIGITS.fullmatch(digits) or abs(power) > _LONGEST or not below or not under:
        return None
    if match["sign"] and match["inner"]:
        return None
    size = Fraction(digits.replace(",", ""))
    if match["over"]:
        size += Fraction(int(match["over"]), under)
    if power:
        size *= Fraction(10) ** power
    if below != 1:
        size /= below
    for scale in re.findall("[a-z]+", (match["scales"] or "").lower()) if scaled else ():
        size *= _SCALES[scale.removesuffix("s")]
    return -size if match["sign"] or match["inner"] else size


def same(number: str | None, gold: str, question: str = "") -> bool:
    """Whether two texts state the same number.

    ``18 million`` is 18,000,000; where ``question`` asks for the answer in millions it is 18, too.
    """
    worth = value(number) if number is not None else None
    if number is None or worth is None:
        return False
    wanted = value(gold)
    return worth == wanted or (_asked_in(number, question) and value(number, False) == wanted)


def _asked_in(number: str, question: str) -> bool:
    match = _NUMBER.fullmatch(_plain(number))
    words = match["scales"].lower().replace("-", " ").split() if match and match["scales"] else []
    return len(words) == 1 and bool(
        re.search(rf"\b(?:in|how many) (?:the )?{words[0].removesuffix('s')}s?\b", question, re.I)
    )


def _plain(text: str) -> str:
    """In ASCII, with thousands set off by commas and fractions as ``1/2``."""
    if not text.isascii():
        text = text.translate({ord(letter): _ascii(letter) for letter in set(text)})
    if "frac" in text:
        text = _FRACTION.sub(_as_division, text)
    return _GROUP.sub(",", text)


def _ascii(letter: str) -> str:
    """What a person would type for it: digits of every script, dashes, spaces, currencies."""
    if letter.isascii():
        return letter
    digit = unicodedata.decimal(letter, None)
    kind = unicodedata.category(letter)
    if digit is not None:
        return str(digit)
    if letter in "−⁻" or kind == "Pd":
        return "-"
    if (other := {"Sc": "$", "Zs": " ", "Cf": ""}.get(kind)) is not None:
        return other
    if letter in _LIKE:
        return _LIKE[letter]
    plain = unicodedata.normalize("NFKC", letter)
    above, slash, below = plain.partition("\u2044")
    if slash and above.isdecimal() and below.isdecimal():
        return rf"\frac{{{above}}}{{{below}}}"
    if unicodedata.name(letter, "").startswith("SUPERSCRIPT"):
        return "^" + plain
    return plain if plain.isascii() else letter


def _as_division(match: re.Match[str]) -> str:
    lead = f"{match[1]} " if match[1] else ""
    return f"{lead}{match[2] or match[3]}/{match[4] or match[5]}"


def _first(place: str) -> str | None:
    """The number that ``place`` begins with; of a worked line, what stands behind its last ``=``.

    Of ``18 = 9 * 2`` it is 18. Where another follows, both are given as one text, worth nothing.
    """
    place = _ARROW.sub("=", _TEXT.sub(" ", place))
    place = _MINUS.sub("-", _HALF.sub(" 1/2", place))
    place = _SPACED.sub(lambda match: match[0].replace(" ", ","), place)
    label = None if _PREFIX.match(place) else _LABEL.match(place)
    place = place[label.end() :] if label else place
    if _UNEQUAL.match(place):
        return place[:_LONGEST]
    prefix = _PREFIX.match(place)
    if prefix is None:
        return None
    start = _LEAD.sub(r"\1", place[prefix.end() :], count=1)
    match = _NUMBER.match(start)
    if match is None:
        return None
    if not _ANOTHER.match(start, match.end()):
        return match[0]
    worked = start.rpartition("=")[2]
    if worked == start:
        return start[:_LONGEST]
    result = _first(worked)
    is_worked = _EQUALS.match(start, match.end()) and value(result or "") is None
    return match[0] if is_worked else result


def _last(text: str) -> str | None:
    """The last number anywhere; two joined by "or" or a colon are one text, worth nothing."""
    found = deque(_NUMBER.finditer(text), maxlen=2)
    if len(found) == 2 and _ALTERNATIVE.fullmatch(text, found[0].end(), found[1].start()):
        return text[found[0].start() : found[1].end()][:_LONGEST]
    return found[-1][0] if found else None
