"""Base, overlays and overrides make one configuration; what can't be merged is one line."""

import re
from pathlib import Path

import pytest
import yaml

from pipeline.config.names import STAGES
from pipeline.config.overlays import CONFIGS, load_config
from pipeline.config.schema import Config
from pipeline.datasets.local import own_bytes
from pipeline.support.errors import UserError

DATA = sorted(path.stem for path in (CONFIGS / "data").glob("*.yaml"))
CELLS = sorted(path.stem for path in (CONFIGS / "cell").glob("*.yaml"))
PRESETS = sorted(path.stem for path in (CONFIGS / "preset").glob("*.yaml"))


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("cell", CELLS)
def test_every_data_set_goes_with_every_cell(data: str, cell: str) -> None:
    config = load_config(data, cell)
    assert config.ingest.dataset == data
    assert config.train.cell == cell


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("preset", PRESETS)
def test_every_data_set_goes_with_every_preset(data: str, preset: str) -> None:
    assert load_config(data, "lstm", preset=preset) != load_config(data, "lstm")


def test_sections_are_the_stages() -> None:
    assert sorted(Config.model_fields) == sorted(STAGES)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*/*.yaml")), ids=lambda path: path.stem)
def test_overlays_hold_only_differences(path: Path) -> None:
    def repeated(overlay: dict, base: dict) -> list[str]:
        same = [key for key, value in overlay.items() if key in base and base[key] == value]
        inner = [repeated(v, base[k]) for k, v in overlay.items() if isinstance(v, dict) and k in base]
        return [*same, *(key for keys in inner for key in keys)]

    below = [yaml.safe_load((CONFIGS / "base.yaml").read_text("utf-8"))]
    if path.parent.name == "preset":  # it is laid over every data set, and has to differ from one
        below = [load_config(data, "lstm").model_dump() for data in DATA]
    overlay = yaml.safe_load(path.read_text("utf-8")) or {}
    assert set.intersection(*(set(repeated(overlay, values)) for values in below)) == set()


def test_an_empty_mapping_takes_the_place_of_another() -> None:
    assert load_config("maekrak", "gru").train.cell_options
    assert load_config("maekrak", "gru", "train.cell_options={}").train.cell_options == {}
    assert load_config("maekrak", "gru", "train.cell_options={} train.cell_options.a=1").train.cell_options == {"a": 1}


@pytest.mark.parametrize(
    ("network", "learnt"),
    [
        ("language_model train.bidirectional=true", [8]),  # a layer above has seen what it would have to predict
        ("language_model train.bidirectional=false", [8, 6]),
        ("seq2seq train.bidirectional=true", [8, 6]),
    ],
)
def test_pretrain_learns_what_can_be_learnt_of_a_network(network: str, learnt: list[int]) -> None:
    config = load_config("maekrak", "lstm", f"train.units=[8,6] pretrain.objective={network}")
    assert config.pretrain.network and config.pretrain.network.units == learnt


def test_override_wins_over_every_file() -> None:
    config = load_config("maekrak", "lstm", "train.epochs=9 explain.text='두 낱말'")
    assert config.train.epochs == 9
    assert config.explain.text == "두 낱말"


def test_a_preset_wins_over_data_and_cell_and_set_over_it(configs: Path) -> None:
    (configs / "cell" / "lstm.yaml").write_text("train: {cell: lstm, epochs: 7, units: [7]}", "utf-8")
    (configs / "preset" / "quick.yaml").write_text("train: {epochs: 2, dropout: 0.3}", "utf-8")
    train = load_config("maekrak", "lstm", "train.dropout=0.1", preset="quick", folder=configs).train
    assert (train.units, train.epochs, train.dropout) == ([7], 2, 0.1)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_says_its_budget_first(preset: str) -> None:
    first = (CONFIGS / "preset" / f"{preset}.yaml").read_text("utf-8").splitlines()[0]
    assert re.match(r"# \w+ (minutes|hours) on two cores", first)


def test_unknown_names_list_what_there_is() -> None:
    with pytest.raises(UserError, match=r"DATA=nope: there is no configs/data/nope.yaml; DATA is one of .*maekrak"):
        load_config("nope", "lstm")
    with pytest.raises(UserError, match=r"CELL=nope: .* CELL is one of coupled, gru, layer_norm_lstm, lstm"):
        load_config("maekrak", "nope")
    with pytest.raises(UserError, match=r"PRESET=nope: .* PRESET is one of best, quick"):
        load_config("maekrak", "lstm", preset="nope")
    with pytest.raises(UserError, match=r"CELL=lstm-quick: a cell's name holds no '-', which sets a preset's apart"):
        load_config("maekrak", "lstm-quick")


@pytest.mark.parametrize("text", ["train: [", "just words", "train: {units: 1, "])
def test_what_is_not_yaml_is_named(configs: Path, text: str) -> None:
    (configs / "cell" / "lstm.yaml").write_text(text, "utf-8")
    with pytest.raises(UserError, match=r"cell/lstm.yaml: "):
        load_config("maekrak", "lstm", folder=configs)


@pytest.mark.parametrize("overlay", ["cell/lstm.yaml", "preset/quick.yaml"])
def test_a_cell_or_preset_may_not_change_what_all_models_share(configs: Path, overlay: str) -> None:
    (configs / overlay).write_text("tokenize: {vocab_size: 700}", "utf-8")
    with pytest.raises(UserError, match=rf"{overlay}: tokenize: all models share this stage; set it in configs/data/"):
        load_config("maekrak", "lstm", preset="quick", folder=configs)


def test_own_texts_stand_above_all_and_are_checked() -> None:
    config = load_config("maekrak", "lstm", "explain.text=하나 explain.against=둘", {"TEXT": "셋"})
    assert (config.explain.text, config.explain.against) == ("셋", "둘")
    with pytest.raises(UserError, match=r"^AGAINST: explain.against: ' ': value error, must not be blank$"):
        load_config("maekrak", "lstm", texts={"AGAINST": " "})
    with pytest.raises(UserError, match=r"^TEXT: explain.text: '\\udcff': value error, must be UTF-8"):
        load_config("maekrak", "lstm", texts={"TEXT": "\udcff"})


OWN = """
ingest: {dataset: files}
train: {epochs: 5}
"""


@pytest.mark.parametrize(
    ("count", "pieces", "epochs", "batch"),
    [(40_000, 4000, 8, 512), (15_000_000, 16000, 3, 4096), (10**9, 32000, 1, 8192), (None, 16000, 3, 4096)],
)
def test_defaults_fit_the_size_of_own_reviews(
    count: int | None, pieces: int, epochs: int, batch: int, configs: Path
) -> None:
    asked: list[str] = []

    def own_bytes(dataset: str) -> int | None:
        asked.append(dataset)
        return count

    found = load_config("files", "lstm", own_bytes=own_bytes, folder=configs)
    assert (found.tokenize.vocab_size, found.train.epochs, found.train.max_tokens_per_batch) == (pieces, epochs, batch)
    (configs / "data" / "shop.yaml").write_text(OWN, "utf-8")
    of_shop = load_config("shop", "lstm", "train.max_tokens_per_batch=99", own_bytes=own_bytes, folder=configs)
    assert (of_shop.tokenize.vocab_size, of_shop.train.epochs, of_shop.train.max_tokens_per_batch) == (pieces, 5, 99)
    assert asked == ["files", "files"]


@pytest.mark.parametrize("data", ["maekrak", "nsmc", "imdb_reviews"])
def test_no_other_data_set_has_values_of_a_size(data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "reviews.csv").write_text("text,label\n", "utf-8")
    (tmp_path / "unsupervised.txt").write_text("x" * 100, "utf-8")
    monkeypatch.setenv("FILES_DIR", str(tmp_path))
    assert load_config(data, "lstm", own_bytes=own_bytes) == load_config(data, "lstm")
    assert own_bytes("files") == 11 and own_bytes(data) is None
