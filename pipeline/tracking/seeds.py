"""Group runs that differ in nothing but their seed."""

from pipeline.tracking.history import Run

ALIKE = ("baseline_test_accuracy", "baseline_pair_consistency")  # where these differ, other items were measured


def by_seed(runs: list[Run]) -> list[list[Run]]:
    """Return the runs that differ in nothing but their seed, the newest of each, where there are two seeds or more.

    Args:
        runs: newest first.
    """
    groups: dict[object, dict[str, Run]] = {}
    for run in runs:
        baseline = tuple(run.metrics.get(name) for name in ALIKE)
        groups.setdefault((run.name, run.origin, baseline), {}).setdefault(run.seed, run)
    return [list(seeds.values()) for seeds in groups.values() if len(seeds) > 1]


def newest_of_each(runs: list[Run]) -> list[list[Run]]:
    """Return each model's newest run, with those that differ from it in nothing but their seed.

    Only runs on the data of the newest run of all are taken: figures of different data can't be compared.

    Args:
        runs: newest first.
    """
    alike = [run for run in runs if run.ingest_digest == runs[0].ingest_digest]
    newest = {run.name: run for run in reversed(alike)}.values()
    return [next((group for group in by_seed(alike) if group[0] is run), [run]) for run in newest]
