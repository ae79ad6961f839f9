"""Keys that had another name before version 1.0.0: whoever still writes an old one is told the new one."""

from pipeline.support.errors import UserError

RENAMED = {
    "ingest.dev_share": "ingest.dev_fraction",
    "tokenize.pieces": "tokenize.vocab_size",
    "pretrain.longest": "pretrain.max_length",
    "pretrain.batch_pieces": "pretrain.max_tokens_per_batch",
    "train.longest": "train.max_length",
    "train.batch_pieces": "train.max_tokens_per_batch",
    "train.adversarial": "train.adversarial_epsilon",
    "evaluate.phrases.least_count": "evaluate.phrases.min_count",
    "evaluate.phrases.least_feeling": "evaluate.phrases.min_polarity",
    "evaluate.frames": "evaluate.templates",
}


def refuse_old_keys(origins: dict[str, str]) -> None:
    """Refuse a configuration that sets a key by its old name.

    Args:
        origins: the file, or SET, that sets each key.

    Raises:
        UserError: naming the file, the old key and the new one.
    """
    for old, new in RENAMED.items():
        if old in origins:
            raise UserError(f"{origins[old]}: {old}: renamed; write {new}")
