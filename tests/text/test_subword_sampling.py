"""A split piece spells the same text with other pieces."""

from pathlib import Path

from pipeline.text.subword_sampling import best_splits


def test_every_split_spells_its_piece(tokenize_folder: Path) -> None:
    rows = [row.split("\t") for row in (tokenize_folder / "pieces.tsv").read_text("utf-8").split("\n")[:-1]]
    vocabulary, scores = [row[1] for row in rows], [float(row[2]) for row in rows]
    splits = best_splits(vocabulary, scores)
    assert ["".join(vocabulary[i] for i in split) for split in splits] == vocabulary
    assert all(split == [i] or i not in split for i, split in enumerate(splits))
    assert sum(len(split) > 1 for split in splits) > 100


def test_bytes_and_symbols_stay_whole() -> None:
    assert best_splits(["<0x41>", "<", "0", "x", "4", "1", ">"], [-1.0] * 7)[0] == [0]
