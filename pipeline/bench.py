"""bench: time the recurrent layer and an epoch of training beside other implementations, in one run."""

import json
import os
import platform
from pathlib import Path
from typing import Any

import tensorflow as tf
from rich.console import Console

from pipeline.artifact.files import write_atomically
from pipeline.artifact.manifest import MANIFEST, verify
from pipeline.benchmarks.drawing import draw, layers_table, scaling_table
from pipeline.benchmarks.epoch import STOCK, check_epoch, epoch_table, time_epoch
from pipeline.benchmarks.layers import GROWING, SHAPES, time_layers, time_scaling
from pipeline.benchmarks.targets import check
from pipeline.benchmarks.timing import TargetResult, log, targets_table
from pipeline.config.schema import Config


def bench(artifacts: Path, config: Config, data: str, model: str) -> None:
    """Time the layers, and an epoch of the data set if it is tokenized; print the tables and check the targets.

    Writes `<artifacts>/bench/bench.json` and `bench.png`.
    """
    out = artifacts / "bench"
    out.mkdir(parents=True, exist_ok=True)
    tf.get_logger().setLevel("ERROR")  # else it warns that many functions are traced
    layers = time_layers(SHAPES)
    scaling = time_scaling(GROWING)
    results = check(layers, scaling)
    tables = [layers_table(layers), scaling_table(scaling)]
    sections: dict[str, list[Any]] = {"layers": layers, "scaling": scaling}

    ingest, tokenize = artifacts / data / "ingest", artifacts / data / "tokenize"
    if config.train.cell not in STOCK:
        log(f"no epoch is timed: Keras has no layer of {config.train.cell}")
    elif not (tokenize / MANIFEST).exists():
        log(f"no epoch is timed: {tokenize} is missing; run make tokenize DATA={data}")
    else:
        for read in (ingest, tokenize):
            verify(read)
        log(f"an epoch of {data}")
        epochs = time_epoch(config.train, ingest, tokenize)
        results += check_epoch(epochs, data, model)
        tables.append(epoch_table(epochs, data, model))
        sections["epoch"] = epochs

    draw(out / "bench.png", layers, scaling)
    write_json(out / "bench.json", sections, results)
    console = Console(width=None if Console().is_terminal else 120)
    for table in (*tables, targets_table(results)):
        console.print(table, "")
    console.print(f"{out / 'bench.json'}\n{out / 'bench.png'}")


def write_json(path: Path, sections: dict[str, list[Any]], results: list[TargetResult]) -> None:
    """Write the entries of each section and the results as objects, with the machine that they are of."""
    machine = {"machine": platform.platform(), "cores": os.cpu_count(), "tensorflow": tf.__version__}
    entries = {name: [entry._asdict() for entry in section] for name, section in sections.items()}
    checked = [{**result._asdict(), "met": result.met} for result in results]
    write_atomically(path, json.dumps({**machine, **entries, "results": checked}, indent=1))
