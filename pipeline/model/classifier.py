"""The classifier around recurrent layers: pieces -> embedding -> recurrent layers -> pooling of each -> one logit."""

import keras
import numpy as np
import tensorflow as tf
from sklearn.linear_model import LogisticRegression

from pipeline.config.schema import TrainConfig
from pipeline.layers.pooling import Pooling
from pipeline.layers.recurrent import Bidirectional, Recurrent
from pipeline.model.encoder import embedding, recurrent
from pipeline.model.inference import predict_logits
from pipeline.model.ngrams import NGrams


def build_classifier(config: TrainConfig, vocabulary: int) -> keras.Model:
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


def logits_from_embeddings(
    network: keras.Model, vectors: tf.Tensor, mask: tf.Tensor, training: bool = False
) -> tf.Tensor:
    """Compute the logits [batch, 1] of a network that `build_classifier` made from vectors in place of its embedding's.

    Shapes:
        vectors [batch, time, embedding], mask [batch, time].
    """
    layer = network.get_layer
    states = layer("dropout")(vectors, training=training)
    pooled = []
    for depth in range(sum(isinstance(one, Recurrent | Bidirectional) for one in network.layers)):
        states = layer(f"recurrent_{depth}")(states, mask=mask, training=training)
        states = layer(f"dropout_{depth}")(states, training=training)
        pooled.append(layer(f"pooling_{depth}")(states, mask=mask))
    return layer("logit")(layer("review")(pooled))


def stack_with_ngrams(network: keras.Model, ngrams: NGrams, ids: tf.RaggedTensor, labels: np.ndarray) -> keras.Model:
    """The classifier that hears both: its logit is the weighted sum of theirs that is best on texts new to both."""
    heard = keras.layers.Concatenate(name="heard")([network.output, ngrams(network.input)])
    weigh = keras.layers.Dense(1, trainable=False, name="verdict")
    model = keras.Model(network.input, weigh(heard), name="maekrak")
    both = predict_logits(keras.Model(network.input, heard), ids)
    best = LogisticRegression(C=np.inf).fit(both, labels)
    weigh.set_weights([best.coef_.T, best.intercept_])
    return model
