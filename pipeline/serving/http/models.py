"""Models in memory: which versions are served, loaded and warmed before they are, and which were refused and why."""

import gc
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.serving.http.batching import Outputs, PredictFn
from pipeline.serving.http.rest import RestError, Target
from pipeline.serving.versions import check, fingerprint, numbers
from pipeline.serving.warm_up import Request, read_requests
from pipeline.support.errors import UserError
from pipeline.support.silenced_stderr import silenced_stderr

logger = logging.getLogger("maekrak.serve")

POLL_SECONDS = 1.0
DEFAULT_SIGNATURE = "serving_default"


class Signature(NamedTuple):
    """A signature whose one input is texts: `predict` reads them, under the input's name `input_name`."""

    input_name: str
    predict: PredictFn


class LoadedVersion(NamedTuple):
    """A version in memory. `metadata` is its signatures, as TensorFlow Serving shows them."""

    number: int
    signatures: dict[str, Signature]
    metadata: dict[str, Any]


LoadFn = Callable[[Path], LoadedVersion]


class ModelConfig(NamedTuple):
    """A model as `models.config` tells of it.

    Attributes:
        policy: how many of the newest versions are served, or which ones, or None for all.
    """

    name: str
    base: Path
    policy: int | tuple[int, ...] | None = 1
    labels: dict[str, int] = {}  # noqa: RUF012  never changed


class ServedModel:
    """The versions of one model.

    `poll` is called by one thread; the others read `available`, which is replaced and never changed.
    """

    def __init__(self, config: ModelConfig, load: LoadFn, count: Callable[[str], None]) -> None:
        self.config, self.load, self.count = config, load, count
        self.available: dict[int, LoadedVersion] = {}
        self.refused: dict[int, tuple[Any, str]] = {}  # version -> what its files were like, and why
        self.loading: int | None = None
        self.ended: set[int] = set()

    def poll(self) -> None:
        """Load what is new, and only then drop what is no longer wanted. What is refused is looked at again when its
        files change."""
        found = numbers(self.config.base)
        like = {number: fingerprint(folder) for number, folder in found.items()}
        self.refused = {n: known for n, known in self.refused.items() if like.get(n) == known[0]}
        before = self.available
        while missing := [number for number in self._wanted(found) if number not in self.available]:
            self._load(missing[0], found[missing[0]], like[missing[0]])
        self._drop(found)
        if self.available is not before:
            tidy_memory()

    def _load(self, number: int, folder: Path, like: Any) -> None:
        self.loading = number
        try:
            loaded = self.load(folder)
        except UserError as error:
            self.refused[number] = (like, str(error))
            self.count("refused")
            logger.error("%s version %d is refused: %s", self.config.name, number, error)
        else:
            self.ended.discard(number)
            self.available = {**self.available, number: loaded}
            self.count("loaded")
            logger.info("%s version %d is served", self.config.name, number)
        finally:
            self.loading = None

    def _wanted(self, found: dict[int, Path]) -> list[int]:
        """Return the versions to serve, newest first; one that is refused leaves its place to the one before it."""
        usable = sorted(found.keys() - self.refused.keys(), reverse=True)
        policy = self.config.policy
        if isinstance(policy, tuple):
            return [number for number in usable if number in policy]
        return usable if policy is None else usable[:policy]

    def _drop(self, found: dict[int, Path]) -> None:
        if not found:
            return  # a folder that is gone, as in the middle of a move, is no reason to stop serving
        usable = sorted(self.available, reverse=True)
        policy = self.config.policy
        if policy is None:
            keep = [number for number in usable if number in found]
        elif isinstance(policy, tuple):
            keep = [number for number in usable if number in policy]
        else:
            keep = usable[:policy]
        if dropped := set(usable) - set(keep):
            self.ended |= dropped
            self.available = {number: self.available[number] for number in keep}
            logger.info("%s: no longer served: %s", self.config.name, ", ".join(map(str, sorted(dropped))))

    def find(self, target: Target) -> LoadedVersion:
        """Return the version that a request is for.

        Raises:
            RestError: 404 for a version that is not served, 400 for an unknown label.
        """
        available = self.available
        if target.label is not None:
            number = self.config.labels.get(target.label)
            if number is None or number not in available:
                raise RestError(400, f"Unrecognized servable version label: {target.label}")
            return available[number]
        if target.version is not None:
            if target.version not in available:
                raise RestError(404, f"Servable not found for request: Specific({target.name}, {target.version})")
            return available[target.version]
        if not available:
            raise RestError(503, f"Servable not yet available for request: Latest({target.name})")
        return available[max(available)]

    def status(self, version: int | None) -> dict[str, Any]:
        """Return `model_version_status`, of one version or all, the newest first.

        Raises:
            RestError: 404 if nothing is known of it.
        """
        states: dict[int, tuple[str, str, str]] = dict.fromkeys(self.ended, ("END", "OK", ""))
        states |= {number: ("END", "FAILED_PRECONDITION", why) for number, (_, why) in self.refused.items()}
        states |= dict.fromkeys(self.available, ("AVAILABLE", "OK", ""))
        if self.loading is not None:
            states[self.loading] = ("LOADING", "OK", "")
        if version is not None:
            if version not in states:
                raise RestError(404, f"Could not find version {version} of model {self.config.name}")
            states = {version: states[version]}
        if not states:
            raise RestError(404, f"Could not find any versions of model {self.config.name}")
        return {
            "model_version_status": [
                {"version": str(number), "state": state, "status": {"error_code": code, "error_message": message}}
                for number, (state, code, message) in sorted(states.items(), reverse=True)
            ]
        }


