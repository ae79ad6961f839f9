"""Equations of Markdown as MathML, which browsers draw by themselves: no script, and nothing to fetch."""

import re

from latex2mathml.converter import convert

CODE = r"^```.*?^```|`[^`\n]+`"  # holds no equation, whatever dollars stand in it
BLOCK, INLINE = r"\$\$(?P<block>.+?)\$\$", r"\$(?P<inline>[^\s$](?:[^$\n]*[^\s$])?)\$"


def with_mathml(markdown: str) -> str:
    """Return Markdown with each $...$ and $$...$$ outside code as a <math> element.

    >>> with_mathml("`$x$` is $x$")
    '`$x$` is <math xmlns="http://www.w3.org/1998/Math/MathML" display="inline"><mrow><mi>x</mi></mrow></math>'
    """
    return re.sub(f"{CODE}|{BLOCK}|{INLINE}", _equation, markdown, flags=re.DOTALL | re.MULTILINE)


def _equation(found: re.Match[str]) -> str:
    if latex := found["block"]:
        return f'<div class="equation">{convert(" ".join(latex.split()), display="block")}</div>'  # scrolls on a phone
    return convert(found["inline"]) if found["inline"] else found[0]
