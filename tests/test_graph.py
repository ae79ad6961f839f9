"""The main job from end to end, in a copy of the project, on the data set and cell that the pages show.

The tests run in order on one project: each finds it as the one before left it, everything made.
"""

import json
import os
import re
import resource
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest

from pipeline.artifact.manifest import read_manifest
from tests.project import ROOT, Project

SERVING = (ROOT / "pipeline" / "serving" / "README.md").read_text("utf-8")
CELL_STAGES = {"pretrain", "train", "evaluate", "explain", "export"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("graph"))


def manifest(project: Project, stage: str, cell: str = "leaky") -> dict:
    return json.loads((project.folder(stage, cell) / "manifest.json").read_text("utf-8"))


def log_another_seed(project: Project, accuracy: float) -> None:
    """Log the model that stands there once more, as if it had been trained with another seed."""
    from pipeline.tracking.stages import log_stage

    before = ("ingest", "tokenize", "pretrain")
    read = {stage: read_manifest(project.folder(stage)) for stage in (*before, "train", "evaluate")}
    train, evaluate = read["train"], read["evaluate"]
    train = train.model_copy(update={"config": train.config | {"seed": 99}})
    evaluate = evaluate.model_copy(update={"metrics": evaluate.metrics | {"test_accuracy": accuracy}})
    inputs = {name: read[name] for name in before}
    run_id = log_stage(project.root / "artifacts", train, project.folder("train"), inputs)
    inputs["train"] = train.model_copy(update={"run_id": run_id})
    log_stage(project.root / "artifacts", evaluate, project.folder("evaluate"), inputs)


def edit(project: Project, name: str, old: str, new: str) -> None:
    path = project.root / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def only_line(error: str) -> str:
    """The error's one line; make adds its own below it."""
    lines = [
        line for line in error.splitlines() if not re.match(r"make|.*: (started|up to date|done|.* left out)", line)
    ]
    assert len(lines) == 1, error
    return lines[0]


def test_the_first_run_makes_everything_and_sums_it_up(project: Project) -> None:
    done = project.make("all")
    assert done.returncode == 0, done.stderr
    metrics = manifest(project, "evaluate")["metrics"]
    assert metrics["test_accuracy"] > 0.9
    assert re.search(rf"Accuracy on test +{metrics['test_accuracy']:.1%}", done.stdout)
    assert f"baseline {metrics['baseline_test_accuracy']:6.1%}" in done.stdout
    assert "두 시간 동안 시간만 죽인다!" in done.stdout
    assert "next: make predict DATA=shop CELL=leaky" in done.stdout
    assert "Traceback" not in done.stderr


def test_the_second_run_does_nothing(project: Project) -> None:
    before = {path: path.stat().st_mtime_ns for path in (project.root / "artifacts" / "shop").rglob("*")}
    assert project.started("all") == set()
    after = {path: path.stat().st_mtime_ns for path in (project.root / "artifacts" / "shop").rglob("*")}
    assert after == before


@pytest.mark.parametrize(
    ("old", "new", "reruns"),
    [
        ("{compared_texts: 40}", "{compared_texts: 30}", {"export"}),
        (
            "tokenize: {vocab_size: 512, phrases: [죽인다]}",
            "tokenize: {vocab_size: 512, phrases: [미쳤다]}",
            {"tokenize"},
        ),
    ],
    ids=["export", "tokenize"],
)
def test_editing_a_section_reruns_its_stage(project: Project, old: str, new: str, reruns: set[str]) -> None:
    edit(project, "configs/data/shop.yaml", old, new)
    started = project.started("all")
    assert reruns <= started
    assert started - reruns <= CELL_STAGES - {"train"} | ({"train"} if "tokenize" in reruns else set())


def test_code_that_is_not_of_a_stage_reruns_nothing(project: Project) -> None:
    for name in ("pipeline/cells/gru.py", "pipeline/compare.py", "pipeline/datasets/nsmc/ratings.py"):
        edit(project, name, '"""', '"""Edited. ')
    (project.root / "pipeline" / "train.py").touch()
    assert project.started("all") == set()


