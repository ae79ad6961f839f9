"""Write and read the weights that pretrain hands to train."""

from pathlib import Path

import keras
import numpy as np

from pipeline.model.encoder import all_layers


def save_pretrained(model: keras.Model, pretrain: Path) -> None:
    """Write `pretrained.npz`: the weights of every layer, in order, as `<layer>/<number>`."""
    weights = {
        f"{layer.name}/{n}": weight for layer in all_layers(model) for n, weight in enumerate(layer.get_weights())
    }
    np.savez(pretrain / "pretrained.npz", **weights)


def load_pretrained(model: keras.Model, pretrain: Path) -> None:
    """Give the layers the weights that `pretrained.npz` holds for layers of their names, if there is that file."""
    if not (pretrain / "pretrained.npz").exists():
        return
    with np.load(pretrain / "pretrained.npz", allow_pickle=False) as saved:
        for layer in all_layers(model):
            weights = [saved[name] for n in range(len(layer.weights)) if (name := f"{layer.name}/{n}") in saved]
            if weights:
                layer.set_weights(weights)
