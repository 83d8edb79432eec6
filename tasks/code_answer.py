"""The code that a response means, found line by line: a response is never parsed here."""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from itertools import pairwise

from srpo_bench.tasks.fences import Block, Fence, blocks, dedented, open_quote

_FUTURE = re.compile(r"^from __future__ import (?:\([^)]{0,500}\)|[^\n]*)\n?", re.MULTILINE)
_IMPORTS = re.compile(
    r"(?:(?:import [\w., ]++|from [\w.]++ import (?:[\w*, ]++|\([\w, \n]*+\)))?"
    r"(?: *+#[^\n]*+)?\n)+"
)
"""Lines that import; or are empty or a comment."""
_RETURNS = re.compile(r"^([ \t]*)(?:return|yield)\b", re.MULTILINE)
_TOP_LEVEL = re.compile(r"^(?:async[ \t]+)?(?:def|class)\b", re.MULTILINE)
_CONTRACTION = re.compile(r"(?<=\w)['\u2019](?=(?:s|t|re|ll|ve|m|d)\b)")
_LITERAL = re.compile(r"[\"'#`]")
_MARKUP = re.compile(r"(?:[-*>] |\d{1,3}[.)] |\*\*|[`~\\$]|\[/?[A-Z]+\]|<[/|a-z]|[^\x00-\x7f])")
_SENTENCE = re.compile(r"[A-Z][^=()\[\]{}]*[.!?:]\s*")
_WORDS = frozenset(keyword.kwlist) | {"match", "case"}


def defines(code: str, name: str) -> bool:
    """Whether ``code`` makes ``name`` at its top level: a function, a class or an assignment."""
    return _definition(name).search(code) is not None


def _definition(name: str) -> re.Pattern[str]:
    name = re.escape(name)
    return re.compile(
        rf"^(?:(?:async[ \t]+)?def[ \t]+{name}[ \t]*\(|class[ \t]+{name}\b"
        rf"|{name}[ \t]*(?::[^=\n]*)?=(?!=))",
        re.MULTILINE,
    )


def function_code(response: str, name: str) -> str:
    """The code that is meant to define ``name``.

    The last block that defines it; else the code around its definition outside of any block; else
    the last block that says Python, or the last one; else the whole response.
    """
    response = response.removeprefix("\ufeff")
    written = list(blocks(response))
    function = whole_function(response, written, name)
    if function is not None:
        return function
    return block.code if (block := likely(written)) else response


def whole_function(response: str, written: Sequence[Block], name: str) -> str | None:
    """The code that defines ``name``, from a block or from open text; None where nothing does."""
    for number in reversed(range(len(written))):
        code = written[number].code
        if defines(code, name):
            if not written[number].closed:  # prose may follow
                code = _open_code(code, name) or code
            above = [] if _FUTURE.search(code) else filter(_only_imports, written[:number])
            return "".join(block.code for block in above) + code
    return _open_code(response, name)


def _only_imports(block: Block) -> bool:
    return (block.is_python or not block.tag) and _IMPORTS.fullmatch(block.code) is not None


def likely(written: Sequence[Block]) -> Block | None:
    """The most likely block where none defines what is asked for: the last
    that holds the inside of a function, else the last that says Python, else the last."""
    python = [block for block in written if block.is_python] or list(written)
    insides = [block for block in python if block.further_in or _is_inside(block.code)]
    return next(reversed(insides or python), None)


def _is_inside(code: str) -> bool:
    """Whether it returns, and not only from functions of its own."""
    returns = {match[1] for match in _RETURNS.finditer(code)}
    return "" in returns or (bool(returns) and not _TOP_LEVEL.search(code))


def completed(prompt: str, response: str, name: str, preamble: str) -> str:
    """The program that a response to ``prompt``, the head of a function, stands for.

    A bare completion follows the prompt. A whole function takes the stub's place, behind
    ``preamble``, the prompt's imports and helpers.
    """
    response = response.removeprefix("\ufeff")
    written = list(blocks(response))
    inside = _inside(response, prompt) if not any(defines(b.code, name) for b in written) else None
    if inside is not None:
        return prompt + inside
    function = whole_function(response, written, name)
    if function is not None:
        head = max((match.end() for match in _FUTURE.finditer(function)), default=0)
        return function[:head] + preamble + function[head:]
    block = likely(written)
    return prompt + (_indented(block.code, _indent(prompt)) if block else response)


def _inside(response: str, prompt: str) -> str | None:
    """A response that goes on inside the function, up to a fence that stands left of it, or to
    prose at column 0."""
    indent = len(_indent(prompt))
    lines = response.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if not first[:indent].isspace() or Fence.of(first) is not None:
        return None
    prose = _prose(lines)
    for number, line in enumerate(lines):
        fence = Fence.of(line)
        if prose[number] or (fence is not None and fence.indent < indent):
            return "\n".join(lines[:number]) + "\n"
    return response


def _indent(prompt: str) -> str:
    """How far the function's inside stands in: as the prompt's last line that is not empty."""
    last = next((line for line in reversed(prompt.split("\n")) if line.strip()), "")
    return last[: len(last) - len(last.lstrip())] or "    "


def _indented(code: str, indent: str) -> str:
    first = next((line for line in code.split("\n") if line.strip()), "")
    if first[:1].isspace():
        return code
    return "\n".join(indent + line if line.strip() else line for line in code.split("\n"))


def _open_code(response: str, name: str) -> str | None:
    """The lines around the last definition of ``name`` at column 0, without the prose that stands
    before and after them."""
    text = dedented(response.replace("\r\n", "\n").split("\n"))
    starts = [match.start() for match in _definition(name).finditer(text)]
    if not starts:
        return _indented_code(text.split("\n"), name)
    lines = text.split("\n")
    prose = _prose(lines)
    middle = text.count("\n", 0, starts[-1])
    start = next((i + 1 for i in range(middle, -1, -1) if prose[i]), 0)
    end = next((i for i in range(middle, len(lines)) if prose[i]), len(lines))
    return "\n".join(lines[start:end]).strip("\n") + "\n"


def _indented_code(lines: list[str], name: str) -> str | None:
    """The last lines that define ``name`` and stand in, behind prose and an empty line: Markdown's
    code without a fence."""
    found, start = None, 0
    for number in range(len(lines) + 1):
        if number < len(lines) and (not lines[number].strip() or lines[number][0].isspace()):
            continue
        apart = 0 < start < number and not lines[start].strip() and _is_prose(lines[start - 1])
        if apart and defines(code := dedented(lines[start:number]), name):
            found = code
        start = number + 1
    return found


def _prose(lines: list[str]) -> list[bool]:
    """Which lines are no code: fences and sentences at column 0, outside of strings."""
    prose, quote = [], ""
    for line in lines:
        prose.append(not quote and bool(line) and not line[0].isspace() and _is_prose(line))
        if not prose[-1]:
            quote = open_quote(line, quote)
    return prose


def _is_prose(line: str) -> bool:
    """Whether a line at column 0 reads as text: a word alone or two plain ones side by side, the
    end of a sentence, or marks of Markdown and LaTeX. Python has no such line, or needs none."""
    if Fence.of(line) or _MARKUP.match(line) or _SENTENCE.fullmatch(line):
        return True
    words = _LITERAL.split(_CONTRACTION.sub("", line), maxsplit=1)[0].split()
    if words == [line.strip()] and line.strip().isidentifier() and words[0] not in _WORDS:
        return True
    for left, right in pairwise(words):
        right = right.rstrip(".,;:!?")
        if left.isidentifier() and right.isidentifier() and not {left, right} & _WORDS:
            return True
    return False
