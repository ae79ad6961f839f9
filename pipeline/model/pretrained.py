"""Write and read the weights that pretrain hands to train."""

from pathlib import Path

import keras
import numpy as np


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
