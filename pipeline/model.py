"""The classifier around recurrent layers: pieces -> embedding -> recurrent layers -> pooling of each -> one logit."""

import json
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from sklearn.linear_model import LogisticRegression

from pipeline.batches import batches_in_order
from pipeline.cells import cell_class, make_cell
from pipeline.config import Learning, Network, TrainConfig
from pipeline.manifest import read_manifest
from pipeline.ngrams import NGrams
from pipeline.recurrent import BothWays, Recurrent

PAYS = 300  # steps on batches of one shape that save the seconds which XLA takes to compile the loops for it
HEADS = 16  # of attention: log loss on the dev of NSMC is 0.2596, with four 0.2600, with one 0.262
LOWEST = -1e4  # below any state or score, and a number in float16 too


@keras.saving.register_keras_serializable("maekrak")
class Pooling(keras.layers.Layer):
    """One vector for a sequence: its last state, the mean, maximum or attention over its states, or some side by side.

    The last state of one that is read backwards is the state at its first piece. Side by side, last, mean and max are
    the concat pooling of Howard & Ruder 2018. "attention" is the mean in which a state h weighs exp(q h), for a vector
    q that is learnt (Felbo et al. 2017); it has several heads, each with its own q (as Lin et al. 2017 have hops). q
    starts at zero, and so attention as the mean.

    Args:
        ways: each "last", "mean", "max" or "attention".
        bidirectional: whether the states' second half reads backwards.

    Shapes:
        inputs [batch, time, units], mask [batch, time] -> [batch, ways * units], where "attention" counts for each of
        its heads. A sequence of padding alone gives zeros.

    >>> states = tf.constant([[[1.0, 5.0], [3.0, 4.0]]])
    >>> Pooling(["last", "mean", "max"], bidirectional=True)(states, mask=tf.constant([[True, True]])).numpy().tolist()
    [[3.0, 5.0, 2.0, 4.5, 3.0, 5.0]]
    """

    def __init__(self, ways: Sequence[str], bidirectional: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ways = ways
        self.bidirectional = bidirectional
        self.supports_masking = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        if "attention" in self.ways:
            self.queries = self.add_weight((input_shape[-1], HEADS), initializer="zeros", name="queries")

    def call(self, inputs: Any, mask: Any = None) -> Any:
        mask = ops.cast(mask, inputs.dtype)[:, :, None]
        pool = {"last": self._last, "mean": self._mean, "max": self._max, "attention": self._attention}
        return ops.concatenate([pool[way](inputs, mask) for way in self.ways], axis=-1)

    def _last(self, inputs: Any, mask: Any) -> Any:
        if not self.bidirectional:
            return _at_end(inputs, mask)
        forward, backward = ops.split(inputs, 2, axis=-1)
        return ops.concatenate([_at_end(forward, mask), _at_end(backward[:, ::-1], mask[:, ::-1])], axis=-1)

    def _mean(self, inputs: Any, mask: Any) -> Any:
        return ops.sum(inputs * mask, axis=1) / ops.maximum(ops.sum(mask, axis=1), 1)

    def _max(self, inputs: Any, mask: Any) -> Any:
        return ops.max(ops.where(mask > 0, inputs, LOWEST), axis=1) * ops.max(mask, axis=1)

    def _attention(self, inputs: Any, mask: Any) -> Any:
        scores = ops.where(mask > 0, inputs @ self.queries, LOWEST)
        weights = ops.softmax(scores, axis=1) * mask
        heads = ops.transpose(weights, (0, 2, 1)) @ inputs
        return ops.reshape(heads, (-1, HEADS * inputs.shape[-1]))

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "ways": list(self.ways), "bidirectional": self.bidirectional}


def _at_end(inputs: Any, mask: Any) -> Any:
    """The last of the inputs [batch, time, units] that the mask [batch, time, 1] doesn't hide: [batch, units]."""
    time = ops.cast(ops.arange(1, ops.shape(mask)[1] + 1), inputs.dtype)[None, :, None]
    last = ops.cast(time * mask == ops.max(time * mask, axis=1, keepdims=True), inputs.dtype)
    return ops.sum(inputs * mask * last, axis=1)


