"""What writes texts out again, beside the exported model that was taught by doing so (Dai & Le 2015)."""

from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from pipeline.artifact.manifest import read_manifest
from pipeline.config.schema import PretrainConfig
from pipeline.support.errors import UserError
from pipeline.support.silenced_stderr import silenced_stderr

Rewriter = Callable[[list[str]], list[tuple[str, ...]]]


def load_rewriter(tokenize: Path, pretrain: Path, train: Path, export: Path) -> Rewriter | None:
    """What writes texts out again, greedily and by beam search, if the model that is exported has learnt that first."""
    try:
        pieces, learnt, trained, exported = map(read_manifest, (tokenize, pretrain, train, export))
        config = PretrainConfig.model_validate(learnt.config)
    except (UserError, ValidationError):  # what is exported may stand alone, or be older than pretrain as it is now
        return None
    line = [(pieces, learnt, "tokenize"), (learnt, trained, "pretrain"), (trained, exported, "train")]
    of_one_line = all(made.inputs.get(name) == read.digest for read, made, name in line)
    if not of_one_line or config.objective != "seq2seq":
        return None
    with silenced_stderr():
        from pipeline.objectives.seq2seq import BEAMS
        from pipeline.serving.reconstruction import load_reconstructor
        from pipeline.text.tokenizer import Tokenizer

        reconstructor = load_reconstructor(config, Tokenizer(tokenize), pretrain)

    def rewrite(texts: list[str]) -> list[tuple[str, ...]]:
        by_beams = [reconstructor.reconstruct(texts, beams) for beams in (1, BEAMS)]
        return [tuple(written.text for written in one) for one in zip(*by_beams, strict=True)]

    return rewrite
