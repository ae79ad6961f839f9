"""What was made answers: predict, the runs in MLflow and the registered champion."""

import json
import re
import shlex
import shutil

import pytest

from pipeline.artifact.manifest import read_manifest
from pipeline.config.names import CELL_STAGES
from tests.project import ROOT, Project

SERVING = (ROOT / "pipeline" / "serving" / "README.md").read_text("utf-8")


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


LINES = "좋았다\n\n   \n😀😀\na\0b\n".encode() + "죽".encode() * 10_000 + "\n배우들 연기가 죽인다\n".encode()


@pytest.fixture(scope="module")
def predictions(project: Project) -> list[str]:
    """The rows that predict prints of a file."""
    (project.root / "lines.txt").write_bytes(LINES)
    return project.make("predict", "FILE=lines.txt").stdout.split("\n")[:-1]


def test_predict_reads_a_text_a_file_and_standard_input(project: Project, predictions: list[str]) -> None:
    one = project.make("predict", "TEXT=배우들 연기가 \"정말\" $HOME 'x' 좋았다")
    assert one.returncode == 0, one.stderr
    header, line = one.stdout.splitlines()
    assert header == "positive\tlabel\ttext"
    assert re.fullmatch(r"[01]\.\d{4}\t(pos|neg)\t배우들 연기가 \"정말\" \$HOME 'x' 좋았다", line)
    by_stdin = project.make("predict", stdin=LINES)
    assert by_stdin.stdout.split("\n")[:-1] == predictions
    assert [len(row.split("\t")) for row in predictions] == [3] * 8


def test_predict_ends_quietly_when_its_reader_has_read_enough(project: Project) -> None:
    (project.root / "many.txt").write_text("좋았다\n" * 20_000, "utf-8")
    piped = f"{shlex.join(project.command('predict', 'FILE=many.txt'))} | head -1"
    done = project.run("bash", "-o", "pipefail", "-c", piped)
    assert (done.returncode, done.stdout, done.stderr) == (0, "positive\tlabel\ttext\n", "")


def test_mlflow_holds_one_run_for_a_model_with_the_same_figures(project: Project) -> None:
    metrics = project.manifest("evaluate")["metrics"]
    log_another_seed(project, metrics["test_accuracy"] - 0.2)
    table = project.make("compare")
    assert table.returncode == 0, table.stderr
    assert re.search(rf"leaky .* 1 .*{metrics['test_accuracy']:.1%}", table.stdout)
    mean = 100 * metrics["test_accuracy"] - 10
    assert len(re.findall(rf"leaky, mean of 2 seeds .* {mean:.1f} ± 14.1%", table.stdout)) == 1

    from pipeline.tracking.store import connect

    mlflow = connect(project.root / "artifacts")
    run = mlflow.get_run(project.manifest("train")["run_id"])
    assert run.info.run_name == "leaky"
    for stage in sorted(set(CELL_STAGES) - {"pretrain"}):  # it learnt nothing, so there was nothing to log
        assert project.manifest(stage)["run_id"] == run.info.run_id
        metrics = project.manifest(stage)["metrics"]
        assert {name: run.data.metrics[name] for name in metrics} == metrics
    assert run.data.params["train.units"] == "[8]"
    assert run.inputs.dataset_inputs[0].dataset.name == "shop"
    logged = {item.path for item in mlflow.artifacts.list_artifacts(run_id=run.info.run_id, artifact_path="explain")}
    assert {"explain/reading.png", "explain/report.html", "explain/attribution.tsv"} <= logged


def test_the_champion_is_registered_and_reads_as_predict_does(project: Project, predictions: list[str]) -> None:
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", SERVING, flags=re.DOTALL) if "champion" in block]
    lines = code.replace("maekrak-maekrak", "maekrak-shop").splitlines()
    shown = "\n".join([*lines[:-1], f"print([float(p) for p in {lines[-1]}])"])
    answer = project.run(".venv/bin/python", "-c", shown)
    assert answer.returncode == 0, answer.stderr
    positive, _, text = predictions[-1].split("\t")
    assert text == "배우들 연기가 죽인다"
    assert [f"{p:.4f}" for p in json.loads(answer.stdout)] == [positive]


@pytest.mark.slow
def test_a_project_that_was_moved_finds_its_runs_and_its_champion(project: Project, predictions: list[str]) -> None:
    place = project.root
    project.root = place.rename(place.with_name("moved to 100%"))
    try:
        table = project.make("compare")
        assert table.returncode == 0, table.stderr
        assert len(table.stderr.splitlines()) == 1 and "it is told its new place" in table.stderr
        assert project.started("all") == set()
        project.root = project.root.rename(place.with_name("moved again"))
        assert "it is told its new place" in project.make("compare").stderr
        test_the_champion_is_registered_and_reads_as_predict_does(project, predictions)
    finally:
        project.root = project.root.rename(place)


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


@pytest.mark.slow
def test_a_store_that_is_gone_is_made_again(project: Project) -> None:
    shutil.rmtree(project.root / "artifacts" / "mlflow")
    done = project.make("evaluate", "SET=evaluate.worst_errors=3")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr and "not logged" not in done.stderr
    table = project.make("compare")
    assert table.returncode == 0, table.stderr
    assert f"{project.manifest('evaluate')['metrics']['test_accuracy']:.1%}" in table.stdout
