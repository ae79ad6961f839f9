"""The classifier around recurrent layers: pieces -> embedding -> recurrent layers -> pooling of each -> one logit."""

import keras
import numpy as np
import tensorflow as tf
from sklearn.linear_model import LogisticRegression

from pipeline.config.schema import TrainConfig
from pipeline.layers.pooling import Pooling
from pipeline.model.encoder import embedding, recurrent
from pipeline.model.inference import predict_logits
from pipeline.model.ngrams import NGrams
from pipeline.text.vocabulary import PADDING


def build_classifier(config: TrainConfig, vocab_size: int) -> keras.Model:
    """Build an untrained classifier: ids [batch, time] int32, 0 for padding -> logit of positive [batch, 1].

    It has two layers: "embedding" and, a model by itself, "logits_from_embeddings". Adversarial training and
    attribution call that model on embeddings of their own.
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    embeddings = embedding(config, vocab_size)(ids)
    logits = _logits_from_embeddings(config)([embeddings, keras.ops.not_equal(ids, PADDING)])
    return keras.Model(ids, logits, name="maekrak")


def _logits_from_embeddings(config: TrainConfig) -> keras.Model:
    """Build embeddings [batch, time, embedding], mask [batch, time] bool, False for padding -> logit [batch, 1].

    All recurrent layers are pooled, not the last alone: the lower ones know other things of a text (Peters et al.
    2018), and what pretrain taught the first isn't lost on the way through a second.
    """
    embeddings = keras.Input((None, config.embedding), name="embeddings")
    mask = keras.Input((None,), dtype="bool", name="mask")
    states = keras.layers.Dropout(config.dropout, name="dropout")(embeddings)
    pooled = []
    for depth in range(len(config.units)):
        states = recurrent(config, depth, recurrent_dropout=config.recurrent_dropout)(states, mask=mask)
        states = keras.layers.Dropout(config.dropout, name=f"dropout_{depth}")(states)
        pooling = Pooling(config.pooling, config.bidirectional, config.attention_heads, name=f"pooling_{depth}")
        pooled.append(pooling(states, mask=mask))
    review = keras.layers.Concatenate(name="review")(pooled)
    logits = keras.layers.Dense(1, dtype="float32", name="logit")(review)
    return keras.Model([embeddings, mask], logits, name="logits_from_embeddings")


def stack_with_ngrams(network: keras.Model, ngrams: NGrams, ids: tf.RaggedTensor, labels: np.ndarray) -> keras.Model:
    """Stack a network and an n-gram model: a logistic regression combines their logits (Wolpert 1992).

    In the model that results, "base_logits" holds both logits [batch, 2] and "final_estimator" is the regression; the
    words are those of scikit-learn's `StackingClassifier`.

    Args:
        ids: [texts, (pieces)] of texts that neither was fitted to.
        labels: of the same [texts].
    """
    base_logits = keras.layers.Concatenate(name="base_logits")([network.output, ngrams(network.input)])
    final_estimator = keras.layers.Dense(1, trainable=False, name="final_estimator")
    model = keras.Model(network.input, final_estimator(base_logits), name="maekrak")
    features = predict_logits(keras.Model(network.input, base_logits), ids)
    regression = LogisticRegression(C=np.inf).fit(features, labels)
    final_estimator.set_weights([regression.coef_.T, regression.intercept_])
    return model