def test_editing_a_module_reruns_the_stages_it_is_part_of(project: Project) -> None:
    edit(project, "pipeline/explain.py", '"""explain:', '"""explain, edited:')
    assert project.started("all") == {"explain"}


def test_a_value_for_one_run(project: Project) -> None:
    assert project.started("explain", "SET=explain.text='한 번만 죽인다'") == {"explain"}
    assert manifest(project, "explain")["config"]["text"] == "한 번만 죽인다"
    assert project.started("all") == {"explain"}


def test_another_cell_reuses_the_data_stages(project: Project) -> None:
    assert project.started("evaluate", "CELL=vanilla") == {"pretrain", "train", "evaluate"}
    assert project.started("all") == {"explain"}  # it shows the new one too
    flows = (project.folder("explain") / "gradient_flow.tsv").read_text("utf-8")
    assert {"leaky", "vanilla"} <= set(re.findall(r"leaky|vanilla", flows))
    assert '<th scope="col">vanilla</th>' in (project.folder("explain") / "report.html").read_text("utf-8")


def test_other_local_files_are_other_data(project: Project) -> None:
    path = project.shop / "train.tsv"
    kept = path.read_text("utf-8")
    path.write_text(kept + "pos\t새로 온 리뷰\n", "utf-8")
    assert project.started("ingest") == {"ingest"}
    path.write_text(kept, "utf-8")
    assert project.started("all") == {"ingest"}  # what it writes is what it wrote before: nothing after it runs


def test_an_altered_artifact_is_refused_and_can_be_made_again(project: Project) -> None:
    path = project.folder("train") / "model.keras"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    refused = project.make("evaluate", "SET=evaluate.worst_errors=3")
    assert refused.returncode != 0
    assert re.match(r"error: artifacts/shop/leaky/train/model\.keras: has sha256 .*; delete", only_line(refused.stderr))
    subprocess.run(["rm", "-r", str(project.folder("train"))], check=True)
    # The same weights, but a new run, to which all figures belong.
    assert project.started("all") == CELL_STAGES - {"pretrain"}


