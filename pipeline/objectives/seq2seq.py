"""The sequence autoencoder (Dai & Le 2015): an encoder reads a review into its final state, and a decoder, which is
given that state and nothing else of the review, writes it out again.

    s = encoder(w_1 ... w_n)                         final state
    h_0 = s,  h_t = decoder(e(w_{t-1}), h_{t-1})     w_0 and w_{n+1} are the text's ends
    log p(w_1 ... w_{n+1} | s) = sum_t log p(w_t | h_t)

In training the decoder is given the piece that stands before, whatever it would have written itself (teacher forcing,
Williams & Zipser 1989). When it writes alone, it is given what it wrote: the likeliest piece each time (greedy), or
the likeliest few texts so far are kept side by side (beam search, as in Sutskever et al. 2014).
"""

import keras
import numpy as np
import tensorflow as tf

from pipeline.cells import make_cell
from pipeline.config.schema import NetworkConfig
from pipeline.layers.recurrent import Recurrent
from pipeline.objectives.objective import Objective
from pipeline.objectives.tied_softmax import NEG_INF, Predictions, TiedSoftmax
from pipeline.text.batching import pad
from pipeline.text.vocabulary import PADDING

BEAMS = 4  # texts side by side, where a few are wanted
GENERATED_REVIEWS = 256  # reviews of dev that are written out again after each epoch
States = list[list[tf.Tensor]]  # of each layer, each [rows, units]


