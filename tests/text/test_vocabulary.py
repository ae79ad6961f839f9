"""What is known of SentencePiece's conventions is what SentencePiece does."""

from pathlib import Path

import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.vocabulary import (
    NORMALIZATION,
    PADDING,
    UNKNOWN,
    WORD_START,
    is_byte,
    is_control,
    read_vocabulary,
    write_vocabulary,
)


def test_it_says_of_each_piece_what_sentencepiece_says(tokenize_folder: Path) -> None:
    processor = sentencepiece.SentencePieceProcessor(model_file=str(tokenize_folder / "pieces.model"))
    pieces = read_vocabulary(tokenize_folder / "pieces.tsv").pieces
    assert pieces == [processor.id_to_piece(i) for i in range(len(processor))]
    assert [is_byte(piece) for piece in pieces] == [processor.is_byte(i) for i in range(len(pieces))]
    assert sum(map(is_byte, pieces)) == 256
    reserved = [processor.is_control(i) or processor.is_unknown(i) for i in range(len(pieces))]
    assert [is_control(piece) for piece in pieces] == reserved
    assert [i for i, piece in enumerate(pieces) if is_control(piece)] == [PADDING, UNKNOWN]


def test_a_word_starts_at_its_mark_and_normalization_is_as_named(tokenize_folder: Path) -> None:
    processor = sentencepiece.SentencePieceProcessor(model_file=str(tokenize_folder / "pieces.model"))
    text = " 결말이\u200bﾏ  별로 "
    normalized = f"{WORD_START}결말이{WORD_START}マ{WORD_START}별로"
    assert processor.normalize(text) == normalized
    assert sentencepiece.SentencePieceNormalizer(rule_name=NORMALIZATION).normalize(text) == normalized
    spelt = "".join(processor.encode(text, out_type=str))
    assert spelt == normalized.replace("マ", "".join(f"<0x{byte:02X}>" for byte in "マ".encode()))


@given(st.dictionaries(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1), st.floats(-50, 0)))
def test_what_is_written_is_read(tmp_path_factory, vocabulary: dict[str, float]) -> None:
    path: Path = tmp_path_factory.mktemp("vocabulary") / "pieces.tsv"
    write_vocabulary(path, vocabulary.items())
    read = read_vocabulary(path)
    assert read.pieces == list(vocabulary)
    assert read.scores == [float(f"{score:.6g}") for score in vocabulary.values()]
