r"""Several values in one text, and ranges of values, written out.

``\frac{1 \pm \sqrt5}{2}`` is two numbers, and ``x < 2 \text{ or } 3 < x`` is
``(-\infty,2) \cup (3,\infty)``. Pure functions of tidy texts; what they do not know stays as it is.
"""

from __future__ import annotations

import re

_EITHER = re.compile(r"\\(?:pm|mp)(?![a-zA-Z])")
_LIST = re.compile(r",(?![^(\[{]*[)\]}])")
BRACED = re.compile(r"\A\(?(?:\\left)?\\\{(.*?)(?:\\right)?\\\}\)?\Z", re.DOTALL)
_BUILDER = re.compile(
    r"\A(?:\\left)?\\\{\s*([a-zA-Z])\s*(?:\\in\s*\\mathbb\{R\}\s*)?"
    r"(?:\\(?:mid(?!dle)|vert|middle\s*\|)|\||:)(.*?)(?:\\right)?\\\}\Z",
    re.DOTALL,
)
_AND = re.compile(r",?\s*(?:\\text\{[\s,]*and\s*\}|\band\b|\\(?:land|wedge)(?![a-zA-Z]))")
_OR = re.compile(
    rf"\\text\{{[\s,]*or\s*\}}|\bor\b|\\(?:cup|lor|vee)(?![a-zA-Z])|(?!{_AND.pattern}),"
)
_OR_BETWEEN = re.compile(
    r"(?<=[\])])\s*(?:\\text\{[\s,]*or\s*\}|\bor\b)\s*(?:[a-zA-Z]\s*\\in\b\s*)?(?=(?:\\left)?[\[(])"
)
_REAL = re.compile(r"[a-zA-Z]\s*\\in\s*\\mathbb\{R\}")
_UNEQUAL = re.compile(r"([a-zA-Z])\s*\\neq?(?![a-zA-Z])\s*(.+)")
_SIGN = re.compile(r"(<=|>=|<|>|\\(?:leqslant|geqslant|leq?|geq?|lt|gt)(?![a-zA-Z]))")
_NAME = re.compile(r"\\?[a-zA-Z]+(?:_\{?\w\}?)?(?:\([a-z]\))?")
_NAMED = re.compile(r"\s*([a-zA-Z])\s*=([^=]+)")
_NAME_OF = re.compile(r"[a-zA-Z](?=\s*=(?!=))")
_NAMES_FIRST = re.compile(r"\(([a-zA-Z](?:\s*,\s*[a-zA-Z])+)\)\s*=\s*\((.*)\)", re.DOTALL)
_NAMES_OF_POINT = re.compile(r"\([a-zA-Z](?:\s*,\s*[a-zA-Z])+\)\s*=\s*")
_OPENS = ("(", r"\left(")
_VECTOR = re.compile(
    r"\\begin\{([pb]?)matrix\}((?:(?!\\begin|\\end).)*)\\end\{\1matrix\}", re.DOTALL
)
_TRANSPOSED = re.compile(r"((?:\\left)?\(.*\))\s*\^\{?\s*(?:T|\\top|\\intercal)\s*\}?", re.DOTALL)
_OF_A_VECTOR = re.compile(
    r"\A(?:\\(?:vec|overrightarrow)\s*)?\{?[a-zA-Z]{1,2}\}?(?:_\{?\w\}?)?\s*=(?!=)\s*"
)
OR_WORD = r"\\text\s*\{[\s,]*or\s*\}|(?<![a-zA-Z\\])or(?![a-zA-Z])"


def listed(text: str) -> str:
    r"""``\pm`` written out, where it stands once in an element of a list."""
    if not _EITHER.search(text):
        return text
    braced = BRACED.match(text)
    elements: list[str] = []
    for element in _LIST.split(braced[1] if braced else text):
        if len(_EITHER.findall(element)) == 1:
            elements += [_with_sign("+", element), _with_sign("-", element)]
        else:
            elements.append(element)
    return rf"\{{{','.join(elements)}\}}" if braced else ",".join(elements)


