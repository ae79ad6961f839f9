"""What tensorflow/serving takes beside a model: `models.config`, which our service reads too, batching, monitoring."""

from pathlib import Path
from typing import Any

from pipeline.artifact.files import write_atomically

MODELS, BATCHING, MONITORING = "models.config", "batching.config", "monitoring.config"
FILES = {
    BATCHING: """\
# tensorflow/serving --enable_batching=true --batching_parameters_file=...; its texts a batch are those of our service
max_batch_size { value: 128 }
batch_timeout_micros { value: 0 }
max_enqueued_batches { value: 64 }
num_batch_threads { value: 2 }
pad_variable_length_inputs: true
""",
    MONITORING: """\
# tensorflow/serving --monitoring_config_file=...; the path is that of our service
prometheus_config { enable: true, path: "/monitoring/prometheus/metrics" }
""",
}


def write_server_files(base: Path, name: str, newest: int, champion: int | None) -> None:
    """Write them beside the folder of versions. What a user has set in `models.config`, as other labels, stays.

    Args:
        champion: the version that has this label, as in MLflow; None where it is another model's. One that is not the
            newest is served beside it, since only what is loaded can have a label.
    """
    folder = base.parent
    for file, text in FILES.items():
        if not (folder / file).exists():
            write_atomically(folder / file, text)
    from google.protobuf import text_format
    from tensorflow_serving.config import model_server_config_pb2

    config = model_server_config_pb2.ModelServerConfig()
    path = folder / MODELS
    if path.exists():
        try:
            text_format.Parse(path.read_text("utf-8"), config)
        except (text_format.ParseError, UnicodeDecodeError):
            return  # serve says what is wrong with it
    models = config.model_config_list.config
    own = next((model for model in models if model.name == name), None) or models.add(name=name)
    own.base_path, own.model_platform = str(base.resolve()), "tensorflow"
    _label(own, newest, champion)
    text = text_format.MessageToString(config)
    if not path.exists() or path.read_text("utf-8") != text:
        write_atomically(path, text)


def _label(model: Any, newest: int, champion: int | None) -> None:
    model.version_labels.pop("champion", None)
    if champion is not None:
        model.version_labels["champion"] = champion
    labelled = set(model.version_labels.values())
    if labelled <= {newest}:
        model.model_version_policy.latest.num_versions = 1
    else:
        model.model_version_policy.specific.versions[:] = sorted(labelled | {newest})
