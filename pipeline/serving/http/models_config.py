"""`models.config`, the file that tensorflow/serving takes as `--model_config_file`: which models, versions, labels."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.serving.http.models import ModelConfig
from pipeline.support.errors import UserError


def read_models_config(path: Path) -> list[ModelConfig]:
    """Read the models that are to be served. A relative `base_path` is seen from the file's folder.

    Raises:
        UserError: if it can't be read, or names a model twice or none.
    """
    from google.protobuf import text_format
    from tensorflow_serving.config import model_server_config_pb2

    try:
        text = path.read_text("utf-8")
        config = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: {getattr(error, 'strerror', None) or 'not UTF-8'}") from None
    except text_format.ParseError as error:
        raise UserError(f"{path}: not a ModelServerConfig: {error}") from None
    models = [_model(path, one) for one in config.model_config_list.config]
    names = [model.name for model in models]
    if not names or len(set(names)) < len(names):
        raise UserError(f"{path}: must hold at least one model, and each once; it holds {', '.join(names) or 'none'}")
    return models


def _model(path: Path, config: Any) -> ModelConfig:
    policy: int | tuple[int, ...] | None = max(1, config.model_version_policy.latest.num_versions)
    if config.model_version_policy.HasField("specific"):
        policy = tuple(config.model_version_policy.specific.versions)
    elif config.model_version_policy.HasField("all"):
        policy = None
    if not config.name or not config.base_path:
        raise UserError(f"{path}: a model needs a name and a base_path")
    base = path.parent / config.base_path.removeprefix("file://")
    return ModelConfig(config.name, base, policy, dict(config.version_labels))


def watched(path: Path) -> Callable[[], list[ModelConfig]]:
    """Return what reads the file again whenever it has changed."""
    known: dict[str, Any] = {}

    def read() -> list[ModelConfig]:
        try:
            stat = path.stat()
        except OSError as error:
            raise UserError(f"{path}: {error.strerror}") from None
        like = (stat.st_mtime_ns, stat.st_size)
        if known.get("like") != like:
            known.update(like=like, error=None)
            try:
                known["models"] = read_models_config(path)
            except UserError as error:
                if "models" not in known:
                    known.clear()
                raise error
        models: list[ModelConfig] = known["models"]
        return models

    return read
