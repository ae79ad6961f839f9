"""What `train.cell_options` may say: what the cell's constructor takes, of its type."""

import re
from typing import Any

import pytest

from pipeline.cells import cell_class, make_cell
from pipeline.cells.lstm import LSTMCell
from pipeline.support.errors import UserError


def test_an_option_reaches_the_cell() -> None:
    assert make_cell("gru", 4, {"reset_after": False}).reset_after is False
    assert make_cell("lstm", 4, {}).units == 4


@pytest.mark.parametrize(
    ("cell", "options", "allowed"),
    [
        ("lstm", {"activation": "relu"}, "activation: 'relu': what lstm takes is none"),
        ("gru", {"reset_after": "no"}, "reset_after: 'no': what gru takes is reset_after (bool)"),
        ("vanilla", {"units": 3}, "units: 3: what vanilla takes is activation (str)"),
    ],
)
def test_another_is_refused_in_one_line(cell: str, options: dict[str, object], allowed: str) -> None:
    with pytest.raises(UserError, match="train.cell_options: " + re.escape(allowed)):
        make_cell(cell, 4, options)


def test_annotations_may_be_of_any_form(monkeypatch: pytest.MonkeyPatch) -> None:
    class Own(LSTMCell):
        def __init__(self, units: int, leak: "float | None" = None, **kwargs: Any) -> None:
            super().__init__(units, **kwargs)

    monkeypatch.setattr("pipeline.cells.cell_class", lambda name: Own)
    assert make_cell("own", 4, {"leak": 0.5}).units == 4
    with pytest.raises(UserError, match=r"leak: 'much': what own takes is leak \(float \| None\)"):
        make_cell("own", 4, {"leak": "much"})


def test_a_cell_without_a_file_is_refused() -> None:
    with pytest.raises(UserError, match=r"there is no pipeline/cells/nope\.py"):
        cell_class("nope")
