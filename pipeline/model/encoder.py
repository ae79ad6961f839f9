"""The layers that pretrain and train share, embedding and recurrent layers, and how to find a layer in a model."""

from typing import Any

import keras

from pipeline.cells import make_cell
from pipeline.config.schema import NetworkConfig
from pipeline.layers.recurrent import Bidirectional, Recurrent


def embedding(network: NetworkConfig, vocab_size: int) -> keras.layers.Layer:
    """Make the layer "embedding": ids [...] int32 -> vectors [..., embedding].

    It computes no mask: whoever calls the recurrent layers passes them `ids != PADDING`.
    """
    return keras.layers.Embedding(vocab_size, network.embedding, name="embedding")


def recurrent(network: NetworkConfig, depth: int, **options: Any) -> keras.layers.Layer:
    """Make the layer "recurrent_<depth>", which returns its states at all steps: [batch, time, ...] -> [batch, time,
    states].

    Args:
        options: further arguments of `Recurrent`.
    """
    name, cell = f"recurrent_{depth}", make_cell(network.cell, network.units[depth], network.cell_options)
    layer = Recurrent(cell, return_sequences=True, name=name, **options)
    return Bidirectional(layer, name=name) if network.bidirectional else layer


def all_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers of a model, and in place of each model among them the layers of that."""
    layers: list[keras.layers.Layer] = []
    for layer in model.layers:
        layers += all_layers(layer) if isinstance(layer, keras.Model) else [layer]
    return layers


def find_layer(model: keras.Model, name: str) -> keras.layers.Layer:
    """Return the layer of that name in a model or in a model inside it, for example "recurrent_0" of a classifier.

    Raises:
        ValueError: if there is none, or more than one.
    """
    (layer,) = [layer for layer in all_layers(model) if layer.name == name]
    return layer
