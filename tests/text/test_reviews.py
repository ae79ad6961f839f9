"""What is written is what is read."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.reviews import read_reviews, write_reviews


@given(st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from([-1, 0, 1]))))
def test_any_text_is_read_as_written(tmp_path_factory, reviews: list[tuple[str, int]]) -> None:
    folder: Path = tmp_path_factory.mktemp("reviews")
    write_reviews(folder / "train.parquet", reviews)
    read = read_reviews(folder, "train")
    assert list(zip(read.texts, read.labels.tolist(), strict=True)) == reviews
    assert len(read) == len(reviews)
