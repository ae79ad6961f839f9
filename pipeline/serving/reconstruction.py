"""Reconstruct texts with the sequence autoencoder that pretrain fitted (Dai & Le 2015)."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from pipeline.config.schema import PretrainConfig
from pipeline.model.pretrained import load_pretrained
from pipeline.objectives.seq2seq import Seq2Seq
from pipeline.text.batching import encode, pad
from pipeline.text.tokenizer import Tokenizer


class Generation(NamedTuple):
    text: str
    log_probability: float


class Reconstructor(NamedTuple):
    """Writes texts out again, from what a model keeps of the last `max_length` pieces of each."""

    model: Seq2Seq
    tokenizer: Tokenizer
    max_length: int

    def reconstruct(self, texts: list[str], beams: int) -> list[Generation]:
        """The likeliest of `beams` texts that are kept side by side, for each text; 1 is greedy."""
        ids = pad(encode(self.tokenizer, texts, self.max_length))
        generated, scores = self.model.generate(ids, beams, limit=2 * ids.shape[1])
        return [
            Generation(text, float(score)) for text, score in zip(self.tokenizer.decode(generated), scores, strict=True)
        ]


def load_reconstructor(config: PretrainConfig, tokenizer: Tokenizer, pretrain: Path) -> Reconstructor:
    """What `pretrain` wrote to a folder with this configuration, of objective seq2seq."""
    assert config.network, "an objective is learnt for a network"
    vocabulary = len(tokenizer.vocabulary)
    model = Seq2Seq(config.network, np.full(vocabulary, 1 / vocabulary), dropout=0)
    model.predict_pieces(tf.zeros((1, 1), tf.int32))  # makes its weights
    load_pretrained(model, pretrain)
    return Reconstructor(model, tokenizer, config.max_length)
