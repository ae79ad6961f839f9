"""The layers that pretrain and train share: the embedding and the recurrent layers."""

from typing import Any

import keras

from pipeline.cells import make_cell
from pipeline.config.schema import NetworkConfig
from pipeline.layers.recurrent import Bidirectional, Recurrent


def embedding(network: NetworkConfig, vocabulary: int) -> keras.layers.Layer:
    """The layer that gives pieces their vectors: ids [...] int32 -> [..., embedding]."""
    return keras.layers.Embedding(vocabulary, network.embedding, mask_zero=True, name="embedding")


def recurrent(network: NetworkConfig, depth: int, **options: Any) -> keras.layers.Layer:
    """The layer at a depth, which gives its states at all steps: [batch, time, ...] -> [batch, time, states].

    Args:
        options: what `Recurrent` takes besides.
    """
    name, cell = f"recurrent_{depth}", make_cell(network.cell, network.units[depth], network.cell_options)
    layer = Recurrent(cell, return_sequences=True, name=name, **options)
    return Bidirectional(layer, name=name) if network.bidirectional else layer
