r"""One way of writing for many: unicode signs, thousands separators, repeating decimals, decoration of LaTeX."""

from __future__ import annotations

import re

from advisor.tasks.stated import closing_brace, without_stop

SIGNS = {
    "−": "-", "–": "-", "—": "-", "‑": "-", "﹣": "-", "－": "-", "×": r"\times ", "·": r"\cdot ", "⋅": r"\cdot ",
    "∙": r"\cdot ", "÷": r"\div ", "∞": r"\infty ", "π": r"\pi ", "≤": r"\le ", "⩽": r"\le ", "≥": r"\ge ",
    "⩾": r"\ge ", "≠": r"\ne ", "≈": r"\approx ", "±": r"\pm ", "∪": r"\cup ", "∩": r"\cap ", "∈": r"\in ",
    "∅": r"\emptyset ", "ℝ": r"\mathbb{R}", "°": r"^{\circ}", "…": r"\ldots ", "θ": r"\theta ", "α": r"\alpha ",
    "β": r"\beta ", "γ": r"\gamma ", "λ": r"\lambda ", "μ": r"\mu ", "φ": r"\phi ", "ω": r"\omega ", "％": r"\%",
    "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2007": " ", "\u200b": "", "’": "'", "′": "'",
}  # fmt: skip
FRACTIONS = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5),
    "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8), "⅐": (1, 7), "⅑": (1, 9),
}  # fmt: skip
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "0123456789+-n", strict=True))
_LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
_SEPARATOR = r"(?:,|\\,|\{,\}|\\!|,\\!|\\;|\\ |~)"
_THOUSANDS = re.compile(rf"(?<![\d.,\w])(\d{{1,3}}(?:{_SEPARATOR}\s?\d{{3}})+)(?![\d]|{_SEPARATOR}?\d)")
_THIN = re.compile(r"(?<![\d.,\w])(\d{1,3}(?:[\u2009\u202f\u00a0]\d{3})+)(?!\d)")
_OVERLINE = re.compile(r"(?<!\d)(\d{1,99})\.(\d{0,99})(?:\\overline|\\bar|\\dot)\s*\{?(\d{1,99})\}?")
_BRACKETED = re.compile(r"(?<!\d)(\d{1,99})\.(\d{0,99})\((\d{1,99})\)")
_GOES_ON = re.compile(r"(?<!\d)(\d{1,99})\.(\d{1,99})\s*(?:\.\.\.|\\[lc]?dots)(?!\s*[,+])")


def ascii_math(text: str) -> str:
    """Text with unicode mathematics as LaTeX, numbers without separators of thousands, decimals that repeat as
    fractions.

    >>> ascii_math("−½ of 12\\\\,345")
    '-\\\\frac{1}{2} of 12345'
    """
    text = _THIN.sub(lambda m: re.sub(r"\D", "", m[1]), text)
    for sign, (above, below) in FRACTIONS.items():
        text = text.replace(sign, rf"\frac{{{above}}}{{{below}}}")
    text = re.sub(r"√\s*(?:\(([^()]*)\)|(\d+|\w))", lambda m: rf"\sqrt{{{m[1] or m[2]}}}", text)
    for marks, sign in ((_RAISED, "^"), (_LOWERED, "_")):
        text = re.sub(f"[{''.join(marks)}]+", rf"{sign}{{\g<0>}}", text).translate(
            str.maketrans("".join(marks), "".join(marks.values()))
        )
    for sign, plain in SIGNS.items():
        text = text.replace(sign, plain)
    text = text.replace(r"{}^{\circ}", r"^{\circ}")
    text = _THOUSANDS.sub(lambda m: re.sub(r"\D", "", m[1]), text)
    text = _OVERLINE.sub(lambda m: _repeating(m[1], m[2], m[3]), text)
    text = _BRACKETED.sub(lambda m: _repeating(m[1], m[2], m[3]), text)
    return _GOES_ON.sub(_going_on, text)


def _repeating(whole: str, once: str, period: str) -> str:
    scale, repeats = 10 ** len(once), 10 ** len(period) - 1
    above = (int(whole) * scale + int(once or "0")) * repeats + int(period)
    return rf"\frac{{{above}}}{{{scale * repeats}}}"


def _going_on(match: re.Match[str]) -> str:
    """0.333… goes on as it ends where its end was written often enough to see the period; else it stays."""
    digits = match[2]
    tail = re.search(r"(\d+?)\1+$", digits)
    if tail is None or len(tail[0]) < 3:
        return match[0]
    return _repeating(match[1], digits[: tail.start()], tail[1])


