"""Recurrent cells, one a file: `cells/lstm.py` holds `LSTMCell`, and `CELL=lstm` selects it.

A cell is one time step, `call(inputs, states)`, as `keras.layers.RNN` asks for it. It comes in two parts, so that the
layer around it need not repeat work at every step: `project` computes what doesn't depend on the state, W x_t + b, for
all steps in one product; `step` computes the rest of the equations.
"""

import importlib
import inspect
from typing import Any

from pipeline.layers.cell import Cell
from pipeline.support.errors import UserError


def cell_class(name: str) -> type[Cell]:
    """Return the one cell class that `cells/<name>.py` defines; once imported, Keras can load models that hold it.

    Raises:
        UserError: if there is no such file.
    """
    try:
        module = importlib.import_module(f"pipeline.cells.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"pipeline.cells.{name}":
            raise
        raise UserError(f"train.cell: {name!r}: there is no pipeline/cells/{name}.py") from None
    classes = [value for value in vars(module).values() if isinstance(value, type)]
    (cell,) = [one for one in classes if one.__module__ == module.__name__ and issubclass(one, Cell)]
    return cell


def make_cell(name: str, units: int, options: dict[str, Any]) -> Cell:
    """Make the cell of `cells/<name>.py`.

    Args:
        options: what its constructor takes besides `units`, as `train.cell_options` has it.

    Raises:
        UserError: if there is no such cell, it takes no such option, or the option is of another type.

    >>> make_cell("vanilla", 8, {"activation": "relu"}).activation
    'relu'
    """
    cell = cell_class(name)
    annotations = inspect.get_annotations(cell.__init__, eval_str=True) if "__init__" in vars(cell) else {}
    taken = {option: kind for option, kind in annotations.items() if option not in ("units", "kwargs", "return")}
    for option, value in options.items():
        if not isinstance(value, taken.get(option, ())):
            allowed = ", ".join(f"{one} ({inspect.formatannotation(kind)})" for one, kind in taken.items()) or "none"
            raise UserError(f"train.cell_options: {option}: {value!r}: what {name} takes is {allowed}")
    return cell(units, **options)
