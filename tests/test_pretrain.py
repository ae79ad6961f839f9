"""pretrain reads no text of test, gives the same weights killed and resumed or not, and train starts from them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.artifact.files import sha256, visible_files
from pipeline.artifact.manifest import read_manifest
from pipeline.config.overlays import load_config
from pipeline.config.schema import Config, PretrainConfig
from pipeline.pretrain import pretrain
from pipeline.support.errors import UserError
from pipeline.text.reviews import read_reviews
from tests.conftest import SMALL, seal, small_reviews

OBJECTIVES = ["language_model", "seq2seq"]


def options(objective: str) -> str:
    learning = "pretrain.epochs=3 pretrain.max_tokens_per_batch=512 pretrain.negatives=64 pretrain.learning_rate=0.02"
    return f"{SMALL} {learning} train.bidirectional=true pretrain.objective={objective}"


def small_config(objective: str) -> PretrainConfig:
    return load_config("maekrak", "lstm", options(objective)).pretrain


@pytest.fixture(scope="module", params=OBJECTIVES)
def pretrained(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, ingest_folder: Path, tokenize_folder: Path
) -> tuple[PretrainConfig, Path, dict[str, float]]:
    config, out = small_config(request.param), tmp_path_factory.mktemp(request.param)
    return config, out, pretrain(config, ingest_folder, tokenize_folder, out)


def test_loss_and_perplexity_fall(pretrained: tuple[PretrainConfig, Path, dict[str, float]]) -> None:
    _, out, metrics = pretrained
    curves = json.loads((out / "curves.json").read_text("utf-8"))
    assert {path.name for path in visible_files(out)} == {"curves.json", "pretrained.npz"}
    assert curves["log_loss"] == sorted(curves["log_loss"], reverse=True)
    assert curves["dev_perplexity"] == sorted(curves["dev_perplexity"], reverse=True)
    assert metrics["dev_perplexity"] == curves["dev_perplexity"][-1] < 0.8 * curves["dev_perplexity"][0]
    assert metrics["pieces_per_second"] > 0


def test_every_weight_is_trained_and_written(
    pretrained: tuple[PretrainConfig, Path, dict[str, float]], ingest_folder: Path, tokenize_folder: Path
) -> None:
    from pipeline.model.pretrained import load_pretrained
    from pipeline.objectives.fitting import OBJECTIVES, unigram_distribution
    from pipeline.text.batching import encode
    from pipeline.text.tokenizer import Tokenizer

    config, out, metrics = pretrained
    assert config.network
    tokenizer = Tokenizer(tokenize_folder)
    ids, dev = (
        encode(tokenizer, read_reviews(ingest_folder, split).texts, config.max_length) for split in ("train", "dev")
    )
    model = OBJECTIVES[config.objective](config.network, unigram_distribution(ids, len(tokenizer.vocabulary)), 0.0)
    (*_, predictions) = model.predict_pieces(dev[:2].to_tensor()).values()
    predictions.pack()  # makes the last of the weights
    initial = {f"{layer.name}/{n}": w for layer in model.layers for n, w in enumerate(layer.get_weights())}
    with np.load(out / "pretrained.npz") as saved:
        assert sorted(saved) == sorted(initial)
        assert not [name for name, weight in initial.items() if np.allclose(saved[name], weight, atol=1e-4)]
    load_pretrained(model, out)
    assert model.extra_metrics(dev).items() <= metrics.items()


class Killed(BaseException):
    pass


@pytest.mark.parametrize("pretrained", ["seq2seq"], indirect=True)  # its checkpoint holds every kind of variable
def test_killed_and_without_test_the_weights_are_the_same(
    pretrained: tuple[PretrainConfig, Path, dict[str, float]],
    ingest_folder: Path,
    tokenize_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pipeline.objectives import fitting

    config, undisturbed, _ = pretrained
    ingest, out = tmp_path / "ingest", tmp_path / "out"
    shutil.copytree(ingest_folder, ingest)
    (ingest / "test.parquet").unlink()
    out.mkdir()

    save, saved = fitting.save_checkpoint, []

    def save_twice(*arguments: object) -> None:
        save(*arguments)
        saved.append(arguments)
        if len(saved) == 2:
            raise Killed

    monkeypatch.setattr(fitting, "CHECKPOINT_EVERY", 7)
    monkeypatch.setattr(fitting, "save_checkpoint", save_twice)
    with pytest.raises(Killed):
        pretrain(config, ingest, tokenize_folder, out)
    assert [path.name for path in out.iterdir()] == [".checkpoint.npz"]
    pretrain(config, ingest, tokenize_folder, out)
    assert len(saved) > 2
    for name in ("curves.json", "pretrained.npz"):
        assert sha256(out / name) == sha256(undisturbed / name)


def test_a_loss_that_is_not_finite_ends_the_run_after_its_epoch(
    ingest_folder: Path, tokenize_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.objectives import fitting

    monkeypatch.setattr(fitting, "make_train_step", lambda *arguments: lambda batch, number: float("nan"))
    with pytest.raises(UserError, match=r"pretrain: the log loss is nan in epoch 1: too high a learning rate\?"):
        pretrain(small_config("language_model"), ingest_folder, tokenize_folder, tmp_path)
    assert not list(tmp_path.iterdir())


def test_train_starts_from_it(
    pretrained: tuple[PretrainConfig, Path, dict[str, float]], config: Config, pretrain_folder: Path
) -> None:
    from pipeline.model.classifier import build_classifier
    from pipeline.model.pretrained import load_pretrained

    _, folder, _ = pretrained
    model = build_classifier(config.train.model_copy(update={"bidirectional": True}), 512)
    before = [weight.numpy() for weight in model.weights]
    load_pretrained(model, pretrain_folder)
    assert all(np.array_equal(weight, old) for weight, old in zip(model.weights, before, strict=True))
    load_pretrained(model, folder)
    unchanged = {w.path: np.array_equal(w, old) for w, old in zip(model.weights, before, strict=True)}
    assert {path.split("/")[0] for path, is_same in unchanged.items() if not is_same} == {"embedding", "recurrent_0"}
    assert {path.split("/")[0] for path, is_same in unchanged.items() if is_same} == {"logit"}


def sealed(folder: Path, stage: str, overrides: str, inputs: dict[str, str]) -> str:
    """Seal a folder, and return its digest."""
    seal(folder, load_config("maekrak", "lstm", overrides), stage, {})
    manifest = read_manifest(folder).model_copy(update={"inputs": inputs})
    (folder / "manifest.json").write_text(manifest.model_dump_json(), "utf-8")
    return manifest.digest


@pytest.mark.parametrize("pretrained", ["seq2seq"], indirect=True)
def test_predict_reconstructs_texts_if_the_exported_model_was_pretrained_as_seq2seq(
    pretrained: tuple[PretrainConfig, Path, dict[str, float]], tokenize_folder: Path, tmp_path: Path
) -> None:
    from pipeline.serving.reconstruction import load_exported_reconstructor

    folders = tokenize_folder, tmp_path / "pretrain", tmp_path / "train", tmp_path / "export"
    shutil.copytree(pretrained[1], folders[1])
    folders[2].mkdir()
    folders[3].mkdir()
    digest = sealed(folders[1], "pretrain", options("seq2seq"), {"tokenize": read_manifest(tokenize_folder).digest})
    trained = sealed(folders[2], "train", "", {"pretrain": digest})
    sealed(folders[3], "export", "", {"train": trained})
    reconstruct = load_exported_reconstructor(*folders)
    assert reconstruct is not None
    assert [len(row) for row in reconstruct(["음악이 최고였다", "감독이"])] == [2, 2]
    sealed(folders[3], "export", "", {"train": "an earlier one"})
    assert load_exported_reconstructor(*folders) is None
    sealed(folders[3], "export", "", {"train": trained})
    sealed(folders[2], "train", "", {"pretrain": "of another training"})
    assert load_exported_reconstructor(*folders) is None
    (folders[1] / "manifest.json").unlink()
    assert load_exported_reconstructor(*folders) is None


@pytest.mark.parametrize("unsupervised", [True, False])
def test_the_unsupervised_split_is_read_if_configured(
    unsupervised: bool, ingest_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.objectives import fitting
    from pipeline.text.reviews import write_reviews

    calls = []
    progress = {"curves": {"dev_perplexity": [9.0]}, "pieces": 6, "seconds": 2.0}
    monkeypatch.setattr(fitting, "fit", lambda config, texts, dev, *folders: calls.append((texts, dev)) or progress)
    ingest = tmp_path / "ingest"
    shutil.copytree(ingest_folder, ingest)
    write_reviews(ingest / "unsupervised.parquet", [("아무도 매기지 않은 리뷰", -1)])
    reviews = [text for text, _ in small_reviews(600, seed=1)]
    config = small_config("language_model").model_copy(update={"unsupervised": unsupervised})
    metrics = pretrain(config, ingest, tmp_path, tmp_path)
    assert calls == [(reviews[:400] + ["아무도 매기지 않은 리뷰"] * unsupervised, reviews[400:500])]
    assert metrics == {"dev_perplexity": 9.0, "pieces_per_second": 3.0}


NONE = """
import sys
from pathlib import Path
from pipeline.config.overlays import load_config
from pipeline.pretrain import pretrain
out = Path(sys.argv[1])
assert pretrain(load_config("maekrak", "lstm").pretrain, out, out, out) == {}
assert not list(out.iterdir()) and "tensorflow" not in sys.modules
"""


def test_without_an_objective_nothing_is_written_and_tensorflow_is_not_imported(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", NONE, str(tmp_path)], check=True)