_REMOVED = re.compile(
    r"\\(?:left|right|displaystyle|textstyle|limits|mathstrut|hspace\*?\{[^}]*\}|q?quad"
    r"|[Bb]igg?[lr]?)"
    r"(?![a-zA-Z])|(?<!\\)\\[!;:>]"
)
_RENAMED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\\(?:d|t|c)frac(?![a-z])"), r"\\frac"),
    (re.compile(r"\\(?:text|math)(?:rm|normal|bf|it|sf|tt)(?![a-z])"), r"\\text"),
    (re.compile(r"\\(?:mbox|operatorname\*?)(?![a-z])"), r"\\text"),
    (re.compile(r"\\leqslant|\\leq(?![a-z])"), r"\\le "),
    (re.compile(r"\\geqslant|\\geq(?![a-z])"), r"\\ge "),
    (re.compile(r"\\neq(?![a-z])|\\not\s*="), r"\\ne "),
    (re.compile(r"\\lt(?![a-z])"), "<"),
    (re.compile(r"\\gt(?![a-z])"), ">"),
    (re.compile(r"\\l(?:angle|brack|paren)(?![a-z])"), "("),
    (re.compile(r"\\r(?:angle|brack|paren)(?![a-z])"), ")"),
    (re.compile(r"\\lbrace(?![a-z])"), r"\\{"),
    (re.compile(r"\\rbrace(?![a-z])"), r"\\}"),
    (re.compile(r"\\(?:varnothing|emptyset)(?![a-z])|\\\{\s*\\\}"), r"\\emptyset "),
    (re.compile(r"(?<![\\a-zA-Z])(infinity|infty|inf|oo)(?![a-zA-Z])"), r"\\infty "),
    (re.compile(r"(?<![\\a-zA-Z])(sqrt|pi|sin|cos|tan|cot|sec|csc)(?![a-zA-Z])"), r"\\\1 "),
    (re.compile(r"(?<![\\a-zA-Z])(ln|log|exp|arcsin|arccos|arctan|theta)(?![a-zA-Z])"), r"\\\1 "),
    (re.compile(r"\\sqrt\s*\(([^()]*)\)"), r"\\sqrt{\1}"),
    (re.compile(r"\*\*\s*\(([^()]*)\)"), r"^{\1}"),
    (re.compile(r"\*\*\s*(-?\w+)"), r"^{\1}"),
    (re.compile(r"\^\s*\(([^()]*)\)"), r"^{\1}"),
    (re.compile(r"\^\s*\\circ(?![a-z])|\\degree(?![a-z])"), r"^{\\circ}"),
    (re.compile(r"(\d(?:\.\d+)?)[eE]([-+]?\d+)(?![\w.])"), r"\1\\times 10^{\2}"),
    (re.compile(r"(?<![\w.])(-?\d+)\s+(\d+)\s*/\s*(\d+)(?![\w.])"), r"\1\\frac{\2}{\3}"),
    (re.compile(r"<="), r"\\le "),
    (re.compile(r">="), r"\\ge "),
    (re.compile(r"!=(?!=)"), r"\\ne "),
    (re.compile(r"(?<=\d)\s*thousand(?![a-z])"), r"\\times 10^{3}"),
    (re.compile(r"(?<=\d)\s*million(?![a-z])"), r"\\times 10^{6}"),
    (re.compile(r"(?<=\d)\s*billion(?![a-z])"), r"\\times 10^{9}"),
    (re.compile(r"(?<=\d)\s*trillion(?![a-z])"), r"\\times 10^{12}"),
    (re.compile(r"\)\s*(?=\(|\d)"), r")\\cdot "),
    (re.compile(r"(?<![\w.{^\\])(\d+(?:\.\d+)?)\s*\((?![^()]*,)"), r"\1\\cdot ("),
    (re.compile(r"\\sqrt\s*(\d{2,})"), r"\\sqrt{\1}"),
    (re.compile(r"\\frac\s*\\pi(?![a-z])\s*"), r"\\frac{\\pi}"),
    (re.compile(r"^(-?\d{1,3}) (\d{3})(?: (\d{3}))?(?: (\d{3}))?(?=$|\.\d)"), r"\1\2\3\4"),
)  # fmt: skip


_WRAPPER = re.compile(r"\\(?:boldsymbol|mathbf|pmb|bm|boxed)\s*\{")


def _unwrapped(text: str) -> str:
    """Without commands that only set type."""
    while match := _WRAPPER.search(text):
        end = closing_brace(text, match.end())
        inside, rest = (text[match.end() :], "") if end is None else (text[match.end() : end], text[end + 1 :])
        text = text[: match.start()] + inside + rest
    return text


def tidy(text: str) -> str:
    """A mathematical answer without decoration: no delimiters, sizes, spaces of layout; one name a command."""
    text = without_stop(text)
    for opening, closing in (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]")):
        inside = text[len(opening) : -len(closing)]
        if text.startswith(opening) and text.endswith(closing) and len(text) > len(opening) and opening not in inside:
            text = inside.strip()
    if len(re.findall(r"(?<!\\)\$", text)) % 2 == 0:
        text = re.sub(r"(?<!\\)\$", "", text)
    text = _unwrapped(ascii_math(text))
    text = _REMOVED.sub("", text).replace("~", " ")
    text = re.sub(r"(?<!\\)\\[, ]", " ", text)
    for pattern, replacement in _RENAMED:
        text = pattern.sub(replacement, text)
    return re.sub(r"\s+", " ", text).strip().rstrip(",;").strip()
