"""bench, second part: the time of an epoch of training, with our layer, with Keras's, and padded to one length."""

from pathlib import Path
from typing import NamedTuple

import keras
import tensorflow as tf
from rich.table import Table

from pipeline.benchmarks.timing import Contender, TargetResult, measure, plain_table
from pipeline.config.schema import TrainConfig
from pipeline.layers.recurrent import Bidirectional, Recurrent, forward_direction
from pipeline.model.classifier import build_classifier
from pipeline.model.fitting import compile_classifier
from pipeline.model.optimization import compile_loops, worth_compiling
from pipeline.text.batching import Batches, encode
from pipeline.text.reviews import read_reviews
from pipeline.text.tokenizer import Tokenizer
from pipeline.text.training_batches import training_batches, with_cardinality

STOCK = {"vanilla": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
SAMPLED, REPEATS = 24, 5


class Epoch(NamedTuple):
    """The time of an epoch, estimated from some of its batches; without that of compiling by XLA."""

    by: str
    steps: int
    step_ms: float
    seconds: float


def time_epoch(
    config: TrainConfig, ingest: Path, tokenize: Path, sampled: int = SAMPLED, repeats: int = REPEATS
) -> list[Epoch]:
    """Time an epoch by "plain" and "xla" (our layer, not compiled and compiled), "keras" (Keras's layer) and "padded"
    (as "plain", all reviews padded to `max_length`). "ours" is "plain" or "xla", whichever train would use.

    Adversarial training is left out: it computes each batch twice, with any layer.
    """
    tokenizer, train = Tokenizer(tokenize), read_reviews(ingest, "train")
    ids = encode(tokenizer, train.texts, config.max_length)
    batches = training_batches(ids, train.labels, config, tokenizer)
    steps = dict.fromkeys(("plain", "xla", "keras"), batches.steps)
    steps["padded"] = -(-len(train.texts) * config.max_length // config.max_tokens_per_batch)

    sample = with_cardinality(batches.dataset.take(sampled).cache())
    padded = sample.unbatch().padded_batch(
        max(1, config.max_tokens_per_batch // config.max_length),
        padded_shapes=((config.max_length,), ()),
        drop_remainder=True,
    )
    data = dict.fromkeys(("plain", "xla", "keras"), sample) | {"padded": with_cardinality(padded.take(sampled).cache())}
    models = {by: _model(by, config, batches, len(tokenizer.vocabulary)) for by in data}
    timings = measure({by: _contender(models[by], data[by]) for by in data}, repeats, warm_ups=1)
    epochs = []
    for by, timing in timings.items():
        step_ms = timing.ms / int(data[by].cardinality())
        epochs.append(Epoch(by, steps[by], step_ms, steps[by] * step_ms / 1000))
    compiled = worth_compiling(config.epochs * batches.steps, batches.shapes)
    ours = next(epoch for epoch in epochs if epoch.by == ("xla" if compiled else "plain"))
    return [ours._replace(by="ours"), *epochs]


def check_epoch(epochs: list[Epoch], data: str, model: str) -> list[TargetResult]:
    """Compare the time of "keras" and "padded" with that of "ours"."""
    seconds = {epoch.by: epoch.seconds for epoch in epochs}
    return [
        TargetResult(f"an epoch of {data}, {model}: {by} / ours", seconds[by] / seconds["ours"], "at least", target)
        for by, target in (("keras", 1.3), ("padded", 4.0))
    ]


def epoch_table(epochs: list[Epoch], data: str, model: str) -> Table:
    """Return a table with a row an entry."""
    table = plain_table(f"An epoch of {data}, {model}, by {SAMPLED} batches of it", ["by"], ["steps", "ms a step", "s"])
    for epoch in epochs:
        table.add_row(epoch.by, str(epoch.steps), f"{epoch.step_ms:.0f}", f"{epoch.seconds:.0f}")
    return table


def _model(by: str, config: TrainConfig, batches: Batches, vocab_size: int) -> keras.Model:
    model = build_classifier(config, vocab_size)
    if by == "xla":
        compile_loops(model)
    if by == "keras":
        model = with_keras_layers(model, config)
    compile_classifier(model, config, batches)
    return model


def with_keras_layers(model: keras.Model, config: TrainConfig) -> keras.Model:
    """Return a classifier with Keras's recurrent layers in place of ours, untrained."""
    return keras.models.clone_model(model, clone_function=lambda layer: _stock(layer, config), recursive=True)


def _stock(layer: keras.layers.Layer, config: TrainConfig) -> keras.layers.Layer:
    if not isinstance(layer, Bidirectional | Recurrent):
        return layer.__class__.from_config(layer.get_config())
    units = forward_direction(layer).cell.units
    stock = STOCK[config.cell](units, return_sequences=True, recurrent_dropout=config.recurrent_dropout)
    return keras.layers.Bidirectional(stock) if isinstance(layer, Bidirectional) else stock


def _contender(model: keras.Model, dataset: tf.data.Dataset) -> Contender:
    return Contender(lambda: model.fit(dataset, shuffle=False, verbose=0), 0)
