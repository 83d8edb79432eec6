# ruff: noqa: E501 - a pair is read best on one line
r"""What is told from the text of a box, before and beside math-verify."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.tasks import bases, claims, latex, measures, registry, relations, words
from srpo_bench.tasks.base import Outcome, Problem
from srpo_bench.tasks.equivalence import equivalent
from srpo_bench.tasks.readings import MAX_ANSWER
from tests.tasks.bounded import PIECES, ends

PAIRS = Path(__file__).with_name("grader_pairs.jsonl")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5.", "5"), ("5 ,", "5"), (r"5\,", "5"), ("$5$", "5"), (r"\(5\)", "5"), ("{5}", "5"),
        (r"\$5", "5"), ("€5", "5"), ("5°", r"5^{\circ}"), ("1,234", "1234"), (r"1\,234", "1234"),
        (r"\frac{20,000}{\pi}", r"\frac{20000}{\pi}"), ("x = 1,234.5", "x = 1234.5"), ("(1,234)", "(1,234)"),
        (r"\{1,234\}", r"\{1,234\}"), ("f(1,234) + 1,234", "f(1,234) + 1234"), ("1,234,56", "1,234,56"),
        (r"(\frac{1,234}{5}, 2)", r"(\frac{1234}{5}, 2)"), ("1,000, 2,000", "1000, 2000"), ("12,34", "12,34"),
        ("1 234 567", "1234567"), ("1{,}234.5", "1234.5"), ("1 23", "1 23"), ("1 2345", "1 2345"),
        ("−5", "-5"), ("–5", "-5"), ("5...", "5..."), ("2√3", r"2\sqrt{3}"), ("2x²", "2x^{2}"),
        ("1.2e5", "120000"), ("2 1/2", r"2\frac{1}{2}"), ("14-1.0i", "14-1.0 i"),
        (r"9 \text{ million}", "9000000"), (r"9\text{ million dollars}",
         r"9 \times 10^{6}\text{ dollars}"), (r"\text{The answer is } 5", "5"), ("Answer: 5", "5"),
        (r"\left. x \right.", r"\left. x \right."), ("{1}{2}", "{1}{2}"), ("5!", "5!"),
        (r"0.1\overline{6}", r"\frac{15}{90}"), (r"-2.\overline 3", r"-\frac{21}{9}"),
        (r".\overline{12}", r"\frac{12}{99}"), (r"1.2.\overline{3}", r"1.2.\overline{3}"),
        ("∅", r"\emptyset"), (r"\varnothing", r"\emptyset"), (r"\{ \}", r"\emptyset"),
        (r"\mathbb R", r"\mathbb{R}"), ("ℝ", r"\mathbb{R}"), ("5\\\\", "5"), ("5\\\\ ", "5"),
        ("0.1(6)", "0.1(6)"), ("0.(3)", r"\frac{3}{9}"), (r"0.\dot{3}", r"\frac{3}{9}"),
        (r"\textcolor{red}{5}", "5"), (r"{\bf 5}", "5"), (r"\underline{5}", "5"), ("**5**", "5"),
        (r"\bigl(1, 2\bigr)", "(1, 2)"), (r"\dfrac ab", r"\frac{a}{b}"), ("5\u200b", "5"),
        (r"\tfrac12", r"\frac{1}{2}"), (r"{5 \choose 2}", r"\binom{5 }{ 2}"), ("2^-4", "2^{-4}"),
        ("2pi", r"2\pi"), (r"\log_e 2", r"\ln  2"), ("sqrt(2)", r"\sqrt{2}"),
        ("]0, 1]", "(0, 1]"), ("[0;1[", "[0,1)"), ("2^{0.5}", r"2^{\frac{5}{10}}"),
        (r"11_{\text{two}}", "11_{2}"), (r"\text{all real numbers}", r"\mathbb{R}"),
        (r"\mathbf{5}", "5"), (r"\textbf{A}", r"\text{A}"), ("１８", "18"),
    ],
)  # fmt: skip
def test_tidy(text: str, expected: str) -> None:
    assert latex.tidy(text) == expected
    assert latex.tidy(expected) == expected


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        ("−–—﹣－", "-"), ("\u00a0\u2002\u2003\u2009\u200a\u202f\u3000", " "), ("€£¥₹￥¢\u200b\u200c\u200d\u2060\ufeff", ""), ("·⋅∙", r"\cdot "), ("×", r"\times "),
        ("÷", r"\div "), ("π", r"\pi "), ("∞", r"\infty "), ("≤", r"\le "), ("≥", r"\ge "), ("≠", r"\neq "), ("≈", r"\approx "), ("∈", r"\in "), ("→", r"\to "), ("⇒", r"\Rightarrow "), ("∴", r"\therefore "), ("“”", '"'),
        ("⅐", r"\frac{1}{7}"), ("⅑", r"\frac{1}{9}"), ("⅒", r"\frac{1}{10}"), ("⅕", r"\frac{1}{5}"), ("⅘", r"\frac{4}{5}"), ("⅚", r"\frac{5}{6}"), ("⅛", r"\frac{1}{8}"), ("⅞", r"\frac{7}{8}"), ("ⁿ", "^{n}"), *((sign, f"_{{{digit}}}") for digit, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")), ("∪", r"\cup "), ("∩", r"\cap "), ("±", r"\pm "), ("…", r"\ldots "), ("°", r"^{\circ}"), ("½", r"\frac{1}{2}"), ("⅓", r"\frac{1}{3}"), ("⅔", r"\frac{2}{3}"), ("¼", r"\frac{1}{4}"), ("¾", r"\frac{3}{4}"), ("∖", r"\setminus "),
        ("′’", "'"), *((sign, f"^{{{digit}}}") for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")),
        *zip("０１２３４５６７８９．，（）＝", "0123456789.,()=", strict=True),
    ],
)  # fmt: skip
def test_a_sign_is_spelled_as_on_a_keyboard(signs: str, expected: str) -> None:
    assert {latex.tidy(f"a{sign}b") for sign in signs} == {f"a{expected}b"}


SAME = [
    (r"\frac{4}{3}", r"\textbf{$\frac{4}{3}$}"), (r"\frac{1}{2}", r"\text{\frac{1}{2}}"), ("5", r"\|v\| = 5"), ("5", r"\lVert v \rVert = 5"), (r"\frac{1}{2}", r"\Pr = \frac12"),
    ("x^2", "x**2"), ("90", "= 90"), ("90", r"\therefore x = 90"), ("90", r"\implies 90"), ("5", r"\textdollar 5"), ("5", r"\#5"), ("2x+1", "2*x+1"),
    (r"\frac{3\sqrt{3}}{4}", r"\mathbf{\frac{3\sqrt{3}}{4}}"), (r"-\frac{\pi}{6}", r"\boldsymbol{-\frac{\pi}{6}}"), ("4210_{5}", r"\mathbf{4210_{5}}"),
    (r"\text{even}", r"\boldsymbol{\text{even}}"), (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"\boldsymbol{\begin{pmatrix} 1 \\ 2 \end{pmatrix}}"),
    ("(2,3)", r"\begin{cases} x = 2 \\ y = 3 \end{cases}"), ("(2,3)", r"\begin{aligned} x &= 2, \\ y &= 3 \end{aligned}"), ("90", r"\text{lcm}(9, 10) = 90"),
    ("5", r"\text{The answer is 5.}"), ("5", r"\text{Area = 5 cm}"), ("5", r"\text{The total is \$5}"), ("-5", r"\text{-}5"), ("-5", "{-}5"), (r"\text{10:45}", r"\text{Time: 10:45}"),
    (r"\text{(A), (C)}", "A, C"), ("A, C", "(A), (C)"), (r"\text{ellipse}", "an ellipse"), (r"\text{hyperbola}", r"\text{A hyperbola}"), (r"10\text{:}15", "10:15"),
    ("4s", r"s \cdot 4"), ("5-2t", "-2t+5"), ("x+5 m", "5m+x"), ("2 h", "h+h"), (r"\frac{1}{2} m", r"\frac{m}{2}"), ("5i", r"5\text{i}"),
    ("10", "10cm"), ("36", "36km/h"), ("15", "15cm^2"), (r"\frac{1}{2}", r"\frac{1}{2}\text{ of the total}"), ("2k+2", r"2k+2 \text{ digits}"), (r"90^\circ", r"90^\circ \text{ (right angle)}"),
    ("90", r"90 \text{ m}\cdot\text{s}^{-1}"), ("72", r"72 \text{ different 3-digit numbers}"), ("36", r"36 \text{ equally likely outcomes}"), ("2x", r"2x\text{ cm}"),
    *((r"\begin{pmatrix} -2 \\ \frac{1}{2} \end{pmatrix}", answer) for answer in (
        r"\begin{pmatrix} -2 \\[6pt] \dfrac12 \end{pmatrix}", r"\langle -2, 0.5 \rangle", r"\left\langle -2, \frac12 \right\rangle", r"(-2, 1/2)^T",
        r"\left(\begin{array}{c} -2 \\ 1/2 \end{array}\right)", r"\vec{v} = \left(-2, \frac12\right)", r"v = \langle -2, 0.5 \rangle", r"(1/2)\begin{pmatrix} -4 \\ 1 \end{pmatrix}",
        r"\left(\begin{smallmatrix} -2 \cr 0.5 \end{smallmatrix}\right)",
    )),
    ("(2,3)", r"\begin{pmatrix} 2 \\ 3 \end{pmatrix}"), ("(2,3)", r"\mathbf{v} = \begin{bmatrix} 2 & 3 \end{bmatrix}"), ("(2,3)", r"\langle 2, 3 \rangle"),
    ("52_8", r"52_{(8)}"), ("52_8", r"52_\text{8}"), ("52_8", r"52 \text{ base } 8"), ("52_8", r"52_{\text{base 8}}"), ("52_8", r"52_{\text{base}\ 8}"), ("52_8", r"(52)_{\mathrm{8}}"),
    ("52_8", r"\text{52}_8"), ("52_8", "52 (base eight)"), ("52_8", r"\text{52 in base 8}"), (r"\text{ABC}_{16}", "ABC_{16}"), ("52_8", r"42_{10} = 52_8"), ("52_8", "N = 52_8"), ("52_8", "52_8 = 42"),
    ("90", "S_{10} = 90"), ("90", "AB_2 = 90"), ("52_8", "N_1 = 52_8"), ("42", "52_8 = 42_{10}"), ("42", r"42 \text{ (base 10)}"), ("1101_2", "13 = 1101_2"),
    ("20000\\pi", r"20,000\pi"), (r"\frac{20000}{\pi}", r"\frac{20,000}{\pi} \approx 6366.2"), ("1234", "x = 1,234"), ("y=1000x", "y=1,000x"), (r"\frac{1}{1000}", "1/1,000"),
    ("1000,2000", r"1,000 \text{ and } 2,000"), ("121, 144", "144,121"), (r"121 \text{ and } 144", "121,144"), ("101, 103, 107", "101,103,107"), ("1000000", "10^6 = 1,000,000"),
    ("6", "2(3)"), ("35", "(7)(5)"), ("-6", "-2(3)"), (r"\frac{10}{32}", r"\binom{5}{2}\frac{1}{32}"), ("50", r"100\left(\frac12\right)"), ("48", "16(3)"),
    (r"\frac{9}{4}", r"3^2\frac{1}{4}"), (r"\frac{21\pi}{2}", r"10\frac12\pi"), (r"-\frac{5}{2}", r"-2\frac12"), ("2.5", r"2 1/2 \text{ cups}"), ("2.5", "x = 2 1/2"),
    (r"\text{(C)}", "(c)"), ("3R^2", "3 R^{2}"),
    ("5", "f'(2) = 5"), ("5", r"f^{\prime}(2)=5"), ("5", r"y^\prime\prime = 5"), ("2x", "f'(x)=2x"), ("5", r"5 \pmod 7"),
    (r"5 \pmod{7}", "5"), ("-5", r"-5\pmod{ 7 }"), (r"\frac{1}{2}", "^1/_2"), ("0.75", "{}^{3}/_{4}"), (r"\{1,2\}", "x=1, x=2"),
    ("1,2", "x=1, x=2"), ("(1,2),(3,4)", "(x,y)=(1,2),(3,4)"), ("(1,2),(3,4)", "x=1,y=2;x=3,y=4"),
    ("1,-2", "(1,-2)"), (r"1 \pm \sqrt{19}", r"(1 \pm \sqrt{19})"), ("3,1,2", "(2,3,1)"),
    ("11", r"x \approx 11"), (r"x \neq 3", "x != 3"), (r"x \ge 3", "x >= 3"), ("185", "185\\"),
    ("10", r"10\%"), (r"10\%", "10"), (r"10\%", "0.1"), (r"\frac{1}{2}", r"50\%"), ("10", "10 percent"),
    (r"33\frac{1}{3}\%", r"\frac{1}{3}"), ("14-i", "14.0 - 1.0i"), (r"(2,\infty)", "x>2"),
    ("(2,5]", r"2 < x \le 5"), (r"\text{June 20}", "June 20"), (r"\text{Yes}", "yes."),
    ("10", r"10~\mathrm{m/s}"), ("10", "10 dollars"), ("10", r"\text{10 apples}"), ("9000000", r"9\text{ million}"),
    ("5", r"\frac{10}{2} = 5"), ("5", "2+3 = 5"), (r"\frac{\sqrt{3}}{3}", r"\frac{1}{\sqrt{3}} \approx 0.577"),
    ("0.58", r"\frac{7}{12} \approx 0.58"), ("52_8", "52_{8}"), ("52_8", "52"), ("5", "5_{10}"),
    ("1,2", r"x=1 \text{ or } x=2"), ("1,2", "2 and 1"), (r"\pm 2", r"2 \text{ or } -2"), ("0.333333", r"\frac{1}{3}"),
    (r"2^{10}3^{12}5^{14}", r"5^{14} \cdot 2^{10} \cdot 3^{12}"), ("5", r"\text{Thus the answer is: } 5"),
    (r"\emptyset", r"\varnothing"), (r"\emptyset", r"\{ \}"), (r"\varnothing", "∅"),
    (r"\frac{1}{6}", r"0.1\overline{6}"), (r"0.\overline{3}", r"\frac{1}{3}"), (r"3.\overline{142857}", r"\frac{22}{7}"),
    (r"\mathbb{R}", r"\mathbb R"), (r"(-\infty,\infty)", r"\mathbb R"), ("4", "4\\\\"),
    (r"\frac{-1 \pm \sqrt{5}}{2}", r"x = \frac{-1 \pm \sqrt5}{2}"), ("1,-2", r"\frac{-1 \pm 3}{2}"),
    (r"\frac{-1 \pm \sqrt{5}}{2}", r"-\frac12 - \frac{\sqrt5}{2}, -\frac12 + \frac{\sqrt5}{2}"),
    (r"\{-1,0,1\}", r"\{0, \pm 1\}"), (r"3 \pm 2\sqrt{2}", r"\frac{6 \pm \sqrt{32}}{2}"),
    (r"(-\infty,2)\cup(3,\infty)", r"x < 2 \text{ or } 3 < x"), (r"-2 \le x \le 7", r"7 \ge x \ge -2"),
    (r"-1<x<3", r"x > -1 \text{ and } x < 3"), ("[0,1]", r"\{x \mid 0 \le x \le 1\}"),
    (r"x \leq -1 \text{ or } x \geq 3", r"(-\infty,-1]\cup[3,\infty)"), ("(1,2)", "y = 2, x = 1"),
    (r"m \geq \sqrt{2}", r"\sqrt2 \le m"), (r"(-\infty,3)", r"]-\infty,3["), ("(0,1]", "(0; 1]"),
    (r"\frac{1-i}{2}", r"\frac{1}{1+i}"), ("-6", "(2i)(3i)"), ("i", r"\sqrt{-1}"), ("(-2i,3)", "(-2i, 3.0)"),
    (r"1 - \frac{1}{\mathrm{e}}", r"\frac{e-1}{e}"), ("-1+e^{16}", "exp(16) - 1"), (r"\sqrt{2}", "2^{0.5}"),
    ("36", r"36 \text{ cm}^2"), ("36", "36 km/h"), ("36", r"36\frac{\text{km}}{\text{h}}"), ("36", "36 sq. ft."),
    (r"10\text{ cm}^2", "10 cm²"), ("36", "36 °F"), ("36", "Rs. 36"), (r"9\pi", r"9\pi\text{ cm}^2"), ("36", "36 (cm)"),
    ("1011_2", r"1011_{\text{two}}"), (r"\text{10:45}", "10:45"), (r"\text{(B)}", "B)"), (r"\text{yes}", r"\text{Yes.}"),
    ("y=2x+3", "f(x) = 2x+3"), (r"1, 2, \ldots, n", r"1,2,\dots,n"), ("x^{10}", "(x^5)^2"), ("7:3", r"7\colon3"),
    (r"\mathbb{R}\setminus\{0\}", r"\mathbb{R} - \{0\}"), ("2, 3, 5", r"2\text{, }3\text{, }5"),
    ("0.1", r"10\text{ percent}"), (r"\frac{1}{10}", "10 percent"), ("[1,2]", r"x \ge 1, \text{and } x \le 2"),
    ("[1,2]", r"\left\{x \,\middle|\, 1 \le x \le 2\right\}"), (r"1\pm\sqrt{2}", r"1 \,\pm\, \sqrt{2}"),
    ("52_8", "(52_8)"), (r"\{1 \pm \sqrt{5},-2\}", r"(\{1 \pm \sqrt{5},-2\})"),
    (r"18+2\pi", r"18+2\pi \approx 24.28"), (r"18+2\pi", r"18+2\pi\text{ cm} \approx 24.3\text{ cm}"),
    (r"\sqrt{53}", r"\sqrt{53} \approx 7.2801 \approx 7.3"), ("(2,4)", r"(2,4) \approx (2.00, 4.0)"), ("4343_6", r"4343_6 \approx 999"),
    (r"\frac{1}{3}", r"\frac13 \approx 33.3\%"), (r"\frac{1}{3}", r"33\frac13\% \approx 33.3\%"), ("2.24", r"x = \sqrt5 \approx 2.24"),
    (r"\frac{1}{2}", r"\frac12 \text{ or } 0.5"), (r"\frac{1}{2}", "0.5 or 50%"), (r"\frac{1}{2}", r"0.5 \quad \text{or} \quad \frac12"),
    (r"\frac{1}{2}", r"\frac12 = 50\%"), (r"\frac{1}{2}", r"P = \frac12 = 0.5 = 50\%"), (r"\frac{1}{2}", r"x = \frac12 \text{ or } x = 0.5"),
    ("5", r"\text{Area} = 5"), ("5", "a_3 = 5"), ("5", r"\angle ABC = 5^\circ"), ("5", r"\angle = 5^\circ"), ("5", r"\lambda = 5"), ("5", r"\theta_1 = 5"),
    ("5", r"\sin^2 \theta = 5"), ("5", r"\overline{AB} = 5"), ("5", r"|x| = 5"), ("2", r"17 \bmod 5 = 2"), ("2", r"17 \bmod 5"),
    ("p=5,q=2;p=7,q=2", r"p = 5, q = 2 \quad \text{and} \quad p = 7, q = 2"), ("p=5,q=2;p=7,q=2", "(5,2),(7,2)"),
    ("(5,2),(7,2)", r"q=2, p=5 \text{ or } q=2, p=7"), ("(1,2)", "(y, x) = (2, 1)"), ("(1,2)", "(x, y) = (1, 2)"),
    ("11,111,100", r"11,\! 111,\!100"), ("1234", r"1,\!234"), ("36", r"\#\text{ways} = 36"),
    ("7:3", r"7\text{ to }3"), ("7:3", "7 to 3"), ("(1,2)", r"\{(1,2)\}"), ("A, C", r"\text{A and C}"), ("A,C", r"\text{A, and C}"),
    ("6-5i", "6-5i = -5i + 6"), ("-1", r"e^{i\pi} = -1"), (r"(3,4]", "(3,4] = (3, 8/2]"), ("58,500", "58,500 = 58500"),
    (r"\begin{pmatrix} 1/5 \\ 2/5 \end{pmatrix}", r"\frac{1}{5} \begin{pmatrix} 1 \\ 2 \end{pmatrix} = \begin{pmatrix} 0.2 \\ 0.4 \end{pmatrix}"),
    (r"3\text{ p.m.}", "3 PM"), (r"3\text{ pm}", "3 p.m."),
    (r"\frac{270}{7}\text{ degrees}", r"38\frac47^\circ"), (r"2\frac12^\circ", r"2.5^{\circ}"), (r"\emptyset", r"\text{No solutions.}"), (r"\text{no real solution}", r"\varnothing"),
    (r"\text{no solution}", r"\text{no solutions}"), (r"\{\}", r"\text{the empty set}"), ("(1,2)", r"\left\{ \begin{array}{l} x=1 \\ y=2 \end{array} \right."), (r"(1,2) \cup (3,4)", r"(1,2) \bigcup (3,4)"),
    (r"\frac{\pi}{2}+2k\pi", r"\frac{\pi}{2}+2k\pi, k \in \mathbb{Z}"), (r"x=2\pi k, k \in \mathbb Z", r"2k\pi"), (r"k \in \mathbb{Z}", r"k\in\mathbb Z"), (r"2k\pi", r"2k\pi \text{ where } k \in \mathbb{Z}"), ("1,2,3", r"1\text{, }2\text{, and }3"),
    (r"\infty", r"2\infty"), (r"[0,\frac{6}{2})", "[0,3.0)"), ("5", r"\displaystyle5"), ("5", r"\large5"), (r"\emptyset", r"\varnothing"), ("5", r"\approx 5"), ("(1,2)", "A(1,2)"), ("(1,2)", r"P\left(1,2\right)"), (r"\text{(A)}", r"\text{Option A}"), ("A", "choice (A)"), ("5", "5 = n"), ("5", "5=x_1"), ("5", "2+3 = 5 = f(2)"), (r"\frac{1}{2}", r"\frac12 = p"), ("2x+3", "2x+3 = y"),
    (r"\frac{1}{3}", "0.333..."), (r"\frac{5}{3}", r"1.66\ldots"), (r"\frac{1}{6}", r"0.1666\dots"), (r"\frac{4}{33}", "0.121212..."), ("1", "0.999..."),
    (r"6.02 \times 10^{23}", "602000000000000000000000"), (r"6.02 \times 10^{23}", r"60.2 \times 10^{22}"), ("0.0005", "5 x 10^{-4}"), ("300000000", "3*10^8"),
    (r"\frac{2^{2005}+1}{3 \cdot 2^{2006}}", r"\frac{1+2^{2005}}{3 \cdot 2^{2006}}"), ("13", "13th"), ("13", r"13^{\text{th}}"), ("13", r"13\text{th}"), ("3", "3^{rd}"),
    (r"\text{June 20}", "20 June"), (r"\text{June 20}", "June 20th"), (r"\text{June 20}", r"\text{the 20th of June}"), ("-5", r"\text{negative } 5"), ("-5", r"\text{minus 5}"),
    ("30", "30^o"), ("30", r"30^{\text{o}}"), ("5", r"12 \text{ mod } 7"), ("5", "12 mod 7"), ("5", r"\emph{5}"), (r"\pi", "𝜋"), ("x^2", "𝑥^𝟐"), ("-5", "\u20115"),
    *((r"\frac{\pi}{6}", answer) for answer in (r"\frac\pi6", r"\dfrac\pi{6}", r"\frac \pi 6", r"\sfrac{\pi}{6}")), (r"\frac{1}{\pi}", r"\frac1\pi"), (r"\frac{\sqrt{3}}{2}", r"\sqrt\frac34"), (r"\sqrt{\pi}", r"\sqrt\pi"), (r"\sqrt[3]{2}", r"\sqrt[3]2"), (r"\sqrt[3]{2}", r"2^\frac13"), ("5", r"\sqrt(25)"), ("2.5", "5⁄2"),
    (r"\frac{1}{2}", r"\sin 30^\circ"), (r"\frac{1}{2}", "cos(60°)"), (r"\frac{3}{4}", r"\sin^2\left(60^{\circ}\right)"), (r"\cos 20^\circ", r"\sin 70^\circ"), (r"\frac{\sqrt{2}+\sqrt{6}}{4}", r"\cos 15^\circ"), ("2", r"4\sin 30\degree"), (r"-\sqrt{3}", r"\tan{120^\circ}"),
    *((r"\{-3,3\}", answer) for answer in (r"x=3\text{ or }x=-3", r"3 \text{ or } -3", r"x = \pm 3")), (r"\{1, 2, 4\}", r"1, 2, \text{ or } 4"), (r"\{1, 2, 4\}", r"x=1\text{ or }2\text{ or }4"), (r"\{5\}", r"5 \text{ or } \frac{10}{2}"), (r"\{1,2\}", r"\lbrace 1,2 \rbrace"),
    *((r"(-\infty,-1)\cup(1,\infty)", answer) for answer in (r"(-\infty,-1) \text{ or } (1,\infty)", r"x \in (-\infty,-1) \text{ or } x\in(1,\infty)")), (r"x < -1 \text{ or } x > 1", r"(-\infty,-1) \text{ or } (1,\infty)"),
    *((r"(-\infty,0)\cup(0,\infty)", answer) for answer in (r"x \neq 0", r"\{x \mid x\ne0\}", r"x \in \mathbb{R}, x \neq 0")), (r"[0,1)\cup(1,\infty)", r"x\ge0, x\neq1"), (r"[0,1)\cup(1,\infty)", r"x \neq 1 \text{ and } x \geq 0"), (r"x \neq 3", r"(-\infty,3)\cup(3,\infty)"), (r"\mathbb{R}\setminus\{1,2\}", r"x \ne 1, 2"), (r"\mathbb{R}\setminus\{1,2\}", r"x \ne 1, x \ne 2"), (r"(-\infty,-1)\cup(-1,1)\cup(1,\infty)", r"x \neq \pm 1"),
    ("(2,3),(3,2)", r"(x,y)=(2,3) \text{ and } (x,y)=(3,2)"), (r"8\text{ a.m.}", r"8:00 \text{ AM}"), (r"8\text{ a.m.}", "8am"), (r"5:00\text{ p.m.}", "5 pm"), (r"5:00\text{ p.m.}", "17:00"), (r"2:30 \text{ p.m.}", "14:30"), ("14:30", "2:30 pm"),
    ("x^{10}", "x¹⁰"), ("0.0005", "5×10⁻⁴"), ("x^{-n}", "1/xⁿ"), (r"\frac{3}{8}", "⅜"), (r"2\frac{1}{8}", "2⅛"), ("a_1+a_{12}", "a₁₂+a₁"), ("x \\in [0,1]", "x ∈ [0,1]"), ("5", "∴ x = 5"), ("5", "⇒ 5"), ("5", "“5”"), (r"\text{yes}", "“yes”"),
    (r"\frac{1}{2}", r"\text{1/2}"), (r"\frac{1}{2}", r"\frac{\text{1}}{\text{2}}"), ("-5", r"-\text{5}"), (r"50\%", r"\text{50\%}"), ("1,000,000", r"\text{1 million dollars}"), ("10", r"10\hbox{ cm}"), (r"\mathbb{R}", r"\text{All real numbers}"),
    (r"2\sqrt{3}", r"2\sqrt{3}\ (\approx 3.46)"), (r"\frac{3}{5}", r"\frac35 \left(= 0.6\right)."), (r"2\sqrt{3}", r"2\sqrt{3} \text{ or approximately } 3.46"), (r"2\sqrt{3}", r"2\sqrt3\text{ (about 3.46)}"), ("5", r"5 \text{ (mod } 7)"), ("5", r"5 \text{ (mod 7)}"), ("5", r"N \equiv 5 \pmod{7}"), ("5", r"x_{\min} = 5"), ("5", r"\max = 5"), ("5", r"\det(A) = 5"), ("5", r"|A \cup B| = 5"), ("5", r"\text{There are 5 solutions}"), ("5", r"\text{There are exactly } 5"), (r"\text{B}", r"\text{The answer is B}"),
]  # fmt: skip

OTHER = [
    *((r"\frac{1}{2}", answer) for answer in (r"\frac12 & 7", r"\frac12 \\ 7", r"\frac12 | 7", r"\frac{1}{2}+", r"\frac12 \cdot")),
    *(("5", rf"5 \text{{ {words}}}") for words in ("and six", "and a half", "and one-half", "point five", "times ten", "to six", "over two", "halved", "doubled")), ("2k", r"2k \text{ and three}"),
    *(("6", answer) for answer in (r"5 \foo 6", r"5\ 6", "x 5 6", r"\foo 6", r"\sum 6", r"\lim 6", r"\in 6", r"\max 6", r"\partial 6", r"\therefore 5\ 6", "(1,2)6", r"5\#6")),
    ("5", r"\text{It is not: } 5"), ("5", r"\text{The answer is never: 5}"), ("5", r"\text{The wrong answer is 5}"), ("5", r"\text{False: } 5"), ("5", r"\text{It isn't: } 5"),
    ("5", r"\text{4 is 5}"), ("5", r"\text{The answer is 5 or 6}"), ("(2,3)", r"\begin{cases} x = 3 \\ y = 2 \end{cases}"), ("5", r"\begin{aligned} x &= 5 \\ y &= 6 \end{aligned}"),
    ("5", r"\begin{cases} 5 & x > 0 \\ 6 & x < 0 \end{cases}"), ("5", r"\text{lcm}(1,5) = 6"),
    (r"\text{(A), (C)}", "A, B"), (r"\text{ellipse}", "a parabola"), (r"\text{(A)}", "A hyperbola"),
    ("4s", "4"), ("5-2t", "3"), ("5-2t", "5-2h"), ("x+5m", "x+5"), ("x+5 m", "x+5"), (r"\frac{4}{3}d", r"\frac43"), ("5", "5ab"), ("5", "5t"), ("x", "x cm"), ("3x+5", r"3x+5 \text{ x}"),
    *(("5", answer) for answer in (r"5\text{0}", r"5\text{ 6}", r"5\text{ (6)}", r"5\text{/6}", r"5\text{ + 1}", r"5\text{!}", r"5\text{²}", r"5\text{x}", r"5\text{i}", r"5\mathrm{x}")),
    *((r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", answer) for answer in (
        "(2,1)", "(1,2,3)", r"\{1,2\}", "1,2", r"\begin{pmatrix} 1 & 2 \end{pmatrix}", "(1,2),(3,4)", "[1,2)", r"(1,2)^2", r"|\langle 1,2 \rangle|",
    )),
    (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", "(1,2,3,4)"), ("(1,2)", r"\begin{vmatrix} 1 \\ 2 \end{vmatrix}"), ("(1,2]", r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}"),
    ("(1,2)", r"\begin{pmatrix} 2 \\ 1 \end{pmatrix}"), ("(1,2,3)", r"\begin{pmatrix} 1 \\ 2 & 3 \end{pmatrix}"),
    ("52_8", r"52 \text{ (base 9)}"), ("52_8", "52_{(9)}"), ("52_8", "52_8 = 52"), ("52_8", "43_{10} = 52_8"), ("52_8", "42_{10} = 53_8"), ("52_8", "42_{10}"), ("42", "52_8"), ("52_8", "52_8 = x"),
    ("42", "52_8 = 42 = 43"), ("9_8", "9_8 = 8_7"),
    ("1234", "(1,234)"), ("(1,234)", "1,234"), ("1234", r"\{1,234\}"), ("1.234", "1,234"), ("1234", r"\gcd(1,234)"), ("121, 144", "121144"), ("1,234", "1, 234"),
    ("5", "2(3)"), ("5", "(2)(3)"), (r"10\frac{1}{32}", r"\binom{5}{2}\frac{1}{32}"), ("2.5", r"2\left(\frac12\right)"), ("11", r"5\ 6"), ("30", "5 6"),
    ("(1,2)", "(1,2)7"), (r"\{1,2\}", r"\{1,2\}7"), ("[0,1]", "[0,1]x"), ("R^2-r^2", "r^2-R^2"), (r"\pi r^2", r"\pi R^2"), ("Ab", "aB"), (r"\Delta", r"\delta"),
    ("5", "f'(5) = 2"), ("f'(x)=2x", "f(x)=2x"), ("y=2x", "y'=2x"), ("f'(2)", "f'(2)=5"), ("5", r"12 \pmod 7"),
    (r"5 \pmod 7", r"5 \pmod 8"), (r"x \equiv 5 \pmod 7", "5"), ("5", r"5 \pmod 7, 6"), (r"\frac12", "3^1/_2"),
    ("(1,2)", "(x,y,z)=(1,2)"), ("(1,2,3)", "(x,y)=(1,2,3)"), ("(1,2)", "x=1,x=2"), (r"\left(1,2\right)", r"x=1 \text{ and } x=2"),
    ("9", r"\neq 9"), ("9", r"\leq 9"), ("9", r"9 \text{ million}"), ("9", r"9 \ldots"), ("9", "9..."),
    ("9", r"9 \text{ is wrong}"), ("9", r"\neg 9"), ("9", "7777 = 9"), ("9", r"9 \text{ or more}"),
    ("9", r"\text{not } 9"), ("9", r"9 \text{ dozen}"), ("9", "9?"), ("9", "9 or 8"), ("9", "> 9"),
    ("52_8", "52_9"), ("52_8", "53_8"), ("9", "9_8"), ("0.5", r"0.5\%"), ("0.1", "0.1 percent"), (r"\frac{1}{2}", r"\frac{1}{2}\%"),
    (r"1/2^{99}", r"1/2^{98}"), (r"\frac{1}{3 \cdot 2^{2006}}", "0"), ("4.5", "4.5+0.0000001"),
    ("5", "4.9999999"), ("(1, 1/2^{99})", "(1, 1/2^{98})"), (r"\frac{1}{23}", r"\frac{12}{3}"),
    (r"\text{yes}", r"\text{no}"), ("5", "$5$ and $6$"), ("0", "0w"),
    ("0", r"7777\text{ then }0"), ("x+y=0", "x+y=0w"), ("(2,5]", r"2 \le x \le 5"), (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"7 = \begin{pmatrix} 1 \\ 2 \end{pmatrix}"),
    ("1,-2", "7 = 1,-2"), ("6-5i", "7 = 6-5i"), ("5", r"\frac{1}{2} \approx 5"), ("9", "9&8"), ("4", r"4\sqrt(2)"),
    (r"0.\overline{3}", "0.3"), (r"0.\overline{3}", "0.33"), (r"0.\overline{1331}", r"0.\overline{133}"),
    (r"\emptyset", r"\{0\}"), (r"\emptyset", "0"), ("0", r"\emptyset"), (r"\mathbb{R}", r"\mathbb Z"), ("4", "4\\\\5"),
    ("5", r"5\text{ ft }6\text{ in}"), ("5", "5 hours 30 minutes"), ("5", r"5\text{ squared}"), ("5", "5 halves"),
    ("5", "5 thousands"), ("5", "5 otherwise 6"), (r"3\text{ p.m.}", "3 a.m."), ("5", "5'"), ("f'", "f"),
    (r"\frac{14}{3}", r"\frac{14}{3}_1"), (r"\frac{14}{3}", r"\overline{\frac{14}{3}}"), ("15", r"\overline{15}"),
    (r"\frac{14}{3}", r"\frac{14}{3} \cup \{7\}"), ("52_8", "52_8000"), ("52_8", "52_8 977"),
    ("9", r"9 \approx 977"), ("1.25", r"977 \approx 1.25"), (r"\frac{14}{3}", r"\frac{14}{3} \approx 977"),
    ("(0,1)", r"\{0,1\}"), (r"\{0,1\}", "0<x<1"), ("(1,2)", "y=1, x=2"), ("ABCD", "DCBA"),
    (r"1, 2, \ldots, n", r"1, 3, 5, \ldots, 2n-1"), ("p-q", "(p-q)!"), (r"-1<x<3", "-1<y<3"),
    (r"x \leq -1 \text{ or } x \geq 3", r"x \leq -1 \text{ and } x \geq 3"), (r"[-2,7]", r"-2 < x \le 7"),
    (r"\frac{-1 \pm \sqrt{5}}{2}", r"\frac{-1 + \sqrt5}{2}"), (r"\pm 2", r"\pm 3"), ("i", "-i"),
    (r"\frac{1-i}{2}", r"\frac{1}{1-i}"), ("3+4i", "3-4i"), ("m>n", "n>m"), ("x>2", "2>x"), ("36", "36 x"),
    (r"18+2\pi", r"18+2\pi \approx 977"), (r"18+2\pi", r"18+2\pi \approx -24.28"), (r"18+2\pi", r"18+2\pi \approx x"), ("2k", r"2k \approx 977"),
    (r"\sqrt{53}", r"\sqrt{53} \approx 7.28 \approx 977"), ("(2,4)", r"(2,4) \approx (4,2)"), ("(2,4)", r"(2,4) \approx 977"),
    ("4343_6", r"4343_6 \approx 977000"), ("4343_6", r"4343_6 \approx x"), (r"\text{ellipse}", r"\text{ellipse} \approx 977"), ("2.24", r"\sqrt{977} \approx 2.24"),
    (r"\frac{1}{3}", r"\frac13 \approx 97.7\%"), (r"\frac{1}{3}", r"33\frac13\% \approx 77\%"), ("(2,4]", r"(2,4] \approx (2,977]"),
    (r"\frac{1}{2}", r"\frac12 \text{ or } 0.6"), (r"\frac{1}{2}", r"0.6 \text{ or } \frac12"), (r"\frac{1}{2}", r"\frac12 = 60\%"), (r"\frac{1}{2}", "0.5 or"),
    (r"\frac{1}{2}", r"\frac12 = 977"), ("5", r"x=5 \text{ or } x=6"), ("7", r"7 \bmod 7"), ("5", r"5 \bmod 0"), (r"11\sqrt{2}", r"11\sqrt{2} \bmod 7"), ("-1", r"-1 \bmod 7"), ("2k", r"2k\%"), (r"\frac{4}{3}", r"\frac{4}{3}\%"),
    ("p=5,q=2;p=7,q=2", "(2,5),(2,7)"), ("p=5,q=2;p=7,q=2", r"a=5,b=2 \text{ and } a=7,b=2"), ("p=5,q=2;p=7,q=2", "p=5,q=2"),
    ("7:3", "3 to 7"), ("7", "7 to 9"), ("(1,2)", r"\{(2,1)\}"), ("A, C", r"\text{A and B}"), ("A, C", r"\text{A or C}"),
    ("6-5i", "6-5i = 6+5i"), ("-1", r"e^{2i\pi} = -1"), ("(2,4)", "(2,5) = (2,4)"), (r"(3,4]", "(3,5] = (3,4]"), (r"\pi", r"\pi = 3.2"), ("3.2", r"\pi = 3.2"),
    ("(1,2)", "(y,x)=(1,2)"), ("(1,2),(3,4)", r"x=2,y=1 \text{ or } x=4,y=3"), (r"3\text{ p.m.}", "4 pm"),
    (r"\emptyset", r"\text{one solution}"), (r"\text{no solution}", "0"), (r"38\frac47^\circ", r"38\frac57^\circ"), ("(1,2)", r"\left\{ \begin{array}{l} x=2 \\ y=1 \end{array} \right."), (r"\frac{\pi}{2}+2k\pi", r"2k\pi, k \in \mathbb{Z}"), (r"2k\pi", r"2k\pi, k \in \mathbb{N}"), ("k", r"k \in \mathbb{Z}"),
    *(("5", rf"5 \text{{ {word}}}") for word in ("cannot be", "fails", "(rejected)", "excluded", "(extraneous)")), *(("29", answer) for answer in (r"\ldots29", r"\dots29", r"\cdots29", r"29\ldots29", r"\text{not29}", r"29\text{million}", r"\text{about29}", r"\text{is29not}", "29not")),
    (r"\frac{14}{3}", r"\frac{14}{\ldots3}"), ("[1,2]", r"[\pi\infty^2,2]"), ("[1,2]", r"[1,\pi\infty^2)"), ("5", r"5\infty^2"), ("5", r"\pi\infty^2"), ("1,2", r"e\sqrt{\infty}"), (r"\{1,2\}", r"e\sqrt{\infty}"), (r"\infty", r"-2\infty"), ("5", r"\approx 6"), ("10", "C(5,2)7"), ("(1,2)", "A(2,1)"), (r"\text{(A)}", "Option B"), (r"\text{(A)}", "Options A and B"), ("5", "5 = n = 6"), ("5", "6 = 5 = n"), ("5", "n = m"), ("5", "5 = 2n"), ("n", "5 = n"), ("2x+3", "2x = y"), ("5", "x = 5 = 5x"),
    ("0.333", "0.333..."), (r"\frac{1}{7}", "0.142..."), (r"\sqrt{2}", "1.414..."), (r"\frac{3}{10}", "0.3..."), ("0.5", r"0.5 \text{ repeating}"), (r"\frac{1}{3}", "0.333...4"),
    (r"6.02 \times 10^{23}", r"6.02 \times 10^{22}"), (r"6.02 \times 10^{23}", "602000000000000000000001"), ("400e", "1e400"), ("5", r"\text{minus }5"), ("13", r"-13^{\text{th}}"),
    (r"[0,\infty)", r"[0,\infty]"), (r"(-\infty,3)", r"[-\infty,3)"), (r"\text{June 20}", "20 July"), (r"\text{June 20}", "June 2"), (r"\text{June 20}", "June 21st"), ("30", "30^a"),
    (r"\frac{270}{7}\text{ degrees}", r"\sqrt{\frac{270}7\text{ degrees}}"), (r"\frac{270}{7}\text{ degrees}", r"10(\frac{270}7\text{ degrees})"),
    ("5", "5,5"), (r"\frac{1}{2}", r"\frac12, \frac12"), ("-2<x<5", "-2,5"), ("3:2", "3:2:1"), ("1:2:3", "1:6"), (r"\frac{1}{6}", "1:2:3"),
    ("1,2", r"1, 2 \text{ or more}"), ("(1,2)", r"(1,2) \text{ or six}"), (r"\text{(B), (D)}", r"\text{B or D}"), (r"\text{Ann, Bob}", r"\text{Ann or Bob}"), (r"\{1,2\}", r"1 \text{ or } 3"), (r"\{5\}", r"5 \text{ or } 6"), ("x = 2, y = -1", r"x=2 \text{ or } y=-1"),
    (r"\frac{1}{2}", r"\frac12 \text{ squared}"), (r"\pi", r"\pi \text{ squared}"), ("2x", r"2x \text{ squared}"), *((gold, f"{gold}^T") for gold in ("5", "2x", r"\sqrt{3}")), ("A", "A^{T}"), (r"\frac{1}{2}", r"\frac12 \text{ hundreds}"), (r"\frac{1}{2}", r"\phantom{\frac{1}{2}}"), *(("5", rf"5 \text{{ {word}}}") for word in ("probably", "most likely", "I guess", "too low")),
    (r"\cos 20^\circ", r"\sin 20^\circ"), (r"\frac{1}{2}", r"\sin 30"), (r"(-\infty,-1)\cup(1,\infty)", r"(-\infty,-1) \text{ or } [1,\infty)"), ("(1,2)", r"(1,2) \text{ or } (3,4)"),
    (r"(-\infty,0)\cup(0,\infty)", r"x \neq 0, 1"), (r"(-\infty,0)\cup(0,\infty)", r"x \ne y"), (r"[0,1)\cup(1,\infty)", r"x > 0, x \neq 1"), (r"(-\infty,3)", r"x < 3, x \ne 2"), ("x \\neq 3", "x = 3"), (r"x \neq 3", r"y \neq 3"), ("3", r"x \ne 3"),
    (r"8\text{ a.m.}", "8:00 PM"), (r"5:00\text{ p.m.}", "5:00 a.m."), (r"2:30 \text{ p.m.}", "2:30 a.m."), (r"2:30 \text{ p.m.}", "12:30"), (r"\frac{3}{5}", r"\frac35 (= 0.7)"), (r"2\sqrt{3}", r"2\sqrt{3}\ (\approx 34.6)"), (r"2\sqrt{3}", r"2\sqrt{3} \text{ or about } 34.6"), ("5", r"\text{about } 5"), ("5", r"6 \text{ or about } 5"), ("5", r"N \equiv 6 \pmod{7}"), ("5", r"x_{\min} = 6"), ("5", r"\max \le 5"), ("5", r"\text{There are not exactly } 5"), (r"\text{B}", r"\text{The answer is not B}"),
]  # fmt: skip


def test_the_same_answer_in_other_words() -> None:
    outcomes = dict(zip(SAME, equivalent(SAME), strict=True))
    assert {pair for pair, outcome in outcomes.items() if outcome is not Outcome.CORRECT} == set()


def test_another_answer_that_looks_alike() -> None:
    outcomes = dict(zip(OTHER, equivalent(OTHER), strict=True))
    assert {pair for pair, outcome in outcomes.items() if outcome is Outcome.CORRECT} == set()


def misjudged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for task in sorted({row["task"] for row in rows}):
        of_task = [row for row in rows if row["task"] == task]
        problems = [Problem(f"{task}/x", task, "math", "?", row["gold"]) for row in of_task]
        grades = registry.get(task).grade(problems, [row["response"] for row in of_task])
        found += [
            row
            for row, grade in zip(of_task, grades, strict=True)
            if (grade.outcome is Outcome.CORRECT) != row["correct"]
        ]
    return found


def pairs(costly: bool) -> list[dict[str, Any]]:
    """Responses with a verdict, by task; ``source`` says whose test or issue a row comes from."""
    rows = [json.loads(line) for line in PAIRS.read_text().splitlines()]
    assert len(rows) == 177
    return [row for row in rows if ("explosive" in row["source"]) == costly]


def test_pairs_of_other_projects_and_our_own() -> None:
    assert misjudged(pairs(costly=False)) == []


@pytest.mark.integration
def test_pairs_that_take_their_whole_time() -> None:
    assert misjudged(pairs(costly=True)) == []


@pytest.mark.parametrize("piece", PIECES)
def test_text_is_read_in_bounded_time(piece: str) -> None:
    for text in (
        piece * (MAX_ANSWER // len(piece)),
        piece * (MAX_ANSWER // 2 // len(piece)) + " " * 250,
    ):
        text = text[:MAX_ANSWER]
        with ends():
            for gold in ("5", text[::-1]):
                tidied = latex.tidy(text)
                claims.said(gold, text)
                latex.refused(gold, tidied)
                words.same(gold, tidied)
                bases.same(gold, tidied)
                measures.measure(text, tidied)
                latex.readings(*relations.alike(gold, tidied))


def test_no_answer_costs_more_comparisons_than_four() -> None:
    ways = ["0.5", "0.5 + 0", "2/4", "50/100", "4/8"]
    assert claims.said("1/2", " or ".join(ways[:4])) == ways[:4]
    assert claims.said("1/2", " or ".join(ways)) == [" or ".join(ways)]
    assert claims.said("1/2", r"x = \text{odds} = \frac{2}{4} = \frac{(1 = 1)}{2}") == [
        r"\frac{2}{4}", r"\frac{(1 = 1)}{2}",
    ]  # fmt: skip
    assert claims.said("3", r"x = (1)\frac{1 = 1}{2} = 3") == [r"(1)\frac{1 = 1}{2}", "3"]
    assert claims.said("4", "2x = 3 = 4") == ["3", "4"]
    assert claims.said("3", "3 =") == ["3 ="]
    assert claims.said("1, 2", "1 or 2") == ["1 or 2"]
