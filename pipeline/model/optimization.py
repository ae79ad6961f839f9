"""The optimizer, and when compiling the loops by XLA is worth its time."""

import keras

from pipeline.config.schema import LearningConfig
from pipeline.layers.recurrent import Bidirectional, Recurrent
from pipeline.model.encoder import all_layers

MIN_STEPS_PER_SHAPE = 300  # with fewer, XLA takes longer to compile for a shape of batch than it then saves


def worth_compiling(steps: int, shapes: int) -> bool:
    """Return whether XLA saves more time in so many steps, on batches of so many shapes, than it takes to compile."""
    return steps >= MIN_STEPS_PER_SHAPE * shapes


def make_optimizer(config: LearningConfig, steps: int) -> keras.optimizers.Optimizer:
    """Make Adam, with a learning rate that falls to zero, in a straight line, over so many steps."""
    decay = keras.optimizers.schedules.PolynomialDecay(config.learning_rate, steps, end_learning_rate=0.0)
    return keras.optimizers.Adam(decay, global_clipnorm=config.clip_norm)


def compile_loops(model: keras.Model, compiled: bool = True) -> None:
    """Have XLA compile the loops of all recurrent layers, once for each shape of batch; or no longer."""
    for layer in all_layers(model):
        if isinstance(layer, Bidirectional):
            layer.set_on_both(compiled=compiled)
        elif isinstance(layer, Recurrent):
            layer.compiled = compiled
