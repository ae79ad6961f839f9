"""Versions come, are checked before they are served, and go only when a better one is there."""

import json
import random
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from pipeline.artifact.manifest import MANIFEST, Manifest, hash_files
from pipeline.serving.http.batching import Outputs
from pipeline.serving.http.models import LoadedVersion, ModelConfig, Models, Signature, load_version, warm_up
from pipeline.serving.http.models_config import read_models_config, watched
from pipeline.serving.http.rest import RestError, Target
from pipeline.serving.versions import check, numbers, publish
from pipeline.serving.warm_up import Request, choose_requests, read_requests, write_requests
from pipeline.support.errors import UserError
from tests.serving.conftest import models_config

LATEST = Target("shop", None, None)


def sealed_version(base: Path, number: int) -> Path:
    """A version without a model in it, sealed as one with."""
    export = base.parent / f"export{number}"
    folder = export / "saved_model" / str(number)
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph %d" % number)
    (folder / "variables" / "variables.index").write_bytes(b"weights %d" % number)
    empty: dict[str, str] = {}
    sealed = Manifest(
        stage="export",
        data="shop",
        model="lstm",
        config={},
        inputs=empty,
        code=empty,
        libraries=empty,
        outputs=hash_files(export),
        metrics={},
        seconds=0,
        run_id="run",
    )
    (export / MANIFEST).write_text(sealed.model_dump_json())
    publish(export, base, kept=9)
    return base / str(number)


def loads(folder: Path) -> LoadedVersion:
    """Check a version and pretend to load it."""
    check(folder)
    return LoadedVersion(int(folder.name), {"serving_default": Signature("text", lambda texts: {})}, {})


class Watched:
    """Models of one folder, looked at by hand."""

    def __init__(self, base: Path, config: ModelConfig | None = None) -> None:
        self.counted: list[str] = []
        self.config = config or ModelConfig("shop", base)
        self.models = Models(lambda: [self.config], lambda name, outcome: self.counted.append(outcome), loads)

    def poll(self) -> None:
        self.models.poll()

    def number(self, target: Target = LATEST) -> int:
        return self.models.find(target).number

    def states(self) -> dict[str, str]:
        status = self.models.status(LATEST)["model_version_status"]
        return {one["version"]: f"{one['state']} {one['status']['error_message']}".strip() for one in status}


def test_export_is_published_sealed_and_only_the_newest_are_kept(tmp_path: Path) -> None:
    base = tmp_path / "serving"
    for number in (1, 2, 3):
        sealed_version(base, number)
    publish(tmp_path / "export3", base, kept=2)
    assert sorted(numbers(base)) == [2, 3]
    assert check(base / "3").run_id == "run"
    (base / "3" / "saved_model.pb").write_bytes(b"other")
    publish(tmp_path / "export3", base, kept=2)  # what was damaged there is put right
    check(base / "3")
    (tmp_path / "export3" / "saved_model" / "3" / "saved_model.pb").write_bytes(b"other")
    shutil.rmtree(base / "3")
    with pytest.raises(UserError, match="not as it was sealed"):
        publish(tmp_path / "export3", base, kept=2)
    assert sorted(path.name for path in base.iterdir()) == ["2"]


def test_the_largest_is_served_and_the_old_one_goes_when_the_new_one_is_there(tmp_path: Path) -> None:
    base = tmp_path / "serving"
    sealed_version(base, 9)
    (base / "notes").mkdir()
    (base / "0x20").mkdir()
    seen = Watched(base)
    assert not seen.models.ready
    seen.poll()
    assert seen.models.ready and seen.number() == 9
    sealed_version(base, 10)
    seen.poll()
    assert seen.number() == 10
    assert seen.states() == {"10": "AVAILABLE", "9": "END"}
    with pytest.raises(RestError, match=r"Specific\(shop, 9\)"):
        seen.number(Target("shop", 9, None))
    shutil.rmtree(base)  # what is gone is no reason to stop
    seen.poll()
    assert seen.number() == 10


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no manifest": lambda folder: (folder / "manifest.json").unlink(),
    "half a manifest": lambda folder: (folder / "manifest.json").write_text('{"format": 1,'),
    "another format": lambda folder: (folder / "manifest.json").write_text('{"format": 2}'),
    "an altered graph": lambda folder: (folder / "saved_model.pb").write_bytes(b"graph 0"),
    "half the weights": lambda folder: (folder / "variables" / "variables.index").write_bytes(b"wei"),
    "no weights": lambda folder: (folder / "variables" / "variables.index").unlink(),
    "a foreign file": lambda folder: (folder / "more.py").write_text("import os"),
    "nothing": lambda folder: [shutil.rmtree(folder), folder.mkdir()],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_refused_until_it_is_whole(tmp_path: Path, damage: str) -> None:
    base = tmp_path / "serving"
    sealed_version(base, 1)
    seen = Watched(base)
    seen.poll()
    folder = sealed_version(base, 2)
    whole = tmp_path / "whole"
    shutil.copytree(folder, whole)
    DAMAGES[damage](folder)
    seen.poll()
    seen.poll()
    assert seen.number() == 1
    assert seen.counted == ["loaded", "refused"]  # not tried again and again
    assert seen.states()["2"].startswith("END ") and str(tmp_path) not in seen.states()["2"]
    shutil.rmtree(folder)
    whole.rename(folder)
    seen.poll()
    assert seen.number() == 2


def test_a_copy_of_another_version_is_refused(tmp_path: Path) -> None:
    base = tmp_path / "serving"
    shutil.copytree(sealed_version(base, 1), base / "2")
    seen = Watched(base)
    seen.poll()
    assert seen.number() == 1
    assert seen.states()["2"] == "END its manifest.json is that of version 1"


