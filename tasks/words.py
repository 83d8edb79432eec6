r"""What is said in words: ``June 20``, ``2:30 \text{ p.m.}``, ``\text{Option A}``. Pure functions
of tidy texts."""

from __future__ import annotations

import re

from srpo_bench.tasks.latex import DOTS

_TEXT = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|normal)?|math(?:rm|bf|it|sf)|mbox|operatorname)(?![a-zA-Z])"
)
_ARTICLE = re.compile(r"\A(?:an?|the) (?=[a-zA-Z]{3})", re.IGNORECASE)
_CALLED = re.compile(r"\A(?i:(?:the )?(?:final |correct )?answer(?: is|:)) ")
_CHOICE = re.compile(r"\A(?i:option|choice) (?=\(?[A-Z]\)?\Z)")
_LETTER = re.compile(r"(?<!\S)\(([A-Z])\)(?=, |\Z)")
_AND = re.compile(r",\s*(?:and\s+)?|\s+and\s+")
_END = re.compile(r"(?<=\w)\s?[.,;]\Z")
_MONTH = (
    r"(January|February|March|April|May|June|July|August|September|October|November|December)\b"
)
_DAY = r"(?:the )?(\d{1,2})\s?(?:\^\s?)?(?:st|nd|rd|th)?\b"
_DAY_FIRST = re.compile(rf"(?<!\S){_DAY},?(?: of)? {_MONTH}", re.IGNORECASE)
_MONTH_FIRST = re.compile(rf"(?<!\S){_MONTH} {_DAY}", re.IGNORECASE)
_HALF_OF_DAY = re.compile(r"(?:(?<=\d)|\b)\s*([ap])\.?\s?m\b\.?", re.IGNORECASE)
_AFTER_NOON = re.compile(r"(1[3-9]|2[0-3])(:[0-5]\d)")
_ON_THE_HOUR = re.compile(r"(?<=\d):00(?= [ap]m\Z)", re.IGNORECASE)


def same(gold: str, answer: str) -> bool:
    r"""Whether both are the same words, however set (``June 20`` and ``\text{June 20}``), or the
    same list with an ellipsis."""
    if DOTS.search(gold) and _without_space(gold) == _without_space(answer):
        return True
    left, right = _plain(gold), _plain(answer)
    if re.search(r"[\\^_]", left + right):
        return False
    if not re.search("[a-zA-Z]", left):
        return left == right and _TEXT.search(gold + answer) is not None
    if _TEXT.search(gold):
        return left.lower() == right.lower()
    return left == right


def _without_space(text: str) -> str:
    return re.sub(r"\s", "", DOTS.sub("...", text.replace("...", "\\ldots")))


def _plain(text: str) -> str:
    text = " ".join(re.sub(r"[{}]|\\ ", " ", _TEXT.sub(" ", text)).split())
    text = _ARTICLE.sub("", _CALLED.sub("", _AND.sub(", ", text)))
    text = _MONTH_FIRST.sub(r"\1 \2", _DAY_FIRST.sub(r"\2 \1", _CHOICE.sub("", text)))
    text = _time(_END.sub("", _LETTER.sub(r"\1", text)))
    return text.strip("()").strip() if re.fullmatch(r"\([^()]*\)|[A-Z]\)", text) else text


def _time(text: str) -> str:
    """``14:30`` as ``2:30 pm``, ``3:00 P.M.`` as ``3 Pm``."""
    if afternoon := _AFTER_NOON.fullmatch(text):
        text = f"{int(afternoon[1]) - 12}{afternoon[2]} pm"
    return _ON_THE_HOUR.sub("", _HALF_OF_DAY.sub(r" \1m", text))
