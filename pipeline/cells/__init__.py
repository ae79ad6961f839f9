"""Recurrent cells, one a file: `cells/lstm.py` holds `LSTMCell`, and `CELL=lstm` selects it.

A cell is one time step. It is a Keras layer that obeys the contract of `keras.layers.RNN`: `call(inputs, states)`
returns the output and the new states, and `state_size`, `output_size` and `get_initial_state` say their shapes.
Beyond that contract it has `gates(inputs, states)`, which returns the step's gates by name, for those who want to
look inside; `call` computes the step from the same function.
"""

import importlib

import keras

from pipeline.errors import UserError


def cell_class(name: str) -> type[keras.layers.Layer]:
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
    (cell,) = [c for c in classes if issubclass(c, keras.layers.Layer)]
    return cell
