"""What `train.cell_options` may say: what the cell's constructor takes, of its type."""

import re

import pytest

from pipeline.cells import cell_class, make_cell
from pipeline.errors import UserError


def test_an_option_reaches_the_cell() -> None:
    assert make_cell("gru", 4, {"reset_after": False}).reset_after is False
    assert make_cell("lstm", 4, {}).units == 4


@pytest.mark.parametrize(
    ("cell", "options", "allowed"),
    [
        ("lstm", {"activation": "relu"}, "activation: 'relu': lstm takes no such option; allowed: none"),
        ("gru", {"reset_after": "no"}, "reset_after: 'no': gru takes no such option; allowed: reset_after (bool)"),
        ("vanilla", {"units": 3}, "units: 3: vanilla takes no such option; allowed: activation (str)"),
    ],
)
def test_another_is_refused_in_one_line(cell: str, options: dict[str, object], allowed: str) -> None:
    with pytest.raises(UserError, match="train.cell_options: " + re.escape(allowed)):
        make_cell(cell, 4, options)


def test_a_cell_without_a_file_is_refused() -> None:
    with pytest.raises(UserError, match=r"there is no pipeline/cells/nope\.py"):
        cell_class("nope")
