"""Every entry makes of another project's environment the one that the pipeline needs, before it imports a library."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.support.environment import NEEDED, OF_PYTHON, _is_foreign, prepare_environment

ROOT = Path(__file__).parents[2]
FOREIGN = {
    "KERAS_BACKEND": "torch",
    "KERAS_MAX_EPOCHS": "1",
    "KERAS_MAX_STEPS_PER_EPOCH": "1",
    "TF_USE_LEGACY_KERAS": "1",
    "TF_XLA_FLAGS": "--no_such_flag",  # TensorFlow would abort
    "TF_CONFIG": '{"cluster": {"worker": ["a:1", "b:1"]}}',
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "MLFLOW_RUN_ID": "0" * 32,
    "MLFLOW_EXPERIMENT_ID": "99",
    "MLFLOW_EXPERIMENT_NAME": "another",
    "MLFLOW_PORT": "5001",
    "MPLBACKEND": "NoSuchBackend",
    "OMP_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
}
HONOURED = {
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "MLFLOW_PORT": "5001",
    "OMP_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
}
LIBRARIES = """
import json, keras, mlflow, tensorflow as tf
from pathlib import Path
from pipeline.support.figures import figure
from pipeline.tracking.stages import log_stage
from tests.tracking.test_stages import TRAINED
import matplotlib

figure(1, 1)
run_id = log_stage(Path("artifacts"), TRAINED, Path(), {})
print(json.dumps({
    "backend": keras.config.backend(),
    "floatx": keras.config.floatx(),
    "image_data_format": keras.config.image_data_format(),
    "keras": tf.keras.__version__[0],
    "limit": keras.config.max_epochs(),
    "lines": matplotlib.rcParams["lines.linewidth"],
    "experiment": mlflow.get_experiment(mlflow.get_run(run_id).info.experiment_id).name,
}))
"""


def test_importing_it_changes_nothing_and_calling_it_sets_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*filter(_is_foreign, os.environ), *OF_PYTHON, "MATPLOTLIBRC"]:
        monkeypatch.delenv(name, raising=False)
    for name, value in FOREIGN.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    prepare_environment()
    after = dict(os.environ)
    assert {name: after.get(name) for name in HONOURED} == HONOURED
    assert {name: after.get(name) for name in NEEDED} == NEEDED
    gone = {"KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH", "TF_XLA_FLAGS", "TF_CONFIG"}
    assert before.keys() - after.keys() == gone | {
        "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME",
    }  # fmt: skip
    assert after["MPLBACKEND"] == "agg"
    prepare_environment()
    assert dict(os.environ) == after


def test_the_backend_of_a_notebook_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    prepare_environment()
    assert os.environ["MPLBACKEND"] == "module://matplotlib_inline.backend_inline"


def test_the_libraries_are_the_same_in_a_foreign_environment(tmp_path: Path) -> None:
    config = {"floatx": "float16", "epsilon": 1e-3, "backend": "jax", "image_data_format": "channels_first"}
    home = tmp_path / "home"
    (home / ".keras").mkdir(parents=True)
    (home / ".keras" / "keras.json").write_text(json.dumps(config), "utf-8")
    (home / ".config" / "matplotlib").mkdir(parents=True)
    (home / ".config" / "matplotlib" / "matplotlibrc").write_text("lines.linewidth: 9\n", "utf-8")
    prepare = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    prepare += "from pipeline.support.environment import prepare_environment; prepare_environment()\n"
    kept = {name: value for name, value in os.environ.items() if name not in NEEDED}
    done = subprocess.run(
        [sys.executable, "-c", prepare + LIBRARIES],
        cwd=tmp_path,
        env=kept | FOREIGN | {"HOME": str(home)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "backend": "tensorflow", "floatx": "float32", "image_data_format": "channels_last", "keras": "3",
        "limit": None, "lines": 1.5, "experiment": "shop",
    }  # fmt: skip
    assert [path.name for path in (home / ".keras").iterdir()] == ["keras.json"]


def test_make_drops_what_python_reads_before_its_first_line(tmp_path: Path) -> None:
    foreign = {"PYTHONSAFEPATH": "1", "PYTHONPATH": str(tmp_path), "PYTHONWARNINGS": "error", "PYTHONOPTIMIZE": "2"}
    (tmp_path / "yaml.py").write_text("raise SystemExit('another project's yaml')", "utf-8")
    done = subprocess.run(
        ["make", "plans", f"ARTIFACTS={tmp_path}"],
        cwd=ROOT,
        env=os.environ | foreign,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "maekrak" / "ingest.json").exists()
    unexported = re.search(r"^unexport (.*)$", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE)
    assert unexported and tuple(unexported[1].split()) == OF_PYTHON


@pytest.mark.parametrize(
    "page", sorted((ROOT / "notebooks").glob("*/*.py")), ids=lambda page: page.parent.name + page.stem
)
def test_a_notebook_prepares_it_before_any_library(page: Path) -> None:
    lines = page.read_text("utf-8").splitlines()
    light = r"from pipeline\.(artifact|support\.(environment|silenced_stderr))\b"
    heavy = [n for n, line in enumerate(lines) if re.match(r" *(from pipeline|import (keras|numpy|tensorflow))", line)
             and not re.match(light, line)]  # fmt: skip
    assert lines.index("prepare_environment()  # before the first import of Keras") < heavy[0]
