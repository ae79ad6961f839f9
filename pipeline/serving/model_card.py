"""The model card beside an exported model: what it was made from, how good it is, what it is not for.

The measures that it lists are those that the registry says are shown in it.
"""

import json
from pathlib import Path

from pipeline.artifact.manifest import read_manifest
from pipeline.evidence.registry import MODELS, metric_name, shown_in

CARD = """\
# {data}, {model}

A sentiment classifier of Maekrak: one text in, the probability that it is positive out. {kind},
trained from nothing but the reviews below.

## Use

SavedModel, signature `serving_default`: input `text` (string, [texts]), output `positive` (float32, [texts]).
It needs TensorFlow and TensorFlow Text, on a CPU. The last {max_length} pieces of a text are read.

## Data

`{data}`, read from {origin}: {unlabelled}{train:,} reviews to train on, {dev:,} to choose on, {test:,} to test on.

{sources}

## Measured

| | model | baseline |
|---|---|---|
{rows}

The baseline is TF-IDF of words and characters with logistic regression, fitted on the same reviews. A pair is two
texts that share an ambiguous phrase and differ in label; it counts where both members are right ({pairs:.0f} pairs).
The weights were chosen on dev (accuracy {dev_accuracy:.4f}); test was read once they were fixed.

## Limits

It knows one kind of text, reviews as those above, in their language; on news, dialogue or another domain its
probabilities mean little. It gives a verdict for texts without any, the empty one included. Irony, and knowledge of
films that a text does not spell out, escape it. What its reviewers thought, fair or not, is what it has learnt.
"""


def write_card(path: Path, ingest: Path, pretrain: Path, train: Path, evaluate: Path) -> None:
    """Write the card from what the stages have sealed."""
    report = json.loads((ingest / "report.json").read_text("utf-8"))
    reviews = {name: split["reviews"] for name, split in report["splits"].items()}
    learnt = read_manifest(pretrain).config
    unlabelled = reviews.get("unsupervised", 0) if learnt["objective"] != "none" and learnt["unsupervised"] else 0
    trained, measured = read_manifest(train), read_manifest(evaluate).metrics
    path.write_text(
        CARD.format(
            data=trained.data,
            model=trained.model,
            kind="A recurrent network and n-grams beside it" if trained.config["ngrams"] else "A recurrent network",
            max_length=trained.config["max_length"],
            origin=report["origin"],
            unlabelled=f"{unlabelled:,} without labels to learn from first, " if unlabelled else "",
            **{name: reviews[name] for name in ("train", "dev", "test")},
            sources="\n".join(f"- `{name}` sha256 {digest}" for name, digest in report["sources"].items()),
            rows="\n".join(_rows(measured)),
            pairs=measured["pairs"],
            dev_accuracy=trained.metrics["dev_accuracy"],
        ),
        "utf-8",
    )


def _rows(measured: dict[str, float]) -> list[str]:
    """Return a row for each measure of the card that was measured: its title, the model's, the baseline's."""
    rows = []
    for name, measure in shown_in("card"):
        values = [measured.get(metric_name(name, who)) for who in MODELS]
        if any(value is not None for value in values):
            shown = ["–" if value is None else f"{value:.4f}" for value in values]
            rows.append(f"| {' | '.join([measure.title.en, *shown])} |")
    return rows