class Seq2Seq(Objective):
    """The classifier's layers as encoder, and a decoder of as many layers of the same cell.

    Each layer of the decoder starts from the final states of the encoder's layer at its depth; where that reads both
    ways, from a linear map of its two.
    """

    def __init__(self, network: NetworkConfig, unigram_probabilities: np.ndarray, dropout: float) -> None:
        super().__init__(network, unigram_probabilities, dropout, return_state=True)
        self.decoder = [_decoding_layer(network, depth) for depth in range(len(network.units))]
        self.bridges = {
            layer.name: [keras.layers.Dense(layer.cell.units, name=f"{layer.name}_{s}") for s in layer.cell.states]
            for layer in self.decoder
            if network.bidirectional
        }
        self.softmaxes = {
            "decoder": TiedSoftmax(unigram_probabilities, network.units[-1], network.embedding, name="decoder")
        }

    def predict_pieces(self, ids: tf.Tensor, training: bool = False) -> dict[str, Predictions]:
        """What the decoder says of each piece of what the encoder has read: ids [batch, time] int32."""
        mask = ids != PADDING
        ids = tf.pad(ids, [[0, 0], [1, 1]], constant_values=PADDING)  # it stands for the text's ends too
        vectors = self.embedding(ids)
        states = self.encode(vectors[:, 1:-1], mask, training)
        mask = tf.concat([mask[:, :1], mask], axis=1)  # a piece more is predicted than read: the end
        outputs, _ = self.decode(vectors[:, :-1], states, mask, training)
        return {"decoder": Predictions(self.softmaxes["decoder"], outputs, ids[:, 1:], vectors[:, 1:], mask)}

    def encode(self, vectors: tf.Tensor, mask: tf.Tensor, training: bool = False) -> States:
        """Vectors of pieces [batch, time, embedding], mask [batch, time] -> the states that the decoder starts from."""
        outputs, final = vectors, []
        for layer, decoding in zip(self.stack, self.decoder, strict=True):
            outputs, *states = layer(self.dropout(outputs, training=training), mask=mask, training=training)
            if bridges := self.bridges.get(decoding.name):
                both = zip(states[: len(bridges)], states[len(bridges) :], strict=True)
                states = [bridge(tf.concat(pair, -1)) for bridge, pair in zip(bridges, both, strict=True)]
            final.append(states)
        return final

    def decode(
        self, vectors: tf.Tensor, states: States, mask: tf.Tensor | None = None, training: bool = False
    ) -> tuple[tf.Tensor, States]:
        """Vectors of the pieces before [rows, time, embedding] -> outputs [rows, time, units], states after the last.

        Args:
            states: before the first.
            mask: [rows, time].
        """
        outputs, last = self.dropout(vectors, training=training), []
        for layer, start in zip(self.decoder, states, strict=True):
            outputs, *after = layer(outputs, initial_state=start, mask=mask, training=training)
            outputs = self.dropout(outputs, training=training)
            last.append(after)
        return outputs, last

    def generate(self, ids: tf.Tensor, beams: int, limit: int) -> tuple[np.ndarray, np.ndarray]:
        """Read texts, and write each out again with no more than its final states to go by.

        Args:
            ids: [texts, time] int32.
            beams: how many texts are kept side by side, of each the likeliest; 1 is greedy.
            limit: the most pieces that are written.

        Returns:
            The likeliest that was found for each, ids [texts, at most limit] int32, after its end `PADDING`; and the
            logarithm of its probability [texts].
        """
        vectors = self.embedding(tf.range(self.vocabulary))
        texts = len(ids)
        states = self.encode(self.embedding(ids), ids != PADDING)
        states = [[tf.repeat(state, beams, axis=0) for state in layer] for layer in states]
        # All beams start alike: the first alone goes on, or they would stay alike.
        scores = tf.tile(tf.constant([[0.0] + [NEG_INF] * (beams - 1)]), (texts, 1))
        generated = tf.fill((texts, beams, 1), PADDING)
        ended = tf.fill((texts, beams), False)
        nothing_more = tf.one_hot(PADDING, self.vocabulary, on_value=0.0, off_value=NEG_INF)
        for _ in range(limit):
            log_p, states = self.step(tf.reshape(generated[:, :, -1], [-1]), states, vectors)
            log_p = tf.where(ended[:, :, None], nothing_more, tf.reshape(log_p, (texts, beams, self.vocabulary)))
            scores, best = tf.math.top_k(tf.reshape(scores[:, :, None] + log_p, (texts, -1)), beams)
            parents, pieces = best // self.vocabulary, best % self.vocabulary
            rows = tf.reshape(parents + beams * tf.range(texts)[:, None], [-1])
            states = [[tf.gather(state, rows) for state in layer] for layer in states]
            generated = tf.concat([tf.gather(generated, parents, batch_dims=1), pieces[:, :, None]], axis=2)
            ended = pieces == PADDING
            if tf.reduce_all(ended):
                break
        return generated[:, 0, 1:].numpy(), scores[:, 0].numpy()

    @tf.function(reduce_retracing=True, autograph=False)
    def step(self, pieces: tf.Tensor, states: States, vectors: tf.Tensor) -> tuple[tf.Tensor, States]:
        """One piece on.

        Args:
            pieces: those written last, `PADDING` before the first [rows] int32.
            vectors: of all pieces [vocabulary, embedding].

        Returns:
            The logarithm of the probability of each piece to come next [rows, vocabulary], and the states after.
        """
        outputs, states = self.decode(self.embedding(pieces)[:, None], states)
        return self.softmaxes["decoder"].log_probabilities(outputs[:, 0], vectors), states

    def measure(self, ids: tf.RaggedTensor) -> dict[str, float]:
        """The share of the pieces of dev's first reviews that stand in their places again, written greedily."""
        read = pad(ids[:GENERATED_REVIEWS]).numpy()
        generated, _ = self.generate(tf.constant(read), beams=1, limit=read.shape[1])
        right = (generated == read[:, : generated.shape[1]]) & (generated != PADDING)
        return {"dev_greedy_accuracy": float(right.sum() / (read != PADDING).sum())}


def _decoding_layer(network: NetworkConfig, depth: int) -> Recurrent:
    cell = make_cell(network.cell, network.units[depth], network.cell_options)
    return Recurrent(cell, return_sequences=True, return_state=True, name=f"decoder_{depth}")