def build(config: TrainConfig, vocabulary: int) -> keras.Model:
    """An untrained classifier: ids [batch, time] int32, 0 for padding -> logit of positive [batch, 1].

    All recurrent layers are pooled, not the last alone: the lower ones know other things of a text (Peters et al.
    2018), and what pretrain taught the first isn't lost on the way through a second.
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    states = embedding(config, vocabulary)(ids)
    states = keras.layers.Dropout(config.dropout, name="dropout")(states)
    pooled = []
    for depth in range(len(config.units)):
        states = recurrent(config, depth, recurrent_dropout=config.recurrent_dropout)(states)
        states = keras.layers.Dropout(config.dropout, name=f"dropout_{depth}")(states)
        pooled.append(Pooling(config.pooling, config.bidirectional, name=f"pooling_{depth}")(states))
    review = keras.layers.Concatenate(name="review")(pooled)
    return keras.Model(ids, keras.layers.Dense(1, dtype="float32", name="logit")(review), name="maekrak")


def embedding(network: Network, vocabulary: int) -> keras.layers.Layer:
    """The layer that gives pieces their vectors: ids [...] int32 -> [..., embedding]."""
    return keras.layers.Embedding(vocabulary, network.embedding, mask_zero=True, name="embedding")


def recurrent(network: Network, depth: int, **options: Any) -> keras.layers.Layer:
    """The layer at a depth, which gives its states at all steps: [batch, time, ...] -> [batch, time, states].

    Args:
        options: what `Recurrent` takes besides.
    """
    name, cell = f"recurrent_{depth}", make_cell(network.cell, network.units[depth], network.cell_options)
    layer = Recurrent(cell, return_sequences=True, name=name, **options)
    return BothWays(layer, name=name) if network.bidirectional else layer


def read_vectors(network: keras.Model, vectors: tf.Tensor, mask: tf.Tensor, training: bool = False) -> tf.Tensor:
    """The logits [batch, 1] of a network that `build` made, of vectors that stand where its embedding's would.

    Shapes:
        vectors [batch, time, embedding], mask [batch, time].
    """
    layer = network.get_layer
    states = layer("dropout")(vectors, training=training)
    pooled = []
    for depth in range(sum(isinstance(one, Recurrent | BothWays) for one in network.layers)):
        states = layer(f"recurrent_{depth}")(states, mask=mask, training=training)
        states = layer(f"dropout_{depth}")(states, training=training)
        pooled.append(layer(f"pooling_{depth}")(states, mask=mask))
    return layer("logit")(layer("review")(pooled))


def join(network: keras.Model, ngrams: NGrams, ids: tf.RaggedTensor, labels: np.ndarray) -> keras.Model:
    """The classifier that hears both: its logit is the weighted sum of theirs that is best on texts new to both."""
    heard = keras.layers.Concatenate(name="heard")([network.output, ngrams(network.input)])
    weigh = keras.layers.Dense(1, trainable=False, name="verdict")
    model = keras.Model(network.input, weigh(heard), name="maekrak")
    both = read(keras.Model(network.input, heard), ids)
    best = LogisticRegression(C=np.inf).fit(both, labels)
    weigh.set_weights([best.coef_.T, best.intercept_])
    return model


def save_pretrained(model: keras.Model, pretrain: Path) -> None:
    """Write `pretrained.npz`: the weights of every layer, in order, as `<layer>/<number>`."""
    weights = {f"{layer.name}/{n}": weight for layer in model.layers for n, weight in enumerate(layer.get_weights())}
    np.savez(pretrain / "pretrained.npz", **weights)


def load_pretrained(model: keras.Model, pretrain: Path) -> None:
    """Start the layers from what was learnt for layers of their names, where anything was."""
    if not (pretrain / "pretrained.npz").exists():
        return
    with np.load(pretrain / "pretrained.npz") as learnt:
        for layer in model.layers:
            weights = [learnt[name] for n in range(len(layer.weights)) if (name := f"{layer.name}/{n}") in learnt]
            if weights:
                layer.set_weights(weights)


def worth_compiling(steps: int, shapes: int) -> bool:
    """Whether so many steps, on batches of so many shapes, save the time that XLA takes to compile the loops."""
    return steps >= PAYS * shapes


def make_optimizer(config: Learning, steps: int) -> keras.optimizers.Optimizer:
    """Adam, whose learning rate falls to zero over so many steps."""
    decay = keras.optimizers.schedules.PolynomialDecay(config.learning_rate, steps, end_learning_rate=0.0)
    return keras.optimizers.Adam(decay, global_clipnorm=config.clip_norm)


def compile_loops(model: keras.Model, compiled: bool = True) -> None:
    """Have XLA compile the loops of all recurrent layers, once for each shape of batch; or no longer."""
    for layer in model.layers:
        if isinstance(layer, BothWays):
            layer.set(compiled=compiled)
        elif isinstance(layer, Recurrent):
            layer.compiled = compiled


def positive(model: keras.Model, ids: tf.RaggedTensor, batch_pieces: int = 8192) -> np.ndarray:
    """The probability of the positive class for each review, float32 [reviews]."""
    return tf.sigmoid(read(model, ids, batch_pieces)[:, 0]).numpy()


def read(model: keras.Model, ids: tf.RaggedTensor, batch_pieces: int = 8192) -> np.ndarray:
    """What a model gives for each review, float32 [reviews, outputs]."""
    given = np.zeros((ids.nrows(), *model.output_shape[1:]), np.float32)
    # One graph for a model, whatever the shapes of its batches. Left to relax the shapes of those it has met,
    # TensorFlow would take a batch of one review for all that there is.
    graph = _read.get_concrete_function(model, tf.TensorSpec((None, None), tf.int32))
    for rows, batch in batches_in_order(ids, batch_pieces):
        given[rows] = graph(batch)
    return given


@tf.function
def _read(model: keras.Model, batch: tf.Tensor) -> tf.Tensor:
    return model(batch, training=False)


def save(model: keras.Model, path: Path) -> None:
    """Save as `.keras`, the same model as the same bytes: without the date and memory addresses that Keras writes."""
    aside = path.with_name(f"dated-{path.name}")
    model.save(aside)
    with zipfile.ZipFile(aside) as dated, zipfile.ZipFile(path, "w") as undated:
        for name in sorted(dated.namelist()):
            content = dated.read(name)
            if name == "metadata.json":
                content = json.dumps(json.loads(content) | {"date_saved": ""}).encode()
            elif name == "config.json":
                content = _number_shared_objects(content)
            undated.writestr(zipfile.ZipInfo(name), content)
    aside.unlink()


def _number_shared_objects(config: bytes) -> bytes:
    """Number the objects that a configuration shares in the order they come in, instead of by their addresses."""
    numbers: dict[bytes, bytes] = {}
    return re.sub(
        rb'(?<="shared_object_id": )\d+', lambda found: numbers.setdefault(found[0], b"%d" % len(numbers)), config
    )


def load(train: Path) -> keras.Model:
    """The model of a sealed `train` artifact."""
    cell_class(read_manifest(train).config["cell"])  # Keras can only read a class that is defined
    return keras.saving.load_model(train / "model.keras")
