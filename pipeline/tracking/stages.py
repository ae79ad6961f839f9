"""Log stages to MLflow.

Each model has one run: train opens it, and the stages that read train resume it. Every other stage has a run of its
own.
"""

import json
import sys
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.artifact.manifest import Manifest, digest_of
from pipeline.artifact.tables import read_table
from pipeline.tracking.registry import register
from pipeline.tracking.store import DATA_TAG, connect, find_experiment, named_store

LOGGED_SUFFIXES = {".json", ".md", ".png", ".tsv", ".html"}  # files to look at in the UI; data and weights stay out
# Also tables of MLflow, which its UI compares row by row: it groups by the first column and shows the second.
LOGGED_TABLES = {"pairs.tsv": ("pos", "pos_positive"), "behaviour.tsv": ("text", "positive")}
KIND_TAG, NOTE_TAG = "mlflow.experimentKind", "mlflow.note.content"  # MLflow's own: the kind of view, the description
MODEL_TRAINING = "custom_model_development"  # the kind whose view is that of models and their metrics, not of traces
DESCRIPTION = """One run a model, named after its cell and preset: `train` opens it, later stages resume it. `ingest`, \
`tokenize` and `pretrain` have runs of their own.

What to compare:

- `test_accuracy` beside `baseline_test_accuracy`: TF-IDF with logistic regression, on the same reviews;
- `pair_consistency` and `pair_ranked` beside the baseline's: whether context decides, on hand-written pairs;
- `shuffled_drop`: what the order of words is worth; `behaviour_*_failure`: the less, the better;
- row by row, in the artifact view of chosen runs: the tables `evaluate/pairs.json` and `evaluate/behaviour.json`, \
grouped by `text` (or `pos` and `neg`), compared by `positive` (or `pos_positive`).

Compare runs of one `ingest_digest` only, and mind the seed: `make compare` gives means over seeds."""
ARTIFACT_TAG = "maekrak_artifact"  # of a run: the artifact that it was opened for


class RunLostError(Exception):
    """MLflow's store no longer holds the run of a model."""


def log_stage(artifacts: Path, sealed: Manifest, folder: Path, inputs: dict[str, Manifest]) -> str:
    """Log a stage's metrics, curves and readable files; register the model that export wrote.

    What was logged of this artifact by a process that was killed is completed. No two processes may call this at once.

    Args:
        sealed: the stage's manifest.
        folder: holds the stage's outputs.
        inputs: the manifests of the stages that it read, by name.

    Returns:
        The id of the run: that of train where the stage read train, else a new one.

    Raises:
        RunLostError: if the store does not hold the run of train.
    """
    mlflow = connect(artifacts)
    resumed: str | None
    if "train" in inputs:
        resumed = _run_of_train(mlflow, inputs["train"])
    else:
        resumed = _unfinished_run(mlflow, _experiment_id(mlflow, artifacts, sealed.data), sealed)
    tags = {} if "train" in inputs else {ARTIFACT_TAG: _identity(sealed)}
    with mlflow.start_run(run_id=resumed, run_name=None if resumed else _run_name(sealed), tags=tags) as run:
        if "train" not in inputs:
            _log_origin(mlflow, sealed, inputs)
        mlflow.set_tag(f"{sealed.stage}_digest", sealed.digest)
        mlflow.log_metrics(sealed.metrics | {f"{sealed.stage}_seconds": sealed.seconds})
        _log_curves(mlflow, folder / "curves.json")
        for path in sealed.outputs:
            if Path(path).suffix in LOGGED_SUFFIXES:
                mlflow.log_artifact(str(folder / path), str(Path(sealed.stage, path).parent))
            if path in LOGGED_TABLES:
                _log_table(mlflow, folder / path, f"{sealed.stage}/{Path(path).stem}.json")
        if sealed.stage == "export":
            register(mlflow, artifacts, sealed, folder, inputs["ingest"])
        return str(run.info.run_id)


def _experiment_id(mlflow: Any, artifacts: Path, data: str) -> str:
    """Return the experiment of a data set, made the present one: created if there is none, restored if deleted."""
    experiment = find_experiment(mlflow, data)
    if experiment is None:
        # Where files of another store go is for that store to know.
        place = None if named_store() else (artifacts / "mlflow" / "artifacts" / data).resolve().as_uri()
        experiment = mlflow.get_experiment(mlflow.create_experiment(data, place, tags={DATA_TAG: data}))
    _restore_experiment(mlflow, experiment)
    for tag, value in ((DATA_TAG, data), (KIND_TAG, MODEL_TRAINING), (NOTE_TAG, DESCRIPTION)):
        if tag not in experiment.tags:  # it is new, or of a store from before the tag; what users wrote stays
            mlflow.MlflowClient().set_experiment_tag(experiment.experiment_id, tag, value)
    mlflow.set_experiment(experiment_id=experiment.experiment_id)
    return str(experiment.experiment_id)


