"""summary: what `make all` ends with, read from the manifests."""

from pathlib import Path

from pipeline.artifact.manifest import read_manifest
from pipeline.config.names import make_arguments, model_name


def summary(artifacts: Path, data: str, cell: str, preset: str) -> None:
    """Print the network's measures beside the baseline's, one phrase in two contexts, and where to look."""
    model, other = (model_name(name, preset) for name in (cell, "lstm" if cell == "gru" else "gru"))
    folder = artifacts / data / model
    measured, explained = read_manifest(folder / "evaluate"), read_manifest(folder / "explain")
    m, e = measured.metrics, explained.metrics
    texts = (("text", explained.config["text"]), ("against", explained.config["against"]))
    shown = {
        "accuracy on test": ("test_accuracy", ""),
        "  with all words shuffled": ("shuffled_accuracy", ""),
        "of reviews with an ambiguous phrase": ("slice_accuracy", f"({m['slice_reviews']:,.0f} reviews)"),
        "pairs with both right": ("pair_consistency", f"({m['pairs']:.0f} pairs)"),
        "pairs in the right order": ("pair_ranked", ""),
    }
    lines = [
        "",
        f"{data}, {model}",
        *(
            f"  {what:36}{m[name]:6.1%}   baseline {m[f'baseline_{name}']:6.1%}   {of}".rstrip()
            for what, (name, of) in shown.items()
            if name in m
        ),
        "",
        *(f"  positive {e[f'explain_{name}_positive']:4.0%}   {text}" for name, text in texts),
        "",
        f"  model    {folder / 'export' / 'saved_model'}",
        f"  card     {folder / 'export' / 'MODEL_CARD.md'}",
        f"  report   {folder / 'explain' / 'report.html'}",
        "",
        f'next: make predict {make_arguments(data, model)} TEXT="..."',
        f"      make all {make_arguments(data, other)}, then make compare DATA={data}",
    ]
    print("\n".join(lines))
