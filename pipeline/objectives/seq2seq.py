"""The sequence autoencoder (Dai & Le 2015).

An encoder reads a review into its final state, and a decoder that starts from this state generates the review again.

    s = encoder(w_1 ... w_n)                         final state
    h_0 = s,  h_t = decoder(e(w_{t-1}), h_{t-1})     w_0 and w_{n+1} are the text's ends
    log p(w_1 ... w_{n+1} | s) = sum_t log p(w_t | h_t)

In training the decoder gets the right previous piece (teacher forcing, Williams & Zipser 1989). When it generates, it
gets the piece that it generated itself: the likeliest at each step (greedy), or it keeps the likeliest few texts so far
(beam search, as in Sutskever et al. 2014).
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

BEAMS = 4  # the width of the beam search that users are shown
GENERATED_REVIEWS = 256  # reviews of dev that are generated after each epoch, for `dev_greedy_accuracy`
States = list[list[tf.Tensor]]  # of each layer, each [rows, units]


class Seq2Seq(Objective):
    """Use the classifier's layers as encoder, and as many layers of the same cell as decoder.

    Each decoder layer starts from the final states of the encoder layer at its depth; where that is bidirectional, from
    a linear map of both directions' states.
    """

    def __init__(self, network: NetworkConfig, unigram_probabilities: np.ndarray, dropout: float) -> None:
        super().__init__(network, unigram_probabilities, dropout, return_state=True)
        self.decoder = [_decoder_layer(network, depth) for depth in range(len(network.units))]
        self.bridges = {
            layer.name: [keras.layers.Dense(layer.cell.units, name=f"{layer.name}_{s}") for s in layer.cell.states]
            for layer in self.decoder
            if network.bidirectional
        }
        self.softmaxes = {
            "decoder": TiedSoftmax(unigram_probabilities, network.units[-1], network.embedding, name="decoder")
        }

    def predict_pieces(self, ids: tf.Tensor, training: bool = False) -> dict[str, Predictions]:
        """Return the decoder's states under teacher forcing, and all pieces as targets: ids [batch, time] int32."""
        mask = ids != PADDING
        ids = tf.pad(ids, [[0, 0], [1, 1]], constant_values=PADDING)  # padding also stands for the text's ends
        embeddings = self.embedding(ids)
        states = self.encode(embeddings[:, 1:-1], mask, training)
        mask = tf.concat([mask[:, :1], mask], axis=1)  # one target more than pieces: the text's end
        outputs, _ = self.decode(embeddings[:, :-1], states, mask, training)
        return {"decoder": Predictions(self.softmaxes["decoder"], outputs, ids[:, 1:], embeddings[:, 1:], mask)}

    def encode(self, embeddings: tf.Tensor, mask: tf.Tensor, training: bool = False) -> States:
        """Return the initial states of the decoder: embeddings [batch, time, width], mask [batch, time]."""
        outputs, initial_states = embeddings, []
        for layer, decoder_layer in zip(self.stack, self.decoder, strict=True):
            outputs, *states = layer(self.dropout(outputs, training=training), mask=mask, training=training)
            if bridges := self.bridges.get(decoder_layer.name):
                directions = zip(states[: len(bridges)], states[len(bridges) :], strict=True)
                states = [bridge(tf.concat(pair, -1)) for bridge, pair in zip(bridges, directions, strict=True)]
            initial_states.append(states)
        return initial_states

    def decode(
        self, embeddings: tf.Tensor, states: States, mask: tf.Tensor | None = None, training: bool = False
    ) -> tuple[tf.Tensor, States]:
        """Run the decoder over the previous pieces.

        Args:
            embeddings: of the piece before each step [rows, time, width].
            states: before the first step.
            mask: [rows, time].

        Returns:
            Outputs [rows, time, units], and the states after the last step.
        """
        outputs, final_states = self.dropout(embeddings, training=training), []
        for layer, initial in zip(self.decoder, states, strict=True):
            outputs, *final = layer(outputs, initial_state=initial, mask=mask, training=training)
            outputs = self.dropout(outputs, training=training)
            final_states.append(final)
        return outputs, final_states

    def generate(self, ids: tf.Tensor, beams: int, limit: int) -> tuple[np.ndarray, np.ndarray]:
        """Encode texts, and generate each again from its final states alone, by beam search.

        Args:
            ids: [texts, time] int32.
            beams: hypotheses that are kept for each text; 1 is greedy search.
            limit: maximum number of generated pieces.

        Returns:
            For each text the likeliest hypothesis, ids [texts, at most limit] int32, `PADDING` after its end; and the
            logarithm of its probability [texts].
        """
        embeddings = self.embedding(tf.range(self.vocabulary))
        texts = len(ids)
        states = self.encode(self.embedding(ids), ids != PADDING)
        states = [[tf.repeat(state, beams, axis=0) for state in layer] for layer in states]
        # All hypotheses start equal and would stay equal, so the first step extends the first one only.
        scores = tf.tile(tf.constant([[0.0] + [NEG_INF] * (beams - 1)]), (texts, 1))
        generated = tf.fill((texts, beams, 1), PADDING)
        ended = tf.fill((texts, beams), False)
        only_padding = tf.one_hot(PADDING, self.vocabulary, on_value=0.0, off_value=NEG_INF)
        for _ in range(limit):
            log_p, states = self.step(tf.reshape(generated[:, :, -1], [-1]), states, embeddings)
            log_p = tf.where(ended[:, :, None], only_padding, tf.reshape(log_p, (texts, beams, self.vocabulary)))
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
    def step(self, pieces: tf.Tensor, states: States, embeddings: tf.Tensor) -> tuple[tf.Tensor, States]:
        """Run the decoder for one step.

        Args:
            pieces: the last generated ones, `PADDING` at the start [rows] int32.
            embeddings: of all pieces [vocabulary, width].

        Returns:
            log p of each piece to come next [rows, vocabulary], and the states after the step.
        """
        outputs, states = self.decode(self.embedding(pieces)[:, None], states)
        return self.softmaxes["decoder"].log_probabilities(outputs[:, 0], embeddings), states

    def extra_metrics(self, ids: tf.RaggedTensor) -> dict[str, float]:
        """Return the fraction of pieces of dev's first reviews that greedy search generates at the same position."""
        originals = pad(ids[:GENERATED_REVIEWS]).numpy()
        generated, _ = self.generate(tf.constant(originals), beams=1, limit=originals.shape[1])
        correct = (generated == originals[:, : generated.shape[1]]) & (generated != PADDING)
        return {"dev_greedy_accuracy": float(correct.sum() / (originals != PADDING).sum())}


def _decoder_layer(network: NetworkConfig, depth: int) -> Recurrent:
    cell = make_cell(network.cell, network.units[depth], network.cell_options)
    return Recurrent(cell, return_sequences=True, return_state=True, name=f"decoder_{depth}")
