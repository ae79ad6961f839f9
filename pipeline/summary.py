"""summary: what `make all` ends with, read from the manifests."""

from pathlib import Path

from pipeline.artifact.manifest import Manifest, read_manifest
from pipeline.artifact.tables import read_table
from pipeline.config.names import make_arguments, model_name
from pipeline.evidence.pairs.flip import choose_flip
from pipeline.evidence.registry import metric_name, shown_in


def summary(artifacts: Path, data: str, cell: str, preset: str) -> None:
    """Print the model's measures beside the baseline's, one phrase alone and in two contexts, and where to look."""
    model, other = (model_name(name, preset) for name in (cell, "lstm" if cell == "gru" else "gru"))
    folder = artifacts / data / model
    measured, explained = read_manifest(folder / "evaluate").metrics, read_manifest(folder / "explain")
    lines = [
        "",
        f"{data}, {model}",
        *_measures(measured),
        "",
        *_flip(read_table(folder / "evaluate" / "pairs.tsv"), explained),
        "",
        f"  model    {folder / 'export' / 'saved_model'}",
        f"  card     {folder / 'export' / 'MODEL_CARD.md'}",
        f"  report   {folder / 'explain' / 'report.html'}",
        "",
        f'next: make predict {make_arguments(data, model)} TEXT="..."',
        f"      make all {make_arguments(data, other)}, then make compare DATA={data}",
    ]
    print("\n".join(lines))


def _flip(pairs: list[dict[str, str]], explained: Manifest) -> list[str]:
    """Return lines of a phrase alone, in praise and in blame, or of the explained texts if no pair shows it."""
    texts = [explained.config["text"], explained.config["against"]]
    flip = choose_flip(pairs, texts)
    if flip is None:
        positive = (explained.metrics[f"explain_{name}_positive"] for name in ("text", "against"))
        return [
            *(f"  positive {of:4.0%}   {text}" for of, text in zip(positive, texts, strict=True)),
            f"  (none of the {len(pairs)} pairs is read rightly by the network and wrongly by the baseline)",
        ]
    rows = (
        ("alone", flip.alone, flip.phrase),
        ("in praise", flip.praise, flip.pos),
        ("in blame", flip.blame, flip.neg),
    )
    return [
        "  positive   network   baseline",
        *(f"  {name:9}  {of['model']:7.0%}   {of['baseline']:8.0%}   {text}" for name, of, text in rows),
        f"  (chosen from {flip.candidates} of {len(pairs)} pairs: the network has both right, the baseline has not)",
    ]


def _measures(measured: dict[str, float]) -> list[str]:
    """Return a line for each measure of the summary, with its number of items where the data decide it."""
    items = {
        "slice_accuracy": f"({measured['slice_reviews']:,.0f} reviews)",
        "pair_consistency": f"({measured['pairs']:.0f} pairs)",
    }
    shown = [(name, measure.title.en) for name, measure in shown_in("summary") if name in measured]
    width = max((len(title) for _, title in shown), default=0)
    lines = []
    for name, title in shown:
        baseline = measured.get(metric_name(name, "baseline"))
        beside = "" if baseline is None else f"   baseline {baseline:6.1%}"
        lines.append(f"  {title:{width}} {measured[name]:6.1%}{beside}   {items.get(name, '')}".rstrip())
    return lines
