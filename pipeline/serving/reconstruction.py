"""Reconstruct texts with the sequence autoencoder that pretrain fitted (Dai & Le 2015).

TensorFlow is imported only where a model is loaded, so that `predict` starts fast without one.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from pipeline.artifact.manifest import read_manifest, verify
from pipeline.config.schema import PretrainConfig
from pipeline.support.errors import UserError
from pipeline.support.silenced_stderr import silenced_stderr

if TYPE_CHECKING:
    from pipeline.objectives.seq2seq import Seq2Seq
    from pipeline.text.tokenizer import Tokenizer

Reconstruct = Callable[[list[str]], list[tuple[str, str]]]  # of each text: by greedy search, and by beam search


class Generation(NamedTuple):
    """A generated text, and the logarithm of its probability."""

    text: str
    log_probability: float


class Reconstructor(NamedTuple):
    """Encode the last `max_length` pieces of a text, and generate the text from the final states alone."""

    model: "Seq2Seq"
    tokenizer: "Tokenizer"
    max_length: int

    def reconstruct(self, texts: list[str], beams: int) -> list[Generation]:
        """Return the likeliest text that a search with `beams` hypotheses finds, for each text; 1 is greedy search."""
        from pipeline.text.batching import encode, pad

        ids = pad(encode(self.tokenizer, texts, self.max_length))
        generated, scores = self.model.generate(ids, beams, limit=2 * ids.shape[1])
        decoded = self.tokenizer.decode(generated)
        return [Generation(text, float(score)) for text, score in zip(decoded, scores, strict=True)]


def load_reconstructor(config: PretrainConfig, tokenizer: "Tokenizer", pretrain: Path) -> Reconstructor:
    """Load what `pretrain` wrote to a folder with this configuration; its objective must be seq2seq."""
    import numpy as np

    from pipeline.model.pretrained import load_pretrained
    from pipeline.objectives.fitting import build_objective
    from pipeline.objectives.seq2seq import Seq2Seq

    vocabulary = len(tokenizer.vocabulary)
    model = build_objective(config, np.full(vocabulary, 1 / vocabulary))
    assert isinstance(model, Seq2Seq), "only an autoencoder generates texts"
    load_pretrained(model, pretrain)
    return Reconstructor(model, tokenizer, config.max_length)


def load_exported_reconstructor(tokenize: Path, pretrain: Path, train: Path, export: Path) -> Reconstruct | None:
    """Return a function that reconstructs texts with the autoencoder that the exported model was trained from.

    Returns:
        None if the objective was not seq2seq, or if a folder no longer holds what the next one was made from.

    Raises:
        UserError: naming a file of `tokenize` or `pretrain` that is not as it was sealed.
    """
    try:
        tokenized, pretrained, trained, exported = map(read_manifest, (tokenize, pretrain, train, export))
        config = PretrainConfig.model_validate(pretrained.config)
    except (UserError, ValidationError):  # only the export is left, or pretrain was run by an earlier version
        return None
    links = [(tokenized, pretrained), (pretrained, trained), (trained, exported)]
    is_unbroken = all(made.inputs.get(source.stage) == source.digest for source, made in links)
    if not is_unbroken or config.objective != "seq2seq":
        return None
    for folder in (tokenize, pretrain):
        verify(folder)  # before anything parses them
    with silenced_stderr():
        from pipeline.objectives.seq2seq import BEAMS
        from pipeline.text.tokenizer import Tokenizer

        reconstructor = load_reconstructor(config, Tokenizer(tokenize), pretrain)

    def reconstruct(texts: list[str]) -> list[tuple[str, str]]:
        greedy, beam = (reconstructor.reconstruct(texts, beams) for beams in (1, BEAMS))
        return [(one.text, other.text) for one, other in zip(greedy, beam, strict=True)]

    return reconstruct
