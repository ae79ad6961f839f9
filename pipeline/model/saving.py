"""Save and load models: the same model as the same bytes."""

import json
import re
import zipfile
from pathlib import Path

import keras

from pipeline.artifact.manifest import read_manifest
from pipeline.cells import cell_class
from pipeline.layers import pooling, recurrent  # noqa: F401  registers Pooling, Recurrent and Bidirectional with Keras
from pipeline.model import ngrams  # noqa: F401  registers NGrams


def save(model: keras.Model, path: Path) -> None:
    """Save as `.keras`, the same model as the same bytes: without the date and memory addresses that Keras writes."""
    as_keras_writes = path.with_name(f"dated-{path.name}")
    model.save(as_keras_writes)
    with zipfile.ZipFile(as_keras_writes) as dated, zipfile.ZipFile(path, "w") as undated:
        for name in sorted(dated.namelist()):
            content = dated.read(name)
            if name == "metadata.json":
                content = json.dumps(json.loads(content) | {"date_saved": ""}).encode()
            elif name == "config.json":
                content = _number_shared_objects(content)
            undated.writestr(zipfile.ZipInfo(name), content)
    as_keras_writes.unlink()


def _number_shared_objects(config: bytes) -> bytes:
    """Number the objects that a configuration shares in the order they come in, instead of by their addresses."""
    numbers: dict[bytes, bytes] = {}
    return re.sub(
        rb'(?<="shared_object_id": )\d+', lambda found: numbers.setdefault(found[0], b"%d" % len(numbers)), config
    )


def load(train: Path) -> keras.Model:
    """Load the model of a sealed `train` artifact."""
    cell_class(read_manifest(train).config["cell"])  # imports the cell's file, which registers its class with Keras
    return keras.saving.load_model(train / "model.keras", safe_mode=True)  # runs no code that the file brings
