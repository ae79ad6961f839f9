"""The runs of a data set's models, read from MLflow."""

from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.config.names import STAGES
from pipeline.tracking.store import connect


class Run(NamedTuple):
    name: str
    started: str  # local time
    seed: str
    origin: frozenset[tuple[str, str]]  # parameters but for the seed, and digests of what train read and of its code
    metrics: dict[str, float]  # with pretrain_seconds, which took place in a run of its own, or nowhere: 0


def model_runs(artifacts: Path, data: str) -> list[Run]:
    """The runs of a data set's models, newest first."""
    mlflow = connect(artifacts)
    if mlflow.get_experiment_by_name(data) is None:
        return []
    runs = mlflow.search_runs(
        experiment_names=[data],
        filter_string="tags.train_digest != ''",
        output_format="list",
        order_by=["start_time DESC"],
    )
    pretrained = _pretrain_seconds(mlflow, data)
    return [
        Run(
            run.info.run_name,
            f"{datetime.fromtimestamp(run.info.start_time / 1000):%Y-%m-%d %H:%M}",
            run.data.params["train.seed"],
            _origin(run.data),
            run.data.metrics | {"pretrain_seconds": pretrained.get(run.data.tags.get("pretrain_digest"), 0.0)},
        )
        for run in runs
    ]


def _pretrain_seconds(mlflow: Any, data: str) -> dict[str, float]:
    """How long it took to make each pretrain artifact of a data set, by its digest."""
    runs = mlflow.search_runs(
        experiment_names=[data],
        filter_string="metrics.pretrain_seconds > 0",
        run_view_type=mlflow.entities.ViewType.ALL,  # one that was deleted took its time too
        output_format="list",
        order_by=["start_time"],  # the newest is the last word
    )
    return {run.data.tags["pretrain_digest"]: run.data.metrics["pretrain_seconds"] for run in runs}


def _origin(run: Any) -> frozenset[tuple[str, str]]:
    digests = {f"{what}_digest" for what in (*STAGES[: STAGES.index("train")], "code")}
    parameters = run.params.items() - {("train.seed", run.params["train.seed"])}
    return frozenset(parameters | {(name, value) for name, value in run.tags.items() if name in digests})
