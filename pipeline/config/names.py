"""The names of stages and models, as folders, runs and make's command line spell them."""

from pipeline.config.schema import Config

STAGES = tuple(Config.model_fields)  # a section a stage, in their order

# Artifacts of these stages are shared by all models, so the overlay of a cell or a preset must not change them.
DATA_STAGES = ("ingest", "tokenize")
CELL_STAGES = tuple(stage for stage in STAGES if stage not in DATA_STAGES)


def model_name(cell: str, preset: str) -> str:
    """Return the name of a model's folder and of its run; an empty preset is none.

    >>> model_name("lstm", ""), model_name("lstm", "quick")
    ('lstm', 'lstm-quick')
    """
    return f"{cell}-{preset}" if preset else cell


def make_arguments(data: str, model: str) -> str:
    """Return the arguments that choose a model on make's command line.

    >>> make_arguments("nsmc", "lstm"), make_arguments("nsmc", "lstm-quick")
    ('DATA=nsmc CELL=lstm', 'DATA=nsmc CELL=lstm PRESET=quick')
    """
    cell, _, preset = model.partition("-")
    return f"DATA={data} CELL={cell}" + (f" PRESET={preset}" if preset else "")
