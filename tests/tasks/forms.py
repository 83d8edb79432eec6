"""Ways in which honest chat models hand a function in. Each must be graded as the function is."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass

FENCED = '"""As in\n```\n>>> 1 + 1\n2\n```\n"""'


@dataclass(frozen=True)
class Solution:
    """A right answer: ``whole`` defines ``name``; ``inside`` goes on where the prompt ends."""

    name: str
    whole: str
    inside: str = ""

    @property
    def with_fenced_docstring(self) -> str:
        """The whole function with a fenced example in a docstring of its own."""
        lines = self.whole.split("\n")
        head = next(i for i, line in enumerate(lines) if line.startswith(f"def {self.name}"))
        following = next((line for line in lines[head + 1 :] if line.strip()), "")
        indent = following[: len(following) - len(following.lstrip())]
        if not indent or not lines[head].rstrip().endswith(":"):
            return self.whole
        return "\n".join([*lines[: head + 1], textwrap.indent(FENCED, indent), *lines[head + 1 :]])


Form = Callable[[Solution], str]


def fence(code: str, tag: str = "python", mark: str = "```") -> str:
    """A block."""
    return f"{mark}{tag}\n{code.rstrip()}\n{mark}\n"


USAGE = fence("print('used')")
OUTPUT = fence("used", tag="")


def in_list(s: Solution) -> str:
    """A fence inside a list item, as CommonMark indents it."""
    return "1. The code:\n" + textwrap.indent(fence(s.whole), "   ") + "2. Done.\n"


def tagged_line(s: Solution) -> str:
    """The marker and the fence on one line."""
    lines = fence(s.whole).split("\n")
    return "\n".join(["- " + lines[0], *("  " + line if line else "" for line in lines[1:])])


def imports_apart(s: Solution) -> str:
    """What it imports in a block of its own, above it."""
    lines = s.whole.split("\n")
    above = [line for line in lines if line.startswith(("import ", "from "))] or ["import math"]
    rest = [line for line in lines if line not in above]
    blocks = [fence("\n".join(part)) for part in (above, rest)]
    return "Import:\n" + "Then:\n".join(blocks)


WHOLE: Mapping[str, Form] = {
    "one block": lambda s: fence(s.whole),
    "prose around it": lambda s: f"Sure! Here's the code:\n\n{fence(s.whole)}\nHope this helps!",
    "usage in a second block": lambda s: f"{fence(s.whole)}\nExample usage:\n{USAGE}",
    "usage and output": lambda s: f"{fence(s.whole)}\nUse it:\n{USAGE}\nIt prints:\n{OUTPUT}",
    "untagged, then output": lambda s: f"{fence(s.whole, '')}\nOutput:\n{OUTPUT}",
    "draft, then final": lambda s: f"{fence(f'def {s.name}(*a): ...')}\nFinal:\n{fence(s.whole)}",
    "final, then another draft's use": lambda s: f"{fence(s.whole)}\n{USAGE}\n{USAGE}",
    "a lone closing fence": lambda s: f"{s.whole}\n```\n",
    "a lone closing fence, then prose": lambda s: f"{s.whole}\n```\n\nThis is what was wanted.",
    "a lone closing fence, then usage": lambda s: f"{s.whole}\n```\nUse it:\n{USAGE}",
    "a lone closing fence, then output": lambda s: f"{s.whole}\n```\nOutput:\n{OUTPUT}",
    "never closed": lambda s: f"Code:\n```python\n{s.whole}",
    "never closed, then prose": lambda s: (
        f"```python\n{s.whole}\n\nThis function does what was asked for.\n\n- It is short.\n"
    ),
    "closed at the end of a line": lambda s: f"```python\n{s.whole.rstrip()}```\nDone.",
    "prose behind the closer": lambda s: f"```python\n{s.whole}\n``` This is the code.\n{OUTPUT}",
    "not closed before the next": lambda s: f"```python\n{s.whole}\n```python\nprint(1)\n```",
    "fenced docstring": lambda s: fence(s.with_fenced_docstring),
    "fenced docstring, no fence": lambda s: s.with_fenced_docstring,
    "in a list": in_list,
    "behind a list marker": tagged_line,
    "indented by four": lambda s: textwrap.indent(fence(s.whole), "    "),
    "code further in than its fence": lambda s: fence(textwrap.indent(s.whole, "    ")),
    "tildes": lambda s: fence(s.whole, mark="~~~"),
    "four backticks around three": lambda s: fence(fence(s.whole), "", "````"),
    "longer closer": lambda s: f"```python\n{s.whole}\n`````\nDone.",
    "tag py": lambda s: fence(s.whole, "py"),
    "tag Python3": lambda s: fence(s.whole, " Python3 "),
    "tag with attributes": lambda s: fence(s.whole, 'python title="a.py"'),
    "tag in braces": lambda s: fence(s.whole, "{.python}"),
    "inline fence before it": lambda s: f"```python import math```\n{fence(s.whole)}",
    "inline fence in prose": lambda s: f"Use ```{s.name}``` so:\n{fence(s.whole)}",
    "future import": lambda s: fence(f"from __future__ import annotations\n{s.whole}"),
    "byte order mark": lambda s: fence(f"\ufeff{s.whole}"),
    "byte order mark before all": lambda s: f"\ufeff{fence(s.whole)}",
    "CRLF": lambda s: fence(s.whole).replace("\n", "\r\n"),
    "no fence": lambda s: s.whole,
    "prose before, no fence": lambda s: f"Here is the function:\n\n{s.whole}",
    "prose after, no fence": lambda s: f"{s.whole}\n\nThis function does what was asked for.",
    "prose around, no fence": lambda s: f"Sure, here you go:\n{s.whole}\nExplanation:\n- It works.",
    "heading around, no fence": lambda s: f"**Solution**\n{s.whole}\n1. It's short.\n",
    "its tag without a fence": lambda s: f"python\n{s.whole}\n```\n",
    "headings of a word, no fence": lambda s: f"Python\n\n{s.whole}\nExplanation\n\nIt loops.",
    "imports in a block of their own": imports_apart,
    "marks in brackets": lambda s: f"[PYTHON]\n{s.whole}\n[/PYTHON]\nIt works.",
    "a listing of LaTeX": lambda s: f"\\begin{{lstlisting}}\n{s.whole}\n\\end{{lstlisting}}",
    "indented code, no fence": lambda s: (
        f"This is it:\n\n{textwrap.indent(s.whole, '    ')}\n\nHope it helps."
    ),
    "thoughts with a draft": lambda s: (
        f"<think>\nSay\n```python\ndef {s.name}(*a): ...\n</think>\n{fence(s.whole)}"
    ),
}  # fmt: skip
"""A whole function: for HumanEval and MBPP."""

INSIDE: Mapping[str, Form] = {
    "completion": lambda s: s.inside,
    "completion, then a lone closing fence": lambda s: f"{s.inside}\n```\n",
    "completion, closing fence, prose": lambda s: f"{s.inside}\n```\n\nIt does what was asked for.",
    "completion, closing fence, usage": lambda s: f"{s.inside}\n```\nUse it:\n{USAGE}",
    "inside in a fence": lambda s: fence(s.inside),
    "inside in a fence, dedented": lambda s: fence(textwrap.dedent(s.inside)),
    "inside in a fence, then usage": lambda s: f"{fence(s.inside)}\n{USAGE}",
    "inside in a fence, dedented, then usage": lambda s: (
        f"{fence(textwrap.dedent(s.inside))}{USAGE}"
    ),
    "inside in an untagged fence": lambda s: fence(s.inside, ""),
    "completion, then prose": lambda s: f"{s.inside}\n\nExplanation:\n- It's short.\n",
    "completion, then a mark": lambda s: f"{s.inside}\n[DONE]\n",
}
"""What comes after the head of the function: for HumanEval only."""

NEVER: Mapping[str, Form] = {
    "a wrong function comes last": lambda s: f"{fence(s.whole)}\n{fence(f'def {s.name}(*a): 0')}",
    "it is taken away in its block": lambda s: fence(f"{s.whole}\n{s.name} = None"),
    "only its name is given": lambda s: f"```python\n{s.name}\n```",
    "refusal": lambda s: f"I cannot write {s.name}.",
}
"""Wrong whatever the function is."""
