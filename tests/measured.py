"""An `evaluate` artifact as small as its form allows: the numbers are made up, the names and columns are real."""

from pathlib import Path

from pipeline.artifact.tables import write_table
from pipeline.config.schema import Config
from pipeline.support.figures import figure, save
from tests.conftest import seal

HOSTILE = "<script>alert('x')</script> & \"별로\" <b>"
MEASURES = (
    "test_accuracy slice_accuracy slice_context_gain shuffled_accuracy unigram_test_accuracy pair_consistency "
    "pair_ranked pair_lexical_consistency behaviour_functionality_failure behaviour_typos_failure "
    "distance_0_consistency distance_20_consistency of_another_version"
)
PHRASES = "phrase reviews positive low high neighbour_polarity spread test_reviews accuracy baseline_accuracy good bad"
BEHAVIOUR = (
    "kind test expected positive positive_before failed baseline_positive baseline_positive_before baseline_failed "
    "text before"
)
PAIRS = (
    "category phrase pos_positive neg_positive alone_positive "
    "baseline_pos_positive baseline_neg_positive baseline_alone_positive pos neg"
)


def write_measured(folder: Path, config: Config) -> Path:
    """Write and seal the artifact, with phrases and a review that would be markup if it were not escaped."""
    intervals = [f"{who}{end}" for who in ("model", "baseline", "gain") for end in ("", "_low", "_high")]
    shares = (0.9, 0.88, 0.92, 0.8, 0.78, 0.82, 0.1, 0.06, 0.14)
    of_baseline = (None, None, None, *shares[3:6], None, None, None)
    evidence = [[name, 100, *(of_baseline if name.startswith("unigram") else shares)] for name in MEASURES.split()]
    write_table(folder / "evidence.tsv", ["measure", "count", *intervals], evidence)
    write_table(
        folder / "distance.tsv",
        ["distance", "templates", "consistency", "low", "high", "ranked", "baseline_consistency", "baseline_ranked"],
        [[d, 48, 0.9 - d / 100, 0.85 - d / 100, 0.95 - d / 100, 0.95, 0.3, 0.6] for d in (0, 20, 40)],
    )
    lengths = [["<= 5", 40, 0.9, 0.7], ["> 5", 60, 0.8, 0.7]]
    write_table(folder / "lengths.tsv", ["pieces", "reviews", "accuracy", "baseline_accuracy"], lengths)
    write_table(
        folder / "phrases.tsv",
        PHRASES.split(),
        [["반전이", 61, 0.51, 0.39, 0.63, 0.6, 1.2, 9, 0.9, 0.8, "반전이 정말 좋았다", HOSTILE]],
    )
    write_table(
        folder / "pairs.tsv",
        PAIRS.split(),
        [
            [
                "lexical",
                "죽인다",
                0.9,
                0.2,
                0.55,
                0.7,
                0.6,
                0.65,
                "배우들 연기가 진짜 죽인다",
                "아까운 내 시간만 죽인다",
            ],
            ["lexical", "소름", 0.9, 0.2, 0.55, 0.7, 0.6, 0.65, "소름 돋게 좋았다", "소름 돋게 별로였다"],
            ["order", "지루했지만", 0.9, 0.2, 0.55, 0.7, 0.6, 0.65, "지루했지만 감동이었다", "감동이었지만 지루했다"],
        ],
    )
    write_table(
        folder / "behaviour.tsv",
        BEHAVIOUR.split(),
        [
            ["functionality", "negation", "positive", 0.1, None, 1, 0.2, None, 1, "음악이 나쁘지 않았다", ""],
            ["functionality", "negation", "negative", 0.8, None, 1, 0.2, None, 0, "음악이 좋지 않았다", ""],
            ["invariance", "typos", "same", 0.9, 0.4, 1, 0.9, 0.8, 0, "좋앗다", "좋았다"],
            ["direction", "added_praise", "not lower", 0.2, 0.4, 1, 0.9, 0.8, 0, HOSTILE, "좋았다"],
            ["direction", "added_blame", "not higher", 0.9, 0.4, 1, 0.9, 0.8, 0, "나빴다", "좋았다"],
            ["functionality", "comparison", "negative", 0.9, None, 1, 0.2, None, 0, "전편이 더 좋았다", ""],
        ],
    )
    errors = [[1, 0.02, 0.4, HOSTILE], [0, 0.97, 0.5, "음악이 최악이다"]]
    write_table(folder / "errors.tsv", ["label", "positive", "baseline_positive", "text"], errors)
    for name in ("phrases", "confusion", "calibration"):
        drawing = figure(4, 3)
        drawing.suptitle(name)
        save(drawing, folder / f"{name}.png")
    seal(folder, config, "evaluate", {})
    return folder
