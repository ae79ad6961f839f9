"""Recurrent cells, one a file: `cells/lstm.py` holds `LSTMCell`, and `CELL=lstm` selects it.

A cell is one time step, `call(inputs, states)`, as `keras.layers.RNN` asks for it. It comes in two parts, so that the
layer around it need not do the same work at every step: `project` is what doesn't depend on the state, W x_t + b,
and can be computed for all steps in one product; `step` is the rest of the equations.
"""

import importlib
import inspect
from typing import Any

from pipeline.layers.cell import Cell
from pipeline.support.errors import UserError


def cell_class(name: str) -> type["Cell"]:
    """The one cell class that `cells/<name>.py` defines; loading it also lets Keras read models that hold it.

    Raises:
        UserError: if there is no such file.
    """
    try:
        module = importlib.import_module(f"pipeline.cells.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"pipeline.cells.{name}":
            raise
        raise UserError(f"train.cell: {name!r}: there is no pipeline/cells/{name}.py") from None
    classes = [v for v in vars(module).values() if isinstance(v, type) and v.__module__ == module.__name__]
    (cell,) = [c for c in classes if issubclass(c, Cell)]
    return cell


def make_cell(name: str, units: int, options: dict[str, Any]) -> "Cell":
    """The cell of `cells/<name>.py`, with what it takes beyond its units.

    Raises:
        UserError: if there is no such cell, or it takes no such option, or none of this type.

    >>> make_cell("vanilla", 8, {"activation": "relu"}).activation
    'relu'
    """
    made = cell_class(name)
    takes = inspect.get_annotations(made.__init__, eval_str=True) if "__init__" in vars(made) else {}
    takes = {option: kind for option, kind in takes.items() if option not in ("units", "kwargs", "return")}
    for option, value in options.items():
        if not isinstance(value, takes.get(option, ())):
            allowed = ", ".join(f"{one} ({inspect.formatannotation(kind)})" for one, kind in takes.items()) or "none"
            raise UserError(f"train.cell_options: {option}: {value!r}: what {name} takes is {allowed}")
    return made(units, **options)
