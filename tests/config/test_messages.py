"""Every bad value gives one line that names where it stands, the key, and what is allowed."""

from pathlib import Path

import pytest

from pipeline.config.overlays import load_config
from pipeline.support.errors import UserError


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        ("train.epoch=3", "SET: train.epoch: unknown key; allowed here: cell, cell_options, embedding,"),
        ("trian.epochs=3", "SET: trian: unknown key; allowed here: ingest, tokenize,"),
        ("train.epochs=0", "SET: train.epochs: 0: input should be greater than or equal to 1"),
        ("train.epochs=three", "SET: train.epochs: 'three': input should be a valid integer"),
        ("train.learning_rate=1e-3", "(YAML reads this as a string: write 0.001 or 1.0e-3)"),
        ("train.clip_norm=.inf", "SET: train.clip_norm: inf: input should be a finite number"),
        ("evaluate.length_buckets=[80,5]", "SET: evaluate.length_buckets: [80, 5]: value error, must ascend"),
        ("train.pooling=[sum]", "SET: train.pooling.0: 'sum': input should be 'last', 'mean', 'max' or 'attention'"),
        ("pretrain.objective=words", "SET: pretrain.objective: 'words': input should be 'none', 'language_model' or"),
        ("pretrain.network.units=9", "SET: pretrain.network: it is that of train; set it there"),
        ("pretrain.objective=seq2seq train.units=[0]", "SET: train.units.0: 0: input should be greater than or"),
        ("pretrain.objective=language_model train.units=9", "SET: train.units: 9: input should be a valid list"),
        ("pretrain.objective=language_model train.units=[]", "SET: train.units: []: list should have at least 1 item"),
        ("evaluate.baseline.word_ngrams=-1", "SET: evaluate.baseline.word_ngrams: -1"),
        ("epochs=3", "SET: epochs=3: write section.key=value"),
        ("train.epochs", "SET: train.epochs: write section.key=value"),
        (
            "train.ngrams={}",
            "SET: train.ngrams.characters: no value; train.ngrams was emptied or replaced, so give all of it",
        ),
        ("train.cell_options.activation=[1]", "SET: train.cell_options.activation: [1]: input should be a valid bool"),
        ("train.cell_options.Bad=1", "string should match pattern '^[a-z][a-z0-9_]*$'"),
        ("explain.text='open", "SET: explain.text='open: No closing quotation"),
    ],
)
def test_bad_override(overrides: str, line: str) -> None:
    with pytest.raises(UserError) as error:
        load_config("maekrak", "lstm", overrides)
    assert line in str(error.value)
    assert "\n" not in str(error.value)


def test_a_section_that_may_be_null_has_keys_too() -> None:
    with pytest.raises(UserError, match=r"SET: train.ngrams.foo: unknown key; allowed here: characters, words,"):
        load_config("nsmc", "lstm", "train.ngrams.foo=1")


def test_a_bad_value_is_blamed_on_the_file_it_stands_in(configs: Path) -> None:
    (configs / "data" / "maekrak.yaml").write_text("ingest: {dataset: maekrak, dev_fraction: 0.9}", "utf-8")
    with pytest.raises(UserError, match=r"data/maekrak.yaml: ingest.dev_fraction: 0.9: input should be less than 0.5"):
        load_config("maekrak", "lstm", folder=configs)


def test_a_missing_value_is_named(configs: Path) -> None:
    (configs / "cell" / "lstm.yaml").write_text("", "utf-8")
    with pytest.raises(UserError, match=r"train.cell: no value; give it one in configs/base.yaml, or in the overlay"):
        load_config("maekrak", "lstm", folder=configs)
