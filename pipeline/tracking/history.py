"""Read the runs of a data set's models from MLflow."""

from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.config.names import STAGES
from pipeline.tracking.store import connect, find_experiment


class Run(NamedTuple):
    """A model's run.

    Attributes:
        name: of the model.
        started: local time, as it is shown.
        origin: all parameters but the seed, and digests of what train read and of its code. Runs of one origin differ
            in nothing but their seed.
        metrics: with `pretrain_seconds`, 0 where nothing was pretrained.
        ingest_digest: of the data, dev and test included. Metrics of different data can't be compared.
        run_id: MLflow's.
    """

    name: str
    started: str
    seed: str
    origin: frozenset[tuple[str, str]]
    metrics: dict[str, float]
    ingest_digest: str
    run_id: str


def model_runs(artifacts: Path, data: str) -> list[Run]:
    """Return the runs of a data set's models, newest first."""
    mlflow = connect(artifacts)
    experiment = find_experiment(mlflow, data)
    if experiment is None:
        return []
    runs = mlflow.search_runs(
        experiment_ids=[experiment.experiment_id],
        filter_string="tags.train_digest != ''",
        output_format="list",
        order_by=["start_time DESC"],
    )
    pretrain_seconds = _pretrain_seconds(mlflow, experiment.experiment_id)
    return [
        Run(
            name=run.info.run_name,
            started=f"{datetime.fromtimestamp(run.info.start_time / 1000):%Y-%m-%d %H:%M}",
            seed=run.data.params["train.seed"],
            origin=_origin(run.data),
            metrics=run.data.metrics
            | {"pretrain_seconds": pretrain_seconds.get(run.data.tags.get("pretrain_digest"), 0.0)},
            ingest_digest=run.data.tags.get("ingest_digest", ""),
            run_id=run.info.run_id,
        )
        for run in runs
    ]


def _pretrain_seconds(mlflow: Any, experiment_id: str) -> dict[str, float]:
    """Return how long each pretrain artifact of an experiment took to make, by its digest."""
    runs = mlflow.search_runs(
        experiment_ids=[experiment_id],
        filter_string="metrics.pretrain_seconds > 0",
        run_view_type=mlflow.entities.ViewType.ALL,  # a deleted run took its time too
        output_format="list",
        order_by=["start_time"],  # of runs with one digest the newest counts
    )
    return {run.data.tags["pretrain_digest"]: run.data.metrics["pretrain_seconds"] for run in runs}


def _origin(run: Any) -> frozenset[tuple[str, str]]:
    digests = {f"{name}_digest" for name in (*STAGES[: STAGES.index("train")], "code")}
    parameters = run.params.items() - {("train.seed", run.params["train.seed"])}
    return frozenset(parameters | {(name, value) for name, value in run.tags.items() if name in digests})
