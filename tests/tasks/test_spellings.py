# ruff: noqa: E501 - a table of cases is read best in few lines
r"""Every branch of what the math grader reads by patterns: spellings, units, claims and ranges.

No mutant of the code touches a pattern, so each branch has a case here; none needs math-verify.
"""

from __future__ import annotations

import pytest

from srpo_bench.tasks import bases, latex, readings, relations, units, words
from srpo_bench.tasks.base import Outcome

FUNCTIONS = ("pi", "exp", "ln", "log", "sin", "cos", "tan", "sec", "csc", "cot")
NUMERALS = (
    *("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
)
GREEK = "pi alpha beta gamma delta theta lambda mu sigma tau phi varphi omega"
KINDS = ("text", "mathrm")
BRACKETS = (("(", ")"), (r"\left(", r"\right)"))
SPELLED = [
    # how it looks
    *((f"{mark}5{mark}", "5") for mark in ("*", "***", "`", "```", '"')),
    *((rf"\{name}{{a}}5", "5") for name in ("phantom", "hphantom", "vphantom", "color", "textcolor")),
    *((rf"\{name} 5", "5") for name in ("displaystyle", "textstyle", "ensuremath", "underline")),
    *((rf"\{name} 5", "5") for name in ("bf", "it", "sf", "limits", "tiny", "small", "normalsize")),
    *((rf"\{name} 5", "5") for name in ("large", "Large", "LARGE", "huge", "Huge")),
    *((rf"a\{size}|b", "a|b") for size in ("big", "Big", "bigg", "Bigl", "bigr", "biggm")),
    *((rf"5\{name}{{a}}", "5") for name in ("hspace", "hspace*", "vspace")), (r"\phantom{\frac{\sqrt{2}}{3}}5", "5"),
    *((rf"\{kind}{{{number}}}", number) for kind in KINDS for number in ("5", "-5", "1/2", r"5\%", "1.5%")), (r"(\text{5}, \text{6})", "(5, 6)"),
    *((rf"\text{{5 {scale}}}", f"5{'0' * n}") for scale, n in (("hundred", 2), ("thousand", 3), ("million", 6), ("billion", 9), ("trillion", 12))),
    (r"\hbox{A}", r"\text{A}"), (r"\lbrace 1 \rbrace", r"\{ 1 \}"), *((f"2 {left}= 2{right}", "2 = 2") for left, right in BRACKETS),
    *((rf"2{left}\approx 2.0{right}.", r"2 \approx 2.0") for left, right in BRACKETS),
    *((rf"2\text{{ {about} }}2.1", r"2 \approx 2.1") for about in ("or approximately", "approx.", "(about", "roughly")), (r"2 \text{ (or about 2.1)}.", r"2 \approx 2.1"),
    *((rf"5{modulo}", r"5\pmod{7}") for modulo in (r"\text{ (mod } 7)", r"\text{ (mod 7)}")),
    *((rf"\{name} {angle}", rf"\{name} (\frac{{30\pi}}{{180}})") for name in ("sin", "cos", "tan", "cot", "sec", "csc") for angle in (r"30^\circ", r"30^{\circ}", "30°", r"30\degree")),
    (r"{\rm cm}", r"\mathrm{cm}"), (r"\rm {cm}", r"\mathrm{cm}"), (r"\rm{cm}", r"\mathrm{cm}"),
    *((rf"\math{name}{{5}}", "5") for name in ("bf", "it", "sf")),
    (r"\bm{5}", "5"), (r"\boldsymbol{5}", "5"), (r"\pmb {5}", "5"), (r"\mathbf{\sqrt{5}}", r"\sqrt{5}"),
    (r"\bm{\frac{\sqrt{a^{2}}}{5}} + 1", r"\frac{\sqrt{a^{2}}}{5} + 1"), (r"\mathbf{a}{b}", "a{b}"), (r"\mbox{A}", r"\text{A}"),
    *((rf"\text{name} {{A}}", r"\text {A}") for name in ("bf", "it", "rm", "sf", "tt", "normal")),
    *((rf"{unit} 5", "5") for unit in (r"\pounds", r"\euro", r"\$", "$")),
    # the same command
    *((rf"\{name}{{1}}{{2}}", r"\frac{1}{2}") for name in ("dfrac", "tfrac", "cfrac", "sfrac", "nicefrac")),
    *((rf"\frac\{name}6", rf"\frac{{\{name}}}{{6}}") for name in GREEK.split()), (r"\frac{1}\pi", r"\frac{1}{\pi}"),
    *((rf"{root}\frac12", rf"{root}{{\frac{{1}}{{2}}}}") for root in (r"\sqrt", r"\sqrt[3]", "2^")), (r"\sqrt\pi", r"\sqrt{\pi}"),
    (r"\sqrt[3]2", r"\sqrt[3]{2}"), (r"\sqrt (2)", r"\sqrt{2}"), ("1⁄2", "1/2"), ("1∕2", "1/2"), ("x⁻¹²", "x^{-12}"), ("x⁺³", "x^{+3}"), ("x₁₂", "x_{12}"),
    *((rf"\{name}{{1}}{{2}}", r"\binom{1}{2}") for name in ("dbinom", "tbinom", "binom")),
    (r"\frac ab", r"\frac{a}{b}"), (r"\frac a b", r"\frac{a}{b}"), (r"\frac12", r"\frac{1}{2}"),
    (r"\frac1b", r"\frac{1}{b}"), (r"\frac{1}b", r"\frac{1}{b}"), (r"\frac1{2}", r"\frac{1}{2}"),
    (r"\binom52", r"\binom{5}{2}"), (r"\binom nk", r"\binom{n}{k}"), (r"\binom n k", r"\binom{n}{k}"),
    (r"\binom {n}k", r"\binom{n}{k}"), (r"\binom5k", r"\binom{5}{k}"),
    (r"A\backslash B", r"A\setminus  B"), (r"A\smallsetminus B", r"A\setminus  B"), (r"1{:}2", "1:2"),
    (r"1\text{,} 2", "1,  2"), (r"1\text {;}2", "1; 2"), (r"1\text{ ; }2", "1; 2"),
    (r"\log_{e}2", r"\ln 2"), (r"\mathrm{i}", "i"), (r"\mathrm{ e }", "e"),
    *((f"{name}(x) = 2", "y = 2") for name in "fgh"), ("f(x)= 2", "y = 2"),
    *((f"{sign} 5", "5") for sign in (r"\therefore", r"\implies", r"\Rightarrow", r"\#", "=", r"\therefore \#", "= =")),
    *((rf"\{kind}dollar5", "5") for kind in ("text", "math")),
    *((f"{base}**{power}", f"{base}^{{{power}}}") for base in ("2", "x", "(x)") for power in ("2", "-2", "n", "12")),
    (r"\text{$\frac{1}{2}$}", r"\frac{1}{2}"), (r"\text{-2\sqrt{3}}", r"-2\sqrt{3}"), (r"\|v\|", "|v|"), (r"\Pr(A)", "P(A)"),
    *((rf"\{name} v", "| v") for name in ("lVert", "rVert", "Vert")),
    # as a keyboard has it
    *((f"2{name}", rf"2\{name}") for name in FUNCTIONS),
    ("oo", r"\infty"), ("infinity", r"\infty"), ("2^-n", "2^{-n}"), ("2^ - 4", "2^{- 4}"),
    ("2^{ 0.5 }", r"2^{\frac{5}{10}}"), ("1<=2", r"1\le 2"), ("1>=2", r"1\ge 2"),
    *((rf"11_\text{{{name}}}", f"11_{{{n}}}") for n, name in enumerate(NUMERALS, 2)),
    (r"11_{\text {sixteen}}", "11_{16}"), (r"11_{\text{ two }}", "11_{2}"),
    ("√2", r"\sqrt{2}"), ("√x", r"\sqrt{x}"), ("sqrt(2)", r"\sqrt{2}"), ("√ {2}", r"\sqrt{2}"),
    (r"\Bbb{R}", r"\mathbb{R}"), (r"\mathbb { R }", r"\mathbb{R}"), (r"0.\bar3", r"\frac{3}{9}"),
    (r"0.\overline { 3 }", r"\frac{3}{9}"), ("1~234", "1234"), ("1'234", "1234"), (r"1\, 234", "1234"),
    ("1.1 234", "1.1 234"), ("1,1 234", "1,1 234"), ("11111 234", "11111 234"),
    ("1.5E4", "15000"), ("1.5e+4", "15000"), ("15e-4", r"\frac{15}{10000}"),
    # around it, and spaces within it
    *((rf"1{gap}\pm{gap}2", r"1 \pm 2") for gap in (r"\,", r"\;", r"\:", r"\!", r"\>", r"\ ", r"\quad", "~")),
    *((f"5{tail}", "5") for tail in ("~", r"\quad", r"\qquad", r"\text{ .,;}", ";", ":", r"\!")),
    *((f"{head}5", "5") for head in (" ", "~", r"\,", r"\quad", r"\qquad")),
    (r"\text{It is = }5", "5"), (r"\text{So: } 5", "5"), ("the final answer is 5", "5"),
    *((f"9{gap}million", "9000000") for gap in (" ", "~", r"\,", r"\ ")),
    *((rf"9\{name}{{million}}", "9000000") for name in ("text", "mathrm")),
    ("9 hundred", "900"), ("9 thousand", "9000"), ("9 thousand eggs", r"9 \times 10^{3} eggs"),
    ("9 billion", "9000000000"), ("9 trillions", "9000000000000"),
    *((rf"11{low}", "11_{2}") for low in (
        r"_\text{2}", r"_{\mathrm{2}}", r"_{\mathtt {(2)}}", r"_{\text{base 2}}", r"_{base 2}", "_{(2)}", "_{( base two )}",
        r"_{\text{base}\ 2}", r"_{\text{base }two}",
    )),
    *((text, "11_{2}") for text in ("11 base 2", "11 (base 2)", "(11 in base two)", r"11\text{ base-2}", r"\text{11 base }2",
                                    r"\text{11 (base two).}", r"(11)\ (\text{base } 2)")),
    (r"\mathtt{11}_2", "11_2"), (r"\text { 1A }_{16}", "1A_{16}"),
    # systems, vectors and matrices
    *((rf"\begin{{{name}}} x &= 2, \\ y = 3 \\ \end{{{name}}}", "x  = 2, y = 3")
      for name in ("cases", "aligned", "align", "align*", "gathered")),
    (r"\begin{cases} 1 & x = 2 \\ y \end{cases}", r"\begin{cases} 1 & x = 2 \\ y \end{cases}"),
    *((rf"\text{{It{says} {number}}}", rf"\text{{{number}}}") for says in (" is", ":", " =") for number in ("5", "-5", ".5 cm")),
    *((rf"\text{{It is {word}: 5}}", rf"\text{{It is {word}: 5}}")
      for word in ("not", "never", "Wrong", "incorrect", "false", "isn't 4", "aren't 4", "except")),
    *((sign, "-") for sign in (r"\text{-}", "{-}", r"\text { - }")), ("1{:}2", "1:2"), (r"1\text{:}2", "1:2"),
    *((rf"1 \\[{gap}] 2", r"1 \\ 2") for gap in ("6pt", "-.5em", "1 ex", " 2mm ", "1cm", "1in", r"1\baselineskip")),
    (r"1 \cr 2", r"1 \\ 2"), (r"\begin{smallmatrix}1\end{smallmatrix}", r"\begin{matrix}1\end{matrix}"),
    *((rf"{left}\begin{{{kind}}}1 \\ 2\end{{{kind.partition('}')[0]}}}{right}", r"\begin{pmatrix}1 \\ 2\end{pmatrix}")
      for left, right in (("(", ")"), ("[", "]"), (r"\left( ", r" \right)"), (r"\left[", r"\right]"))
      for kind in ("matrix", "array}{c", "array} {r|l", "smallmatrix")),
    (r"\langle 1, 2\rangle", "( 1, 2)"), (r"\left\langle 1,2 \right\rangle", "( 1,2 )"), (r"\langle u \rangle", r"\langle u \rangle"),
    # intervals and sets
    ("]0;1]", "(0,1]"), ("] 0,1[", "( 0,1)"), ("[ 0,1[", "[ 0,1)"), ("(0;1)", "(0,1)"), ("[0;1]", "[0,1]"),
    *((text, r"\mathbb{R}") for text in ("reals", "all reals", "real numbers", r"\text{reals.}")),
    (r"\text { all real numbers }", r"\mathbb{R}"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), SPELLED)
def test_every_spelling_has_one_way(text: str, expected: str) -> None:
    assert latex.tidy(text) == expected


WORDS = ("apples", "cm", "km", "dm", "mm", "in", "ft", "yd", "mi", "kg", "mg", "lb", "oz", "mL", "ml",
         "hr", "sq", "cu", "m", "g", "s", "h", "L", "cm.")  # fmt: skip


GLUED = "cm km dm mm ft kg mg lb oz mL ml hr cm."


@pytest.mark.parametrize("word", WORDS)
def test_a_unit_is_no_part_of_a_number(word: str) -> None:
    def forms(name: str) -> list[str]:
        return [
            *(rf"{gap}\{kind}{{ ({name}) }}" for gap in ("", " ") for kind in KINDS),
            rf"\text{{{name}}}^2", rf"\text{{{name}}}^{{3}}", rf"\text{{{name}}}/\text{{{name}}}",
            rf"\frac{{\text{{{name}}}}}{{\text{{{name}}}}}", rf"\text{{{name}/{name}}}",
            f" {name}", f" ({name})", f" {name}^2", f" {name}^3", f" {name}/{name}^2",
            rf" {name} \cdot {name}", rf"\text{{{name} {name}}}", rf" ({name}) ",
        ]  # fmt: skip

    numbers = ("10", r"\sqrt{2}", "(1,2)", "[1,2]", r"\pi", r"2\pi ")
    left = {n: {units.without(n + form) for form in forms(word)} for n in numbers}
    assert left == {n: {n.strip()} for n in numbers}
    product = word not in GLUED.split()
    assert units.without(f"10{word}") == (f"10{word}" if product else "10")


@pytest.mark.parametrize("name", ["Rs", "Rs.", "USD", "US", "EUR", "GBP", "INR"])
def test_a_currency_is_no_part_of_a_number(name: str) -> None:
    for before in (f"{name} ", name, rf"\text{{{name} }}", rf"\text{{ {name} }} "):
        assert [units.without(before + number) for number in ("5", "-5", r"\frac{1}{2}")] == [
            "5", "-5", r"\frac{1}{2}"
        ]  # fmt: skip


@pytest.mark.parametrize("scale", "CFK")
def test_a_scale_is_no_part_of_a_temperature(scale: str) -> None:
    for text in (
        scale,
        f" {scale}",
        rf"\text{{{scale}}}",
        rf"\mathrm{{ {scale} }}",
        rf" \text{{{scale}}}",
    ):
        assert units.without(rf"5^{{\circ}}{text}") == units.without(rf"5^\circ{text}") == "5"


def test_a_number_set_with_its_unit() -> None:
    texts = (r"\text{1.5 km}", r"\text{ 1,5km}", r"\text{15 km/h}", r"\text{-15 s}")
    assert [units.without(text) for text in texts] == ["1.5", "1,5", "15", "-15"]


CLAIMS = """hundred thousand million billion trillion tens halves thirds fourths fifths sixths
sevenths eighths ninths tenths hundredths thousandths a.m pm p.m. north south east west otherwise
approx is isn are aren was not no nor or either neither but maybe perhaps possibly wrong incorrect
false never except unless instead plus minus factorial dozen dozens below above approximately around
roughly nearly almost than least most"""


@pytest.mark.parametrize("word", CLAIMS.split())
def test_a_word_that_changes_the_meaning_is_refused(word: str) -> None:
    assert latex.refused("5", rf"5 \text{{ {word} }}")
    assert latex.refused("5", rf"5 {word.upper()} x")
    assert not latex.refused(rf"5 \text{{ {word} }}", rf"5 \text{{ {word} }}")
    assert not latex.refused("5", rf"5 \text{{ s{word.strip('.')}s }}")


RELATIONS = r"""< > \eq \neq \ne \not \leq \nleq \le \geq \ngeq \ge \lt \gt \leqslant \geqslant
\equiv \nequiv \sim \nsim \simeq \neg \lnot \ll \gg"""
REFUSED = [
    *(f"{sign} 5" for sign in RELATIONS.split()),
    *(rf"5 \{name}" for name in ("ldots", "cdots", "ddots", "dots", "dotsb", "dotsc", "dotsi", "dotsm", "dotso")),
    "5..", "5?", "5'", r"5^\prime", r"5 \cup 6", r"5 \cap 6", r"5 \setminus 6",
    "5_1", "(5)_1", r"\frac{5}{1}_1", r"\frac{5}{1}_{1", r"5\text{ squared}", "5 cubed",
    *(rf"\{name}{{{number}}}" for name in ("overline", "bar", "hat", "vec") for number in ("5", "-5", ".5")),
    r"\vec { 5 }", r"\hat{\frac{5}{1}}", r"5 \text{ ft } 6", r"5\text{ ft, }6", r"5\text{a}^2\frac{1}{2}",
    r"5\text{a}\sqrt{2}", r"5 \approx 9", r"5 \doteq 9", r"5 \simeq 9",
]  # fmt: skip


@pytest.mark.parametrize("answer", REFUSED)
def test_what_says_something_else_than_a_value_is_refused(answer: str) -> None:
    assert latex.refused("5", answer)
    assert not latex.refused("5", "5")


@pytest.mark.parametrize(
    "gold",
    ["(1,2)", "[1,2]", "(1,2]", r"A \cup B", r"A \cap B", r"\infty", r"\mathbb{R}", r"\emptyset", r"A \setminus B",
     "x < 5"],
)  # fmt: skip
def test_a_range_may_be_answered_by_a_relation(gold: str) -> None:
    assert not latex.refused(gold, "x > 4")
    assert latex.refused("5", "x > 4")


@pytest.mark.parametrize("gold", ["1, 2", "1; 2", r"\pm 2", "1 and 2", "1 or 2"])
def test_of_several_values_one_or_the_other_may_be_said(gold: str) -> None:
    assert not latex.refused(gold, "1 or 2")
    assert not latex.refused(gold, r"\{1\} \cup \{2\}")
    assert latex.refused("12", "1 or 2")


PAIRS = ("(1,2)", "[1,2]", r"\left(1,2\right)")


@pytest.mark.parametrize("pair", PAIRS)
def test_a_pair_is_no_set(pair: str) -> None:
    assert latex.refused(pair, r"\{1,2\}")


@pytest.mark.parametrize(
    "mark",
    ["%", r"\%", " %", r"\text{percent}", r"\text{ per cent. }", r"\text{pct}", " percent", " per cent"],
)  # fmt: skip
def test_a_percentage_is_read_as_one(mark: str) -> None:
    assert latex.readings("10", f"10{mark}") == [("10", "10"), ("10", r"\frac{10}{100}")]
    assert latex.readings(f"10{mark}", "0.1") == [("10", "0.1"), (r"\frac{10}{100}", "0.1")]


X_FROM_1_TO_2 = [
    *(f"1 {sign} x {sign} 2" for sign in ("<=", r"\le", r"\leq", r"\leqslant")),
    *(f"2 {sign} x {sign} 1" for sign in (">=", r"\ge", r"\geq", r"\geqslant")),
    *(rf"x \ge 1 {and_} x \le 2" for and_ in (r"\text{ and }", r"\text{, and }", "and", ", and", r"\land", r"\wedge")),
    *(rf"\{{x {bar} 1 \le x \le 2\}}" for bar in ("|", ":", r"\mid", r"\vert", r"\middle |")),
    r"\left\{x \in \mathbb{R} \mid 1 \le x \le 2 \right\}", r"\{ x\in \mathbb{R} :1 \le x \le 2\}",
    "1  \\le  x  \\le  2",
]  # fmt: skip


@pytest.mark.parametrize("text", X_FROM_1_TO_2)
def test_a_range_however_written(text: str) -> None:
    assert relations.interval(text) == ("x", "[1,2]")


@pytest.mark.parametrize(
    "or_", ["or", r"\text{ or }", r"\text{, or }", r"\cup", r"\lor", r"\vee", ","]
)
def test_two_ranges_however_joined(or_: str) -> None:
    for below, above in (("<", ">"), (r"\lt", r"\gt")):
        found = relations.interval(rf"x {below} 1 {or_} x {above} 2")
        assert found == ("x", r"(-\infty,1) \cup (2,\infty)")


def test_either_sign_and_coordinates() -> None:
    assert relations.listed(r"1 \mp 2, 5") == "1 + 2,1 - 2, 5"
    for opened, closed in (("(", ")"), ("[", "]"), (r"\{", r"\}")):
        one = rf"f{opened}1,2{closed}"
        assert relations.listed(rf"{one} \pm 3") == f"{one} + 3,{one} - 3"
    for answer in (
        "z=3,y=2,x=1",
        "z =3, y =2, x =1",
        "x=1, y=2, and z=3",
        r"x=1 \land y=2 and z=3",
    ):
        assert relations.alike("(1,2,3)", answer)[1].replace(" ", "") == "(1,2,3)"


@pytest.mark.parametrize(
    "answer",
    [*(f"2{power}{n}" for power in ("^", "**") for n in ("99999", "(-99999", "9^9", "9**9", "(9)^9", "9!")),
     "2^ 99999", "2^{9}^9", "1234!", "(1234)!", "5!!", "(5!)!", "(x+1)^10(y)^10(z)^10",
     "(x+1)**10(y)**10(z)**10", r"\left\right", r"\,", "{}"],
)  # fmt: skip
def test_what_may_cost_hours_or_says_nothing_is_not_read(answer: str) -> None:
    assert readings.of("7", answer) is Outcome.UNPARSEABLE
    assert readings.of(answer, answer) is Outcome.CORRECT


def test_brackets_are_read_to_a_depth_of_twelve() -> None:
    for deep, refused in ((12, False), (13, True)):
        nested = "(1+" * deep + "1" + ")" * deep
        assert (readings.of("7", nested) is Outcome.UNPARSEABLE) == refused


@pytest.mark.parametrize(
    "name",
    ["text", "textbf", "textit", "textrm", "textsf", "texttt", "textnormal", "mathrm", "mathbf", "mathit", "mathsf",
     "mbox", "operatorname"],
)  # fmt: skip
def test_words_are_the_same_however_set(name: str) -> None:
    assert words.same(r"\text{June}", rf"\{name} June")


def test_a_base_in_other_words_is_left_to_math_verify() -> None:
    assert bases.same(r"52_{\text{old}}", "52_8") is None
    assert bases.same("52_9", "52_8") is False
