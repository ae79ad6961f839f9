"""The rows of the page say what evidence.tsv says, whatever measures it holds."""

import pytest

from pipeline.evidence.registry import MEASURES, Measure, Title
from pipeline.evidence.tables import COLUMNS
from pipeline.report.evidence_table import EvidenceRow, Mean, by_group, evidence_rows, headlines

GIVEN = ("100", "0.9000", "0.8800", "0.9200", "0.8000", "0.7800", "0.8200", "0.1000", "0.0600", "0.1400")


def table(*names: str, **changes: str) -> list[dict[str, str]]:
    return [dict(zip(COLUMNS, (name, *GIVEN), strict=True)) | changes for name in names]


def row(name: str, **changes: str) -> EvidenceRow:
    return evidence_rows({"lstm": table(name, **changes)})[name]


def test_a_share_is_written_in_percent_and_its_gain_in_points() -> None:
    shown = row("test_accuracy")
    assert shown.title == ("Accuracy on test", "test 정확도")
    assert (shown.items, shown.models, shown.baseline) == (
        "100",
        [Mean("90.0%", "88.0%–92.0%")],
        Mean("80.0%", "78.0%–82.0%"),
    )
    assert shown.gain == Mean("+10.0", "+6.0 … +14.0")


def test_a_loss_is_written_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MEASURES, "my_loss", Measure("loss", Title("Mine", "내 것")))
    shown = row("my_loss", gain="-0.1000", gain_low="-0.2000", gain_high="0.0500")
    assert shown.models == [Mean("0.9000", "0.8800–0.9200")]
    assert shown.gain == Mean("−0.1000", "−0.2000 … +0.0500") and not shown.certain


@pytest.mark.parametrize(
    ("low", "high", "certain"),
    [
        ("0.0001", "0.2", True),
        ("-0.2", "-0.0001", True),
        ("-0.1", "0.1", False),
        ("0.0", "0.1", False),
        ("", "", False),
    ],
)
def test_a_gain_is_certain_if_its_interval_leaves_0_out(low: str, high: str, certain: bool) -> None:
    assert row("test_accuracy", gain_low=low, gain_high=high).certain == certain


def test_what_was_not_measured_is_a_dash() -> None:
    nothing = dict.fromkeys(("model", "model_low", "model_high", "gain", "gain_low", "gain_high"), "")
    shown = row("unigram_test_accuracy", **nothing)
    assert (shown.models, shown.gain) == ([Mean("–")], Mean("–"))


def test_other_models_stand_beside_with_what_they_have() -> None:
    rows = evidence_rows({"lstm": table("test_accuracy", "pair_ranked"), "gru": table("pair_ranked", "slice_accuracy")})
    assert list(rows) == ["test_accuracy", "pair_ranked"]
    assert rows["test_accuracy"].models == [Mean("90.0%", "88.0%–92.0%"), Mean("–")]
    assert rows["pair_ranked"].models[1].value == "90.0%"


def test_an_unknown_measure_goes_by_its_own_name_among_the_main_ones() -> None:
    names = ("test_accuracy", "of_another_version", "distance_5_ranked", "pair_order_ranked")
    rows = evidence_rows({"lstm": table(*names)})
    groups = {group: [shown.title.en for shown in of] for group, of in by_group(rows).items()}
    assert groups == {
        "main": ["Accuracy on test", "of_another_version"],
        "distance": ["d = 5, in the right order"],
        "pairs": ["word order, in the right order"],
        "behaviour": [],
    }
    assert [shown.title.en for shown in headlines(rows)] == ["Accuracy on test"]
