"""Examples of docstrings as blocks of code: MkDocs would take their `>>>` for quotations."""

import re
from typing import Any

import griffe


def fenced(docstring: str) -> str:
    """Return a docstring with each example, from its `>>>` to the next blank line, between fences.

    >>> fenced("Add one.\\n\\n>>> 1 + 1\\n2").splitlines()
    ['Add one.', '', '```pycon', '>>> 1 + 1', '2', '```']
    """
    return re.sub(r"^>>> .*?(?=\n\n|\n?\Z)", r"```pycon\n\g<0>\n```", docstring, flags=re.DOTALL | re.MULTILINE)


class FencedDoctests(griffe.Extension):
    """What `configs/mkdocs.yml` names, for mkdocstrings to call."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        if obj.docstring:
            obj.docstring.value = fenced(obj.docstring.value)