class Models:
    """All models of a service, kept up to date by a thread.

    Args:
        read_configs: what is to be served, asked before every look at the versions: a `models.config` may change.
        count: told "loaded" or "refused" of each model's versions.
    """

    def __init__(
        self,
        read_configs: Callable[[], list[ModelConfig]],
        count: Callable[[str, str], None] = lambda name, outcome: None,
        load: LoadFn | None = None,
    ) -> None:
        self.read_configs, self.count, self.load = read_configs, count, load or load_version
        self.served: dict[str, ServedModel] = {}
        self.looked = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="versions", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def poll(self) -> None:
        """Look once at what is to be served, and load what is new."""
        try:
            configs = self.read_configs()
        except UserError as error:
            logger.error("%s; what is served stays", error)
            return
        for config in configs:
            if config.name not in self.served:
                count = lambda outcome, name=config.name: self.count(name, outcome)  # noqa: E731
                self.served = {**self.served, config.name: ServedModel(config, self.load, count)}
            self.served[config.name].config = config
            self.served[config.name].poll()
        self.served = {config.name: self.served[config.name] for config in configs}
        self.looked = True

    def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                self.poll()
            except Exception:
                logger.exception("looking for new versions failed; what is served stays")
            self._stop.wait(POLL_SECONDS)

    @property
    def ready(self) -> bool:
        served = self.served
        return self.looked and bool(served) and all(model.available for model in served.values())

    def find(self, target: Target) -> LoadedVersion:
        """Return the version that a request is for.

        Raises:
            RestError: 404 or 400 where it is not served; 503 while the first one is being loaded.
        """
        model = self.served.get(target.name)
        if model is None:
            if not self.looked:
                raise RestError(503, "The models are being loaded; try again later")
            asked = f"Latest({target.name})"
            if target.version is not None:
                asked = f"Specific({target.name}, {target.version})"
            raise RestError(404, f"Servable not found for request: {asked}")
        return model.find(target)

    def status(self, target: Target) -> dict[str, Any]:
        """Return a model's `model_version_status`."""
        if target.name not in self.served:
            raise RestError(404, f"Could not find any versions of model {target.name}")
        return self.served[target.name].status(target.version)


def tidy_memory() -> None:
    """Free what a version that went has left, and spare the collector what stays.

    It would go over all that TensorFlow holds every few thousand requests, and let them wait for half a second.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def load_version(folder: Path) -> LoadedVersion:
    """Check a version against its manifest, load it, warm it up and see that it answers.

    Raises:
        UserError: why it can't be served, in words that clients may read.
    """
    check(folder)
    with silenced_stderr():
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  registers the ops that the model is made of

    try:
        model = tf.saved_model.load(str(folder))
        signatures = {name: make_signature(name, function) for name, function in model.signatures.items()}
        if DEFAULT_SIGNATURE not in signatures:
            raise UserError(f"it has no signature {DEFAULT_SIGNATURE}")
        warm_up(signatures, read_requests(folder))
        return LoadedVersion(int(folder.name), signatures, read_metadata(folder))
    except UserError:
        raise
    except Exception as error:  # whatever TensorFlow makes of a file that is not what it seems
        logger.debug("version %s", folder.name, exc_info=True)
        raise UserError(f"TensorFlow can't load or run it ({type(error).__name__})") from None


def make_signature(name: str, function: Any) -> Signature:
    """Make a signature callable on texts.

    Raises:
        UserError: if it takes anything but one batch of strings.
    """
    import tensorflow as tf

    given = function.structured_input_signature[1]
    if len(given) != 1 or next(iter(given.values())).dtype != tf.string:
        raise UserError(f"its signature {name} takes something else than texts")
    (input_name,) = given

    def predict(texts: list[bytes]) -> Outputs:
        outputs = function(**{input_name: tf.constant(texts, tf.string, shape=[len(texts)])})
        return {key: value.numpy() for key, value in outputs.items()}

    return Signature(input_name, predict)


def warm_up(signatures: dict[str, Signature], requests: list[Request]) -> None:
    """Answer requests as a version's file holds them, and an empty text; those of each signature beside the others.

    Raises:
        UserError: if the default signature doesn't give a probability for each text.
    """

    def answer(name: str) -> None:
        own = [texts for signature, texts in requests if signature == name]
        for texts in [[b""], *own] if name == DEFAULT_SIGNATURE else own:
            for array in signatures[name].predict(texts).values():
                if array.shape[:1] != (len(texts),) or (array.dtype.kind == "f" and not np.isfinite(array).all()):
                    raise UserError("it doesn't answer a number for each text")

    with ThreadPoolExecutor(len(signatures)) as threads:
        list(threads.map(answer, signatures))


def read_metadata(folder: Path) -> dict[str, Any]:
    """Return the signatures of a SavedModel, as TensorFlow Serving shows them."""
    from google.protobuf.json_format import MessageToDict
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    definitions = saved.meta_graphs[0].signature_def
    return {
        name: MessageToDict(definition, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
        for name, definition in sorted(definitions.items())
    }