def _restore_experiment(mlflow: Any, experiment: Any) -> None:
    if experiment.lifecycle_stage != "active":
        mlflow.MlflowClient().restore_experiment(experiment.experiment_id)
        _say(f"the experiment {experiment.name} had been deleted; it is restored, since a stage logs to it")


def _run_of_train(mlflow: Any, train: Manifest) -> str:
    """Return the id of train's run, restored if it was deleted, with its experiment as the present one."""
    try:
        run = mlflow.get_run(train.run_id)
    except mlflow.exceptions.MlflowException:  # unknown to the store
        raise RunLostError(train.run_id) from None
    _restore_experiment(mlflow, mlflow.get_experiment(run.info.experiment_id))
    if mlflow.get_run(train.run_id).info.lifecycle_stage != "active":
        mlflow.MlflowClient().restore_run(train.run_id)
        _say(f"the run {run.info.run_name} of {train.data} had been deleted; it is restored, since a stage logs to it")
    mlflow.set_experiment(experiment_id=run.info.experiment_id)
    _end_killed_runs(mlflow, run.info.experiment_id)
    return train.run_id


def _unfinished_run(mlflow: Any, experiment_id: str, sealed: Manifest) -> str | None:
    """Return the run that a killed process began for the same artifact, if there is one."""
    _end_killed_runs(mlflow, experiment_id)
    found = _search(mlflow, experiment_id, f"tags.{ARTIFACT_TAG} = '{_identity(sealed)}'")
    return found[0].info.run_id if found else None


def _end_killed_runs(mlflow: Any, experiment_id: str) -> None:
    """Mark as killed the runs of this project that seem to go on: only one process logs at a time, which is this.

    Not in a store that others share: what goes on there may be theirs.
    """
    if named_store():
        return
    for run in _search(mlflow, experiment_id, "attributes.status = 'RUNNING'"):
        if {ARTIFACT_TAG, "maekrak_version"} & run.data.tags.keys():
            mlflow.MlflowClient().set_terminated(run.info.run_id, "KILLED")


def _search(mlflow: Any, experiment_id: str, query: str) -> list[Any]:
    found: list[Any] = mlflow.search_runs(experiment_ids=[experiment_id], filter_string=query, output_format="list")
    return found


def _identity(sealed: Manifest) -> str:
    """Return what tells an artifact from all others, made from the same or not."""
    return digest_of(sealed.model_dump(exclude={"run_id"}))


def _say(text: str) -> None:
    print(f"mlflow: {text}", file=sys.stderr, flush=True)


def _run_name(sealed: Manifest) -> str:
    """Return the model's name for train, else the model's and the stage's, or the stage's alone."""
    return " ".join(filter(None, (sealed.model, None if sealed.stage == "train" else sealed.stage)))


def _log_origin(mlflow: Any, sealed: Manifest, inputs: dict[str, Manifest]) -> None:
    """Log what a run was made from: the config of the stage and its inputs, digests, code, version and data set."""
    for name, manifest in {**inputs, sealed.stage: sealed}.items():
        mlflow.log_params({f"{name}.{key}": value for key, value in manifest.config.items()})
    for name, manifest in inputs.items():
        mlflow.set_tag(f"{name}_digest", manifest.digest)
    mlflow.set_tag("code_digest", digest_of(sealed.code))
    mlflow.set_tag("maekrak_version", __version__)
    data = inputs.get("ingest", sealed)
    if data.stage == "ingest":
        from mlflow.data.code_dataset_source import CodeDatasetSource
        from mlflow.data.meta_dataset import MetaDataset

        source = CodeDatasetSource({"dataset": data.config["dataset"]})
        mlflow.log_input(MetaDataset(source, name=data.data, digest=data.digest[:32]), context=sealed.stage)


def _log_table(mlflow: Any, path: Path, name: str) -> None:
    """Log a table of ours as one of MLflow, in place of an earlier evaluation's, to which MLflow would append."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    run = mlflow.active_run()
    store = get_artifact_repository(run.info.artifact_uri)
    if name in [file.path for file in store.list_artifacts(str(Path(name).parent))]:
        store.delete_artifacts(name)
    rows = read_table(path)
    if rows:
        columns = dict.fromkeys([*LOGGED_TABLES[path.name], *rows[0]])
        mlflow.log_table({column: [row[column] for row in rows] for column in columns}, name)


def _log_curves(mlflow: Any, path: Path) -> None:
    """Log each curve as a metric `epoch_<name>` with the epoch as its step; nothing if there is no such file."""
    if path.exists():
        for name, values in json.loads(path.read_text("utf-8")).items():
            for epoch, value in enumerate(values, start=1):
                mlflow.log_metric(f"epoch_{name}", value, step=epoch)