def test_a_killed_stage_goes_on_and_the_last_result_is_kept(project: Project) -> None:
    sealed = (project.folder("train") / "manifest.json").read_bytes()
    other = "SET=train.seed=7 train.epochs=12 train.patience=12"
    running = subprocess.Popen(
        project.command("train", other),
        cwd=project.root,
        env=project.environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert running.stderr is not None
    assert any(b"started" in line for line in iter(running.stderr.readline, b""))
    while running.poll() is None and not list(project.folder("train").parent.glob(".train.*.partial/.checkpoint.npz")):
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    running.stderr.close()
    assert (project.folder("train") / "manifest.json").read_bytes() == sealed
    assert project.started("train") == set()  # without SET the sealed result is the right one
    resumed = project.make("train", other)
    assert "shop/leaky/train: resumed\n" in resumed.stderr
    assert manifest(project, "train")["config"]["seed"] == 7
    assert set(manifest(project, "train")["outputs"]) == {"model.keras", "curves.json"}
    assert not list(project.folder("train").parent.glob(".*partial"))
    assert "train" in project.started("all")


def test_the_cell_of_the_page_is_held_to_the_contract(project: Project) -> None:
    command = [".venv/bin/python", "-m", "pytest", "tests/cells/test_leaky.py"]  # as pipeline/README.md has it
    done = subprocess.run(command, cwd=project.root, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout or "[100%]" in done.stdout


def test_predict_reads_a_text_a_file_and_standard_input(project: Project) -> None:
    one = project.make("predict", "TEXT=배우들 연기가 \"정말\" $HOME 'x' 좋았다")
    assert one.returncode == 0, one.stderr
    header, line = one.stdout.splitlines()
    assert header == "positive\tlabel\ttext"
    assert re.fullmatch(r"[01]\.\d{4}\t(pos|neg)\t배우들 연기가 \"정말\" \$HOME 'x' 좋았다", line)
    odd = "좋았다\n\n   \n😀😀\na\0b\n".encode() + "죽".encode() * 10_000 + b"\n"
    (project.root / "lines.txt").write_bytes(odd)
    by_file, by_stdin = project.make("predict", "FILE=lines.txt"), project.make("predict", stdin=odd)
    assert by_file.stdout == by_stdin.stdout
    assert [len(row.split("\t")) for row in by_file.stdout.split("\n")[:-1]] == [3] * 7


def test_predict_ends_quietly_when_its_reader_has_read_enough(project: Project) -> None:
    (project.root / "lines.txt").write_text("좋았다\n" * 20_000, "utf-8")
    piped = f"{shlex.join(project.command('predict', 'FILE=lines.txt'))} | head -1"
    done = project.run("bash", "-o", "pipefail", "-c", piped)
    assert (done.returncode, done.stdout, done.stderr) == (0, "positive\tlabel\ttext\n", "")


def test_a_stage_is_not_done_when_nobody_reads_its_lines(project: Project) -> None:
    stage = 'ingest --artifacts artifacts --data shop --cell leaky --preset ""'
    done = project.run("bash", "-c", f"set -o pipefail; .venv/bin/python -m pipeline {stage} 2>&1 | true")
    assert done.returncode != 0


def test_mlflow_holds_one_run_for_a_model_with_the_same_figures(project: Project) -> None:
    metrics = manifest(project, "evaluate")["metrics"]
    log_another_seed(project, metrics["test_accuracy"] - 0.2)
    table = project.make("compare")
    assert table.returncode == 0, table.stderr
    assert re.search(rf"leaky .* 1 .*{metrics['test_accuracy']:.1%}", table.stdout)
    mean = 100 * metrics["test_accuracy"] - 10
    assert len(re.findall(rf"leaky, mean of 2 seeds .* {mean:.1f} ± 14.1%", table.stdout)) == 1
    assert re.search(r"vanilla ", table.stdout)

    from pipeline.tracking.store import connect

    mlflow = connect(project.root / "artifacts")
    run = mlflow.get_run(manifest(project, "train")["run_id"])
    assert run.info.run_name == "leaky"
    for stage in sorted(set(CELL_STAGES) - {"pretrain"}):  # it learnt nothing, so there was nothing to log
        assert manifest(project, stage)["run_id"] == run.info.run_id
        assert {name: run.data.metrics[name] for name in manifest(project, stage)["metrics"]} == manifest(
            project, stage
        )["metrics"]
    assert run.data.params["train.units"] == "[8]"
    assert run.inputs.dataset_inputs[0].dataset.name == "shop"
    logged = {item.path for item in mlflow.artifacts.list_artifacts(run_id=run.info.run_id, artifact_path="explain")}
    assert {"explain/reading.png", "explain/report.html", "explain/attribution.tsv"} <= logged


def test_the_champion_is_registered_and_reads_as_predict_does(project: Project) -> None:
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", SERVING, flags=re.DOTALL) if "champion" in block]
    lines = code.replace("maekrak-maekrak", "maekrak-shop").splitlines()
    shown = "\n".join([*lines[:-1], f"print([float(p) for p in {lines[-1]}])"])
    answer = project.run(".venv/bin/python", "-c", shown)
    assert answer.returncode == 0, answer.stderr
    row = project.make("predict", "TEXT=배우들 연기가 죽인다").stdout.splitlines()[1]
    assert [f"{p:.4f}" for p in json.loads(answer.stdout)] == [row.split("\t")[0]]


def test_the_champion_is_the_best_on_the_present_data(project: Project) -> None:
    from pipeline.tracking.stages import log_stage
    from pipeline.tracking.store import connect

    artifacts = project.root / "artifacts"
    client = connect(artifacts).MlflowClient()
    before = client.get_model_version_by_alias("maekrak-shop", "champion").version
    read = {stage: read_manifest(project.folder(stage)) for stage in ("ingest", "tokenize", "pretrain", "train")}
    export = read_manifest(project.folder("export"))
    other = read["ingest"].model_copy(update={"outputs": {}})
    champions = []
    for ingest, accuracy in ((other, 0.1), (read["ingest"], 0.2)):
        train = read["train"].model_copy(update={"metrics": read["train"].metrics | {"dev_accuracy": accuracy}})
        inputs = read | {"ingest": ingest, "train": train}
        run_id = log_stage(artifacts, train, project.folder("train"), {k: v for k, v in inputs.items() if k != "train"})
        inputs["train"] = train.model_copy(update={"run_id": run_id})
        log_stage(artifacts, export, project.folder("export"), inputs)
        champions.append(client.get_model_version_by_alias("maekrak-shop", "champion").version)
    assert int(champions[0]) > int(before)  # the only one that was measured on that data
    assert champions[1] == before  # the first data again: the worse of two


def test_artifacts_that_cannot_be_written(project: Project, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    failed = project.make("ingest", f"ARTIFACTS={tmp_path / 'file'}")
    assert failed.returncode != 0
    assert only_line(failed.stderr).startswith(f"error: {tmp_path / 'file'}")


def test_a_full_disk(project: Project, tmp_path: Path) -> None:
    """No file may grow beyond 8 KiB: to a writer that is a full disk, met in the middle of a stage."""
    failed = subprocess.run(
        project.command("ingest", f"ARTIFACTS={tmp_path / 'artifacts'}"),
        cwd=project.root,
        env=project.environment,
        check=False,
        capture_output=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)),
    )
    assert failed.returncode != 0
    assert not list(tmp_path.rglob("manifest.json"))
    assert "Traceback" not in failed.stderr.decode()
    assert (
        only_line(failed.stderr.decode()) == f"error: {tmp_path / 'artifacts' / 'shop'}: the disk is full, or its quota"
    )
    assert project.started("ingest", f"ARTIFACTS={tmp_path / 'artifacts'}") == {"ingest"}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["DATA=nope"], "error: DATA=nope: there is no configs/data/nope.yaml; DATA is one of imdb_reviews, maekrak,"),
        (["CELL=nope"], "error: CELL=nope: there is no configs/cell/nope.yaml; CELL is one of coupled, gru,"),
        (["PRESET=nope"], "error: PRESET=nope: there is no configs/preset/nope.yaml; PRESET is one of best, quick"),
        (["SET=train.epochs=-1"], "error: SET: train.epochs: -1: input should be greater than or equal to 1"),
    ],
)
def test_a_bad_choice_is_one_line_within_a_second(project: Project, arguments: list[str], line: str) -> None:
    start = time.monotonic()
    failed = project.make("train", *arguments)
    assert time.monotonic() - start < 3  # TensorFlow alone takes longer to import; a busy machine gets some slack
    assert failed.returncode != 0
    assert only_line(failed.stderr).startswith(line)


