"""explain: how the network reads, what it remembers and how well that serves it, as figures and one page."""

from pathlib import Path

from pipeline.artifact.manifest import read_manifest
from pipeline.config.schema import ExplainConfig, TrainConfig
from pipeline.model.saving import load
from pipeline.report.attribution import attribute, write_attributions
from pipeline.report.distance import draw_distance
from pipeline.report.gates import draw_gates, trace_gates
from pipeline.report.gradient_flow import draw_gradient_flow, longest_reviews, trace_gradients, write_gradient_flow
from pipeline.report.page import write_report
from pipeline.report.prefix_predictions import read_pair_of_each_category, read_prefixes
from pipeline.report.reading_figures import draw_pairs, draw_readings
from pipeline.text.reviews import read_reviews
from pipeline.text.tokenizer import Tokenizer


def explain(
    config: ExplainConfig,
    ingest: Path,
    tokenize: Path,
    train: Path,
    evaluate: Path,
    peers: dict[str, Path],
    out: Path,
) -> dict[str, float]:
    """Write `report.html`, the figures and tables that it shows, and no gates where the cell has none.

    Args:
        peers: other models, by name: folders that hold their `train` and `evaluate`. They are shown beside this one.

    Returns:
        The probability of positive of the text and of the one against it, what integrated gradients leave unexplained
        of their logits, and the trained cell's gradient flow from the last piece back to the first.
    """
    tokenizer, model, trained = Tokenizer(tokenize), load(train), read_manifest(train)
    max_length = TrainConfig.model_validate(trained.config).max_length
    models = {str(trained.model): model} | {name: load(folder / "train") for name, folder in peers.items()}
    measured = {str(trained.model): evaluate} | {name: folder / "evaluate" for name, folder in peers.items()}

    texts = {"text": config.text, "against": config.against}
    readings = {name: read_prefixes(model, tokenizer, text, max_length) for name, text in texts.items()}
    pairs = read_pair_of_each_category(model, tokenizer, max_length, evaluate / "pairs.tsv")
    attributions = {name: attribute(model, reading.ids) for name, reading in readings.items()}
    gates = {name: trace_gates(model, reading.ids) for name, reading in readings.items()}
    longest = longest_reviews(tokenizer, read_reviews(ingest, "dev").texts, config.flow_reviews, config.flow_pieces)
    flows = trace_gradients(models, longest)

    draw_readings(out / "reading.png", list(readings.values()))
    draw_pairs(out / "pairs.png", pairs)
    for name in [name for name in gates if gates[name]]:
        draw_gates(out / f"gates_{name}.png", readings[name], gates[name])
    draw_gradient_flow(out / "gradient_flow.png", flows)
    draw_distance(out / "distance.png", {name: folder / "distance.tsv" for name, folder in measured.items()})
    write_attributions(out / "attribution.tsv", readings, attributions)
    write_gradient_flow(out / "gradient_flow.tsv", flows)
    write_report(out, trained.data, measured, readings, attributions, list(gates["text"]))
    return {
        **{f"explain_{name}_positive": float(reading.positive[-1]) for name, reading in readings.items()},
        **{f"explain_{name}_residual": attribution.residual for name, attribution in attributions.items()},
        "gradient_flow_far": float(flows["trained"][str(trained.model)][-1]),
    }
