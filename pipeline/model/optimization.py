"""The optimizer, and when XLA pays for the loops."""

import keras

from pipeline.config.schema import LearningConfig
from pipeline.layers.recurrent import Bidirectional, Recurrent

MIN_STEPS_PER_SHAPE = (
    300  # steps on batches of one shape that save the seconds which XLA takes to compile the loops for it
)


def worth_compiling(steps: int, shapes: int) -> bool:
    """Whether so many steps, on batches of so many shapes, save the time that XLA takes to compile the loops."""
    return steps >= MIN_STEPS_PER_SHAPE * shapes


def make_optimizer(config: LearningConfig, steps: int) -> keras.optimizers.Optimizer:
    """Adam, whose learning rate falls to zero over so many steps."""
    decay = keras.optimizers.schedules.PolynomialDecay(config.learning_rate, steps, end_learning_rate=0.0)
    return keras.optimizers.Adam(decay, global_clipnorm=config.clip_norm)


def compile_loops(model: keras.Model, compiled: bool = True) -> None:
    """Have XLA compile the loops of all recurrent layers, once for each shape of batch; or no longer."""
    for layer in model.layers:
        if isinstance(layer, Bidirectional):
            layer.set_on_both(compiled=compiled)
        elif isinstance(layer, Recurrent):
            layer.compiled = compiled