def test_a_bad_row_is_one_line(project: Project, tmp_path: Path) -> None:
    (tmp_path / "ratings_train.txt").write_text("id\tdocument\tlabel\n1\t좋다\t3\n")
    (tmp_path / "ratings_test.txt").write_text("id\tdocument\tlabel\n1\t좋다\t1\n")
    failed = subprocess.run(
        project.command("ingest", "DATA=nsmc"),
        cwd=project.root,
        env=project.environment | {"NSMC_DIR": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert failed.returncode != 0
    assert only_line(failed.stderr) == f"error: {tmp_path}/ratings_train.txt: row 2: label '3', must be 0 or 1"
    assert {path.name for path in (project.root / "artifacts" / "nsmc").iterdir()} == {
        "ingest.json", ".ingest.lock", "tokenize.json", "leaky",
    }  # fmt: skip


def test_an_error_in_a_builder_of_one_s_own_is_one_line(project: Project) -> None:
    path = project.shop / "train.tsv"
    kept = path.read_text("utf-8")
    path.write_text(kept + "\n", "utf-8")
    failed = project.make("ingest")
    path.write_text(kept, "utf-8")
    assert failed.returncode != 0
    line = r"error: pipeline/datasets/shop/shop_dataset_builder\.py, line \d+: ValueError: not enough values to unpack"
    assert re.match(line, only_line(failed.stderr))


def test_a_run_that_mlflow_lost_is_named(project: Project) -> None:
    store = project.root / "artifacts" / "mlflow"
    store.rename(store.with_name("elsewhere"))
    failed = project.make("explain", "SET=explain.text='잃어버린 기록'")
    assert only_line(failed.stderr).startswith("error: MLflow no longer holds the run ")
    subprocess.run(["rm", "-r", str(store)], check=True)
    store.with_name("elsewhere").rename(store)
