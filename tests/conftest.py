"""Small artifacts, made once by the real stages from a few hundred reviews. Tests only read them."""

import json
import os
import random
import shutil
import signal
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings

from pipeline.artifact.files import locked, write_atomically
from pipeline.artifact.manifest import Manifest, hash_files
from pipeline.config.overlays import load_config
from pipeline.config.schema import Config
from pipeline.orchestration.plan import make_plan
from pipeline.support.environment import prepare_environment
from pipeline.text.reviews import write_reviews

prepare_environment()  # nothing above imports a library that reads it
for variable in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
    os.environ.pop(variable, None)  # a make that a test runs is no part of the `make test` around it

settings.register_profile("untimed", deadline=None)  # a test says what is right, not how fast a busy machine is
settings.load_profile("untimed")

SUBJECTS = ["배우들 연기가", "영상미가", "음악이", "대사가", "결말이", "감독이", "초반이", "반전이"]
GOOD = ["정말 좋았다", "최고였다", "감동이었다", "훌륭하다"]
BAD = ["너무 별로였다", "지루했다", "실망이었다", "최악이다"]
SMALL = (
    "tokenize.vocab_size=512 train.embedding=8 train.units=[8] train.epochs=2 train.max_tokens_per_batch=512 "
    "train.learning_rate=0.02 export.compared_texts=40 evaluate.worst_errors=5 explain.flow_pieces=8 "
    "evaluate.control_pieces=9000 evaluate.distances=[0,20]"
)


def small_reviews(count: int, seed: int) -> list[tuple[str, int]]:
    """Distinct short reviews, good and bad in turn."""
    chance = random.Random(seed)
    reviews: dict[str, int] = {}
    while len(reviews) < count:
        label = len(reviews) % 2
        text = f"{chance.choice(SUBJECTS)} {chance.choice((BAD, GOOD)[label])} {chance.randrange(10**6)}번"
        reviews.setdefault(text, label)
    return list(reviews.items())


@pytest.fixture
def hears_interrupts() -> Iterator[None]:
    """What runs in the background was started deaf to SIGINT, and so would be what a test starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def seal(folder: Path, config: Config, stage: str, metrics: dict[str, float]) -> None:
    """Seal a folder that a stage has filled, as the runner would."""
    plan = make_plan(stage, config, "maekrak", "lstm-quick")
    manifest = Manifest(
        **plan.model_dump(exclude={"sources"}),
        inputs={},
        outputs=hash_files(folder),
        metrics=metrics,
        seconds=0,
        run_id="",
    )
    write_atomically(folder / "manifest.json", manifest.model_dump_json())


FIRST = ("test_all.py", "test_reruns.py")  # they make the project that other files copy, which takes a minute


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what other files wait for first: the second worker meanwhile runs what needs none of it."""
    items.sort(key=lambda item: item.path.name not in FIRST)


MakeOnce = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def make_once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> MakeOnce:
    """`make_once(name, fill)` returns a folder that one worker fills and all workers share.

    It stands in the run's own temporary folder, or in that of the variable MADE_ONCE: then runs share it too.
    """
    base = tmp_path_factory.getbasetemp()
    shared = Path(os.environ.get("MADE_ONCE") or (base if worker_id == "master" else base.parent))

    def make(name: str, fill: Callable[[Path], object]) -> Path:
        folder, done = shared / name, shared / f"{name}.done"
        with locked(shared / f"{name}.lock"):  # the other worker waits, then finds it done
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)  # half full, if filling it failed
                folder.mkdir()
                fill(folder)
                done.touch()
        return folder

    return make


@pytest.fixture(scope="session")
def config() -> Config:
    return load_config("maekrak", "lstm", SMALL)


@pytest.fixture(scope="session")
def ingest_folder(make_once: MakeOnce) -> Path:
    def fill(folder: Path) -> None:
        reviews = small_reviews(600, seed=1)
        for split, part in {"train": reviews[:400], "dev": reviews[400:500], "test": reviews[500:]}.items():
            write_reviews(folder / f"{split}.parquet", part)

    return make_once("ingest", fill)


@pytest.fixture(scope="session")
def tokenize_folder(make_once: MakeOnce, config: Config, ingest_folder: Path) -> Path:
    from pipeline.tokenize import tokenize

    return make_once(
        "tokenize",
        lambda folder: seal(folder, config, "tokenize", tokenize(config.tokenize, ingest_folder, folder)),
    )


@pytest.fixture(scope="session")
def pretrain_folder(make_once: MakeOnce, config: Config) -> Path:
    """As where nothing is learnt beforehand."""
    return make_once("pretrain", lambda folder: seal(folder, config, "pretrain", {}))


@pytest.fixture(scope="session")
def train_folder(
    make_once: MakeOnce, config: Config, ingest_folder: Path, tokenize_folder: Path, pretrain_folder: Path
) -> Path:
    from pipeline.train import train

    def fill(folder: Path) -> None:
        metrics = train(config.train, ingest_folder, tokenize_folder, pretrain_folder, folder)
        seal(folder, config, "train", metrics)

    return make_once("train", fill)


@pytest.fixture(scope="session")
def evaluated_folder(
    make_once: MakeOnce, config: Config, ingest_folder: Path, tokenize_folder: Path, train_folder: Path
) -> Path:
    """By the real stage, which takes seconds: for what is about its figures."""
    from pipeline.evaluate import evaluate

    def fill(folder: Path) -> None:
        metrics = evaluate(config.evaluate, ingest_folder, tokenize_folder, train_folder, folder)
        seal(folder, config, "evaluate", metrics)

    return make_once("evaluated", fill)


@pytest.fixture(scope="session")
def evaluate_folder(make_once: MakeOnce, config: Config) -> Path:
    """Not by the real stage: of the same form."""
    from tests.measured import write_measured

    return make_once("evaluate", lambda folder: write_measured(folder, config))


class Explained(NamedTuple):
    folder: Path
    metrics: dict[str, float]
    warnings: list[str]


@pytest.fixture(scope="session")
def explained(
    make_once: MakeOnce,
    config: Config,
    ingest_folder: Path,
    tokenize_folder: Path,
    train_folder: Path,
    evaluate_folder: Path,
) -> Explained:
    """What `explain` makes of the small artifacts, beside a twin that lacks a measure."""
    from pipeline.explain import explain

    def fill(folder: Path) -> None:
        twin, out = folder / "twin", folder / "explain"
        twin.mkdir()
        out.mkdir()
        (twin / "train").symlink_to(train_folder)
        shutil.copytree(evaluate_folder, twin / "evaluate")
        *rows, _ = (evaluate_folder / "evidence.tsv").read_text("utf-8").splitlines(keepends=True)
        (twin / "evaluate" / "evidence.tsv").write_text("".join(rows), "utf-8")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            folders = (ingest_folder, tokenize_folder, train_folder, evaluate_folder)
            metrics = explain(config.explain, *folders, {"twin": twin}, out)
        told = {"metrics": metrics, "warnings": [str(warning.message) for warning in caught]}
        (folder / "told.json").write_text(json.dumps(told), "utf-8")

    folder = make_once("explained", fill)
    return Explained(folder / "explain", **json.loads((folder / "told.json").read_text("utf-8")))