def test_any_damage_of_a_real_version_is_refused(versions: Path, tmp_path: Path) -> None:
    """Bytes changed, cut off or added anywhere: 50 times by chance."""
    chance = random.Random(1)
    files = sorted(path.relative_to(versions / "7") for path in (versions / "7").rglob("*") if path.is_file())
    for n in range(50):
        folder = tmp_path / str(n) / "7"
        shutil.copytree(versions / "7", folder)
        path = folder / chance.choice(files)
        content = bytearray(path.read_bytes())
        if n % 3 == 0 and content:
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        elif n % 3 == 1 and content:
            del content[chance.randrange(len(content)) :]
        else:
            content += b"more"
        path.write_bytes(content)
        with pytest.raises(UserError) as refused:
            check(folder)
        assert str(tmp_path) not in str(refused.value)
        shutil.rmtree(folder)


def test_a_sealed_version_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"TensorFlow can't load or run it") as refused:
        load_version(sealed_version(tmp_path / "serving", 3))
    assert str(tmp_path) not in str(refused.value)


def test_a_real_version_is_loaded_warm(versions: Path) -> None:
    loaded = load_version(versions / "7")
    assert loaded.number == 7 and set(loaded.signatures) == {"serving_default", "explain"}
    outputs = loaded.signatures["serving_default"].predict([b"a", b""])
    assert list(outputs) == ["positive"] and outputs["positive"].dtype == np.float32


def test_a_version_is_warmed_up_by_the_requests_in_it(versions: Path, tmp_path: Path) -> None:
    requests = read_requests(versions / "7")
    assert [(name, len(texts)) for name, texts in requests][-2:] == [("serving_default", 9), ("explain", 1)]
    asked: list[tuple[str, list[bytes]]] = []

    def signature(name: str, answer: float) -> Signature:
        def predict(texts: list[bytes]) -> Outputs:
            asked.append((name, texts))
            return {"positive": np.full(len(texts), answer, np.float32)}

        return Signature("text", predict)

    signatures = {name: signature(name, 0.5) for name in ("serving_default", "explain")}
    warm_up(signatures, requests)
    assert sorted(asked) == sorted([("serving_default", [b""]), *requests])
    with pytest.raises(UserError, match="a number for each text"):
        warm_up({**signatures, "serving_default": signature("serving_default", np.nan)}, [])
    assert read_requests(tmp_path) == []


def test_warm_up_requests_are_what_tensorflow_serving_reads(tmp_path: Path) -> None:
    """Told apart byte by byte: records framed by length and checksum, each a PredictionLog with a predict_log."""
    texts = ["배우들 연기가 정말 좋았다", "", "별로"]
    write_requests(tmp_path, "shop", choose_requests(texts))
    path = tmp_path / "assets.extra" / "tf_serving_warmup_requests"
    content, logs = path.read_bytes(), []
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        logs.append(PredictionLog.FromString(content[12 : 12 + length]))
        content = content[16 + length :]
    assert 0 < len(logs) <= 1000
    assert {log.WhichOneof("log_type") for log in logs} == {"predict_log"}
    asked = [log.predict_log.request for log in logs]
    assert {(request.model_spec.name, request.model_spec.signature_name) for request in asked} == {
        ("shop", "serving_default"),
        ("shop", "explain"),
    }
    read = [Request(one.model_spec.signature_name, tf.make_ndarray(one.inputs["text"]).tolist()) for one in asked]
    assert read == choose_requests(texts) == read_requests(tmp_path)


def test_models_config_says_versions_and_labels(tmp_path: Path) -> None:
    base, path = tmp_path / "serving", tmp_path / "models.config"
    for number in (1, 2, 3):
        sealed_version(base, number)
    path.write_text(
        models_config("serving", {"stable": 1, "canary": 3, "gone": 9}, "specific { versions: 1 versions: 3 }")
    )
    seen = Watched(base)
    seen.models.read_configs = watched(path)
    seen.poll()
    assert [seen.number(Target("shop", None, label)) for label in ("stable", "canary", None)] == [1, 3, 3]  # type: ignore[arg-type]
    for label in ("gone", "other"):
        with pytest.raises(RestError, match=f"Unrecognized servable version label: {label}"):
            seen.number(Target("shop", None, label))
    path.write_text(models_config("serving", {"stable": 2}, "all {}"))
    seen.poll()
    assert seen.number(Target("shop", None, "stable")) == 2
    assert set(seen.states()) == {"1", "2", "3"}
    path.write_text("model_config_list {")
    seen.poll()  # a mistake in it is said in the log; what is served stays
    assert seen.number() == 3


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("model_config_list {", "not a ModelServerConfig"),
        ("", "must hold at least one model"),
        ('model_config_list { config { name: "a" } }', "needs a name and a base_path"),
        ('model_config_list { config { name: "a" base_path: "b" } config { name: "a" base_path: "c" } }', "each once"),
    ],
)
def test_what_is_wrong_with_a_models_config_is_one_line(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "models.config"
    path.write_text(text)
    with pytest.raises(UserError, match=why) as refused:
        read_models_config(path)
    assert "\n" not in str(refused.value)
    with pytest.raises(UserError, match="No such file"):
        read_models_config(tmp_path / "none")


def test_a_manifest_names_every_file(versions: Path) -> None:
    manifest = json.loads((versions / "7" / "manifest.json").read_text())
    assert "saved_model.pb" in manifest["outputs"] and manifest["version"] == 7
