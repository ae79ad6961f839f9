"""The baseline learns what words tell, and can't tell what only their order does."""

from pathlib import Path

from pipeline.config.schema import Config
from pipeline.evidence.baseline import baseline_positive, fit_baseline
from pipeline.text.reviews import read_reviews


def test_words_are_learnt(config: Config, ingest_folder: Path) -> None:
    baseline = fit_baseline(config.evaluate.baseline, read_reviews(ingest_folder, "train"))
    test = read_reviews(ingest_folder, "test")
    assert ((baseline_positive(baseline, test.texts) >= 0.5) == test.labels).mean() > 0.95


def test_distant_order_is_not_seen(config: Config, ingest_folder: Path) -> None:
    baseline = fit_baseline(config.evaluate.baseline, read_reviews(ingest_folder, "train"))
    orders = ["음악이 좋았다 음악이 별로였다 음악이", "음악이 별로였다 음악이 좋았다 음악이"]  # the same neighbours too
    one, other = baseline_positive(baseline, orders)
    assert abs(one - other) < 1e-6
