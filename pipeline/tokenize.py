"""tokenize: learn the pieces (SentencePiece units) from the train split, and nothing else."""

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.config.schema import TokenizeConfig
from pipeline.support.errors import UserError
from pipeline.support.silenced_stderr import silenced_stderr
from pipeline.support.spawned_process import spawned_process
from pipeline.text.reviews import read_reviews
from pipeline.text.vocabulary import NORMALIZATION, PADDING, UNKNOWN, is_byte, write_vocabulary


def tokenize(config: TokenizeConfig, ingest: Path, out: Path) -> dict[str, float]:
    """Write `pieces.model` (SentencePiece), `pieces.tsv` (id, piece, log probability) and `report.json`.

    Returns:
        `dev_pieces_p50`, `_p90` and `_p99`: percentiles of the pieces per review of dev; and `dev_coverage`: the
        fraction of dev's pieces that are not single bytes.
    """
    # Training it after TensorFlow was imported can crash, hence a fresh process.
    with spawned_process() as fresh:
        fresh.submit(train_pieces, config, ingest, out).result()

    with silenced_stderr():
        from pipeline.text.tokenizer import Tokenizer  # and with it TensorFlow

    tokenizer = Tokenizer(out)
    if (learnt := len(tokenizer.vocabulary)) < config.vocab_size:
        print(
            f"tokenize: {learnt} pieces are all that train holds; tokenize.vocab_size is {config.vocab_size}",
            flush=True,
        )
    dev = tokenizer.encode(read_reviews(ingest, "dev").texts)
    lengths = dev.row_lengths().numpy()
    p50, p90, p99 = np.percentile(lengths, [50, 90, 99]).tolist()
    bytes_by_id = np.array([is_byte(piece) for piece in tokenizer.vocabulary])
    metrics = {
        "dev_pieces_p50": p50,
        "dev_pieces_p90": p90,
        "dev_pieces_p99": p99,
        "dev_coverage": 1 - float(bytes_by_id[dev.flat_values.numpy()].mean()),
    }
    phrases = {phrase: tokenizer.split(phrase) for phrase in config.phrases}
    report = {"pieces": len(tokenizer.vocabulary), **metrics, "phrases": phrases}
    (out / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return metrics


def train_pieces(config: TokenizeConfig, ingest: Path, out: Path) -> None:
    """Train the unigram model on the train split. It is deterministic: one thread count, no sampling of sentences.

    A train split that holds fewer than `vocab_size` pieces gives as many as it holds.

    Raises:
        UserError: if there are more characters in the train split than pieces.
    """
    import sentencepiece

    texts = read_reviews(ingest, "train").texts
    try:
        model = _fit_pieces(config, texts, fill_vocabulary=True)
    except RuntimeError as error:
        if "Vocabulary size too high" not in str(error):
            raise _explained(config, error) from None
        # The flag stands in the model's bytes, so that it is set for small corpora alone.
        model = _fit_pieces(config, texts, fill_vocabulary=False)
    (out / "pieces.model").write_bytes(model)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    pieces = ((processor.id_to_piece(i), processor.get_score(i)) for i in range(len(processor)))
    write_vocabulary(out / "pieces.tsv", pieces)


def _fit_pieces(config: TokenizeConfig, texts: list[str], fill_vocabulary: bool) -> bytes:
    """Return the model as bytes; `vocab_size` is its exact size, or the highest that it may have.

    Raises:
        RuntimeError: as SentencePiece does.
    """
    import sentencepiece

    model = io.BytesIO()  # given a file's name, it would write that name into the model
    soft: dict[str, Any] = {} if fill_vocabulary else {"hard_vocab_limit": False}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        model_type="unigram",
        normalization_rule_name=NORMALIZATION,  # of what is encoded too: the model holds it
        vocab_size=config.vocab_size,
        character_coverage=config.character_coverage,
        byte_fallback=True,
        pad_id=PADDING,
        unk_id=UNKNOWN,
        bos_id=-1,
        eos_id=-1,
        num_threads=2,
        max_sentence_length=1 << 20,
        minloglevel=2,
        **soft,
    )
    return model.getvalue()


def _explained(config: TokenizeConfig, error: RuntimeError) -> UserError:
    """Return the error of SentencePiece in the words of the configuration."""
    needed = re.search(r"smaller than required_chars\. \d+ vs (\d+)", str(error))
    if needed:
        return UserError(
            f"tokenize.vocab_size: {config.vocab_size} pieces are too few for the characters of train; allowed: "
            f"{needed[1]} or more, or a tokenize.character_coverage below {config.character_coverage}"
        )
    reason = str(error).rsplit("] ", 1)[-1].strip()
    return UserError(f"tokenize: {config.vocab_size} pieces can't be learned from train: {reason}")
