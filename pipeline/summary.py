"""summary: what `make all` ends with, read from the manifests."""

from pathlib import Path

from pipeline.artifact.manifest import read_manifest
from pipeline.config.names import make_arguments, model_name
from pipeline.evidence.registry import metric_name, shown_in


def summary(artifacts: Path, data: str, cell: str, preset: str) -> None:
    """Print the model's measures beside the baseline's, one phrase in two contexts, and where to look."""
    model, other = (model_name(name, preset) for name in (cell, "lstm" if cell == "gru" else "gru"))
    folder = artifacts / data / model
    measured, explained = read_manifest(folder / "evaluate").metrics, read_manifest(folder / "explain")
    lines = [
        "",
        f"{data}, {model}",
        *_measures(measured),
        "",
        *(
            f"  positive {explained.metrics[f'explain_{name}_positive']:4.0%}   {explained.config[name]}"
            for name in ("text", "against")
        ),
        "",
        f"  model    {folder / 'export' / 'saved_model'}",
        f"  card     {folder / 'export' / 'MODEL_CARD.md'}",
        f"  report   {folder / 'explain' / 'report.html'}",
        "",
        f'next: make predict {make_arguments(data, model)} TEXT="..."',
        f"      make all {make_arguments(data, other)}, then make compare DATA={data}",
    ]
    print("\n".join(lines))


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
