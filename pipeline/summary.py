"""summary: what `make all` ends with, read from the manifests."""

from pathlib import Path

from pipeline.manifest import read_manifest


def summary(artifacts: Path, data: str, cell: str) -> None:
    """Print test accuracy beside the baseline's, pair consistency, one phrase in two contexts, and where to look."""
    folder = artifacts / data / cell
    measured, explained = read_manifest(folder / "evaluate"), read_manifest(folder / "explain")
    m, e = measured.metrics, explained.metrics
    texts = (("text", explained.config["text"]), ("against", explained.config["against"]))
    lines = [
        "",
        f"{data}, {cell}",
        f"  accuracy on test  {m['test_accuracy']:6.1%}   baseline {m['baseline_test_accuracy']:6.1%}",
        f"  pairs both right  {m['pair_consistency']:6.1%}   baseline {m['baseline_pair_consistency']:6.1%}"
        f"   ({m['pairs']:.0f} pairs)",
        "",
        *(f"  positive {e[f'explain_{name}_positive']:4.0%}   {text}" for name, text in texts),
        "",
        f"  model    {folder / 'export' / 'saved_model'}",
        f"  card     {folder / 'export' / 'MODEL_CARD.md'}",
        f"  figures  {folder / 'explain'}, {folder / 'evaluate'}",
        "",
        f'next: make predict DATA={data} CELL={cell} TEXT="..."',
        f"      make all DATA={data} CELL={'lstm' if cell == 'gru' else 'gru'}, then make compare DATA={data}",
    ]
    print("\n".join(lines))