def _with_sign(sign: str, text: str) -> str:
    before, after = _EITHER.split(text)
    if sign == "+" and (not before.strip() or before.rstrip()[-1] in "({[,="):
        sign = " "  # no sign is needed
    return f"{before}{sign}{after}"


def interval(text: str) -> tuple[str, str] | None:
    r"""The variable and the interval, or union of intervals, that inequalities describe."""
    builder = _BUILDER.match(text)
    text, names, points = _without_points(builder[2] if builder else text)
    ranges = []
    for part in _OR.split(text) if text or not points else ():
        found = _range(part)
        if found is None:
            return None
        ranges.append(found)
    names |= {name for name, _, _ in ranges}
    if len(names) > 1 or any(map(_has_name, points)):
        return None
    ends = [(low or r"(-\infty", high or r"\infty)") for _, low, high in ranges]
    union = r" \cup ".join(f"{low},{high}" for low, high in ends) or r"(-\infty,\infty)"
    return names.pop(), rf"({union}) \setminus \{{{','.join(points)}\}}" if points else union


def _without_points(text: str) -> tuple[str, set[str], list[str]]:
    r"""``x > 0, x \neq 1, 2`` as ``x > 0``, what is named there, and what it is not."""
    names: set[str] = set()
    points: list[str] = []
    rest: list[str] = []
    for clause in re.split(rf"{_AND.pattern}|,", text):
        clause = clause.strip()
        if unequal := _UNEQUAL.fullmatch(clause):
            names.add(unequal[1])
            points.append(unequal[2])
        elif points and not _SIGN.search(clause):
            points.append(clause)
        elif not _REAL.fullmatch(clause):
            rest.append(clause)
    return (r" \land ".join(rest), names, points) if points else (text, names, points)


def alike(gold: str, answer: str) -> tuple[str, str]:
    """Both, written out; inequalities as intervals, where the other side can be one."""
    gold, answer = (_named_once(listed(side)) for side in (gold, answer))
    gold, answer = _as_points(*_as_vectors(gold, answer))
    wanted, given = interval(gold), interval(answer)
    if r"\cup" in (wanted[1] if wanted else gold):
        answer = _OR_BETWEEN.sub(r" \\cup ", answer)
    if wanted and given:
        return (wanted[1], given[1]) if wanted[0] == given[0] else (gold, answer)
    return wanted[1] if wanted else gold, given[1] if given else answer


def _named_once(text: str) -> str:
    """``(x,y) = (1,2), (x,y) = (3,4)`` with the names at its beginning alone."""
    names = _NAMES_OF_POINT.match(text)
    return names[0] + text[names.end() :].replace(names[0], "") if names else text


def _as_vectors(gold: str, answer: str) -> tuple[str, str]:
    """A column beside a point as a point; so is a row where a point is asked for."""
    vector = _OF_A_VECTOR.sub("", answer)
    if gold.startswith(_OPENS):
        point = _point(vector, r"\\\\|&")
        return gold, answer if point == vector else point
    if vector.startswith(_OPENS) and r"\begin" not in vector:
        coordinates = _TRANSPOSED.fullmatch(vector)
        point = _point(gold, r"\\\\")
        return (gold, answer) if point == gold else (point, (coordinates or [vector] * 2)[1])
    return gold, answer


def _point(text: str, between: str) -> str:
    r"""``\begin{pmatrix} 1 \\ 2 \end{pmatrix}`` as ``(1,2)``; other texts as they are."""
    vector = _VECTOR.fullmatch(text)
    marks = set(re.findall(r"\\\\(?!\s*\Z)|&", vector[2])) if vector else set()
    if not vector or len(marks) != 1 or not re.fullmatch(between, marks.pop()):
        return text
    return f"({','.join(part.strip() for part in re.split(between, vector[2]) if part.strip())})"


