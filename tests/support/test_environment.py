"""Every entry makes of another project's environment the one that the pipeline needs, before it imports a library."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.__main__ import main
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


def nobody(uid: int) -> None:
    raise KeyError(f"getpwuid(): uid not found: {uid}")


@pytest.mark.parametrize("home", [None, "", "/", "/no/such/folder"])
def test_without_a_home_there_is_one_for_the_time_of_the_process(
    home: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted: list[object] = []
    monkeypatch.setattr("pwd.getpwuid", nobody)
    monkeypatch.setattr("atexit.register", lambda delete, folder, **_: deleted.append(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "gone"))
    for name in ("HOME", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    if home is not None:
        monkeypatch.setenv("HOME", home)
    prepare_environment()
    found = Path.home()
    assert os.environ["LOGNAME"] == str(os.getuid())
    assert Path(os.environ["TMPDIR"]).is_dir() and deleted == [str(found)]
    prepare_environment()
    assert Path.home() == found and len(deleted) == 1
    found.rmdir()


def test_without_any_temporary_folder_it_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("tempfile._candidate_tempdir_list", list)
    assert main(["summary", "--artifacts", str(tmp_path), "--data", "maekrak", "--cell", "lstm", "--preset", ""]) == 1
    line = "error: TMPDIR: no folder for temporary files can be written to; set it to one that can\n"
    assert capsys.readouterr().err == line


CONTAINER = f"""
import os, pwd, sys
sys.path.insert(0, {str(ROOT)!r})
def nobody(uid):
    raise KeyError(uid)
pwd.getpwuid = nobody
os.umask(0o077)
from pipeline.__main__ import main
sys.exit(main(["ingest", "--artifacts", "artifacts", "--data", "nsmc", "--cell", "lstm", "--preset", "",
               "--set", "ingest.dev_fraction=0.4"]))
"""


@pytest.mark.slow
def test_a_user_whom_the_system_does_not_know_ingests_and_leaves_no_cache(tmp_path: Path) -> None:
    data, work, temporary = (tmp_path / name for name in ("data", "work", "temporary"))
    for folder in (data, work, temporary):
        folder.mkdir()
    for name in ("train", "test"):
        rows = (f"{n}\t{name} {n}번 {('나쁘다', '좋다')[n % 2]}\t{n % 2}\n" for n in range(40))
        (data / f"ratings_{name}.txt").write_text("id\tdocument\tlabel\n" + "".join(rows), "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", CONTAINER],
        cwd=work,
        env={"NSMC_DIR": str(data), "TMPDIR": str(temporary), "HOME": "/"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert [line.split()[1] for line in done.stderr.splitlines()] == ["started:", "done"]
    assert [path.name for path in work.iterdir()] == ["artifacts"]
    assert not list(temporary.glob("maekrak-*"))
    assert not Path("/tensorflow_datasets").exists()
