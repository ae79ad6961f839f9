"""pretrain: learn the embedding and the recurrent layers from text without labels, before train sees a label."""

import json
from pathlib import Path

from pipeline.config.schema import PretrainConfig
from pipeline.text.reviews import read_reviews, unlabelled_texts


def pretrain(config: PretrainConfig, ingest: Path, tokenize: Path, out: Path) -> dict[str, float]:
    """Write `pretrained.npz`, the weights of all layers, and `curves.json` (one value an epoch); without an objective,
    nothing.

    One seed gives the same weights to the last bit, on one machine and for one number of cores, whether the run was
    killed and resumed or not.

    Returns:
        Perplexity and accuracy on dev, and how many pieces a second were learnt from; without an objective, nothing.
    """
    if config.objective == "none":
        return {}
    from pipeline.objectives.fitting import fit  # and with it TensorFlow, which takes seconds

    texts = read_reviews(ingest, "train").texts + (unlabelled_texts(ingest) if config.unsupervised else [])
    done = fit(config, texts, read_reviews(ingest, "dev").texts, tokenize, out)
    (out / "curves.json").write_text(json.dumps(done["curves"], indent=1) + "\n", "utf-8")
    measured = {name: values[-1] for name, values in done["curves"].items() if name.startswith("dev_")}
    return {**measured, "pieces_per_second": done["pieces"] / done["seconds"]}
