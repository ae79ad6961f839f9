"""A split piece spells the same text with other pieces."""

from pathlib import Path

from pipeline.text.subword_sampling import best_splits
from pipeline.text.vocabulary import read_vocabulary


def test_every_split_spells_its_piece(tokenize_folder: Path) -> None:
    vocabulary, scores = read_vocabulary(tokenize_folder / "pieces.tsv")
    splits = best_splits(vocabulary, scores)
    assert ["".join(vocabulary[i] for i in split) for split in splits] == vocabulary
    assert all(split == [i] or i not in split for i, split in enumerate(splits))
    assert sum(len(split) > 1 for split in splits) > 100


def test_bytes_and_symbols_stay_whole() -> None:
    characters = sorted(set("<0x41pad>"))
    for piece in ("<0x41>", "<pad>"):
        assert best_splits([piece, *characters], [-1.0] * (1 + len(characters)))[0] == [0]


def test_what_merely_looks_like_a_symbol_is_split() -> None:
    assert best_splits(["<3>", "<", "3", ">"], [-1.0] * 4)[0] == [1, 2, 3]
