"""pretrain: learn the embedding and the recurrent layers from unlabelled text, before train."""

import json
from pathlib import Path

from pipeline.config.schema import PretrainConfig
from pipeline.text.reviews import read_reviews, unlabelled_texts


def pretrain(config: PretrainConfig, ingest: Path, tokenize: Path, out: Path) -> dict[str, float]:
    """Write `pretrained.npz`, the weights of all layers, and `curves.json`, a value for each epoch by metric.

    With the objective `none`, write nothing.

    One seed gives the same weights to the last bit, on one machine and for one number of cores, whether the run was
    killed and resumed or not.

    Returns:
        Perplexity and accuracy on dev, and the pieces trained on in a second; empty with the objective `none`.
    """
    if config.objective == "none":
        return {}
    from pipeline.objectives.fitting import fit  # imports TensorFlow, which takes seconds

    texts = read_reviews(ingest, "train").texts + (unlabelled_texts(ingest) if config.unsupervised else [])
    progress = fit(config, texts, read_reviews(ingest, "dev").texts, tokenize, out)
    (out / "curves.json").write_text(json.dumps(progress["curves"], indent=1) + "\n", "utf-8")
    metrics = {name: values[-1] for name, values in progress["curves"].items() if name.startswith("dev_")}
    return {**metrics, "pieces_per_second": progress["pieces"] / progress["seconds"]}
