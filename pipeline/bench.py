"""bench: how fast the recurrent layer is beside others, all in one run on this machine."""

import json
import os
import platform
from pathlib import Path
from typing import Any

import tensorflow as tf
from rich.console import Console

from pipeline import bench_epoch, bench_layers
from pipeline.config import Config
from pipeline.manifest import NAME, write_atomically
from pipeline.timing import Verdict, tell, verdicts_table


def bench(artifacts: Path, config: Config, data: str, model: str) -> None:
    """Time the layers and an epoch of the data set, print it, and write `bench/bench.json` and `bench/bench.png`."""
    out = artifacts / "bench"
    out.mkdir(parents=True, exist_ok=True)
    tf.get_logger().setLevel("ERROR")  # else it warns that so many functions are traced
    layers = bench_layers.time_layers(bench_layers.SHAPES)
    scaling = bench_layers.time_scaling(bench_layers.GROWING)
    verdicts = bench_layers.judge(layers, scaling)
    tables = [bench_layers.layers_table(layers), bench_layers.scaling_table(scaling)]
    sections: dict[str, list[Any]] = {"layers": layers, "scaling": scaling}

    ingest, tokenize = artifacts / data / "ingest", artifacts / data / "tokenize"
    if config.train.cell not in bench_epoch.STOCK:
        tell(f"no epoch is timed: Keras has no layer of {config.train.cell}")
    elif not (tokenize / NAME).exists():
        tell(f"no epoch is timed: {tokenize} is not there; make tokenize DATA={data}")
    else:
        tell(f"an epoch of {data}")
        epochs = bench_epoch.time_epoch(config.train, ingest, tokenize)
        verdicts += bench_epoch.judge_epoch(epochs, data, model)
        tables.append(bench_epoch.epoch_table(epochs, data, model))
        sections["epoch"] = epochs

    bench_layers.draw(out / "bench.png", layers, scaling)
    write(out / "bench.json", sections, verdicts)
    console = Console(width=None if Console().is_terminal else 120)
    for table in (*tables, verdicts_table(verdicts)):
        console.print(table, "")
    console.print(f"{out / 'bench.json'}\n{out / 'bench.png'}")


def write(path: Path, sections: dict[str, list[Any]], verdicts: list[Verdict]) -> None:
    """The entries of each section, and the verdicts, each as an object, beside the machine they are of."""
    machine = {"machine": platform.platform(), "cores": os.cpu_count(), "tensorflow": tf.__version__}
    entries = {name: [entry._asdict() for entry in section] for name, section in sections.items()}
    judged = [{**verdict._asdict(), "met": verdict.met} for verdict in verdicts]
    write_atomically(path, json.dumps({**machine, **entries, "verdicts": judged}, indent=1))