def _as_points(gold: str, answer: str) -> tuple[str, str]:
    """``y=2, x=1`` as ``(1,2)`` beside a point or other named values; other texts as they are."""
    wanted, given = _points(gold), _points(answer)
    if wanted and given:
        return (wanted[1], given[1]) if wanted[0] == given[0] else (gold, answer)
    if given and gold.startswith(_OPENS):
        return gold, given[1]
    if wanted and answer.startswith(_OPENS):
        return wanted[1], answer
    return gold, answer


def misnamed(gold: str, answer: str) -> bool:
    """Whether an answer gives a point and has other than one name a value: ``(x,y,z)=(1,2)``, or
    ``x=1, x=2``, which are two values of one name."""
    if together := _NAMES_FIRST.fullmatch(answer):
        names, values = together[1].count(",") + 1, len(_LIST.split(together[2]))
        return names != values and not re.search(r"\).*\(", together[2])  # one point only
    parts = re.split(rf"{_AND.pattern}|[,;]|{OR_WORD}", answer)
    named = [match for part in parts if (match := _NAMED.fullmatch(part))]
    one_name = len({match[1] for match in named}) == 1 < len(named) == len(parts)
    return (one_name and gold.startswith(_OPENS)) or _named_either_way(answer)


def _named_either_way(text: str) -> bool:
    r"""Whether one thing or another is named, as in ``x=2 \text{ or } y=3``: that is no point."""
    named = (frozenset(_NAME_OF.findall(way)) for way in re.split(OR_WORD, text))
    return len(set(filter(None, named))) > 1


def _points(text: str) -> tuple[list[str], str] | None:
    """The names, in order, and the points that ``p=5, q=2; p=7, q=2`` or ``(q,p)=(2,5)`` is."""
    if together := _NAMES_FIRST.fullmatch(text):
        parts = list(zip(re.split(r"\s*,\s*", together[1]), _LIST.split(together[2]), strict=False))
        complete = len(_LIST.split(together[2])) == len(parts) == together[1].count(",") + 1
    else:
        found = [
            _NAMED.fullmatch(part) for part in re.split(rf"{_AND.pattern}|[,;]|{OR_WORD}", text)
        ]
        parts = [(match[1], match[2]) for match in found if match]
        complete = len(parts) == len(found) and not _named_either_way(text)
    names = sorted({name for name, _ in parts})
    if not complete or len(names) < 2 or len(parts) % len(names):
        return None
    points = []
    for start in range(0, len(parts), len(names)):
        values = dict(parts[start : start + len(names)])
        if len(values) < len(names):
            return None
        points.append(f"({','.join(values[name] for name in names)})")
    return names, ",".join(points)


def _range(text: str) -> tuple[str, str | None, str | None] | None:
    """A variable's name, ``[low`` or ``(low``, and ``high]`` or ``high)``."""
    low = high = None
    names = set()
    for clause in _AND.split(text):
        sides = _SIGN.split(clause)
        terms = [term.strip() for term in sides[::2]]
        signs = sides[1::2]
        middle = [i for i, term in enumerate(terms) if _NAME.fullmatch(term)]
        if not signs or len(signs) > 2 or len(middle) != 1 or (len(signs) == 2 and middle != [1]):
            return None
        names.add(terms[middle[0]])
        for place, sign in enumerate(signs):
            closed = "e" in sign or "=" in sign
            below = place < middle[0]  # the number stands before the variable
            number = terms[place if below else place + 1]
            if not number or _has_name(number):
                return None
            if below == sign.startswith(("<", r"\l")):
                if low is not None:
                    return None
                low = ("[" if closed else "(") + number
            else:
                if high is not None:
                    return None
                high = number + ("]" if closed else ")")
    return (names.pop(), low, high) if len(names) == 1 else None


def _has_name(number: str) -> bool:
    return _NAME.search(re.sub(r"\\[a-zA-Z]+", "", number)) is not None
