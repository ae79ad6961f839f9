"""The evidence as the page shows it: a row a measure, with each model's mean and the gain over the baseline.

What a measure is called, in which table it stands and how it is written says the registry. One that it doesn't know, of
another version, goes by its own name.
"""

from typing import NamedTuple

from pipeline.evidence.registry import Measure, Title, find_measure, shown_in

GROUPS = ("main", "distance", "pairs", "behaviour")

Row = dict[str, str]  # of evidence.tsv, by its columns


class Mean(NamedTuple):
    """A mean and its 95 % interval as people read them; the interval is empty where there is none."""

    value: str
    interval: str = ""


class EvidenceRow(NamedTuple):
    """A measure on the page.

    Attributes:
        items: how many it is of. models: a mean of each model, in their order. gain: of the first over the baseline.
        certain: whether the interval of the gain leaves 0 out.
    """

    title: Title
    group: str
    items: str
    models: list[Mean]
    baseline: Mean
    gain: Mean
    certain: bool


def evidence_rows(tables: dict[str, list[Row]]) -> dict[str, EvidenceRow]:
    """Return a row for each measure of the first model, by name, with what other models have of it.

    Args:
        tables: the rows of each model's `evidence.tsv`.
    """
    by_measure = [{row["measure"]: row for row in table} for table in tables.values()]
    return {name: _evidence_row(name, [rows.get(name) for rows in by_measure]) for name in by_measure[0]}


def by_group(rows: dict[str, EvidenceRow]) -> dict[str, list[EvidenceRow]]:
    """Return the rows of each table of the page, by its group."""
    return {group: [row for row in rows.values() if row.group == group] for group in GROUPS}


def headlines(rows: dict[str, EvidenceRow]) -> list[EvidenceRow]:
    """Return the rows that are shown large at the top of the page."""
    return [rows[name] for name, _ in shown_in("headline") if name in rows]


def mean(row: Row, value: str, low: str, high: str) -> Mean:
    """Return a share and its interval, by the names of their columns."""
    return Mean(percent(row[value]), _between(percent(row[low]), percent(row[high])) if row[low] and row[high] else "")


def percent(share: float | str) -> str:
    """Return a share as people read it, with a true minus; a dash where there is none.

    >>> percent("0.8724"), percent("-0.05"), percent("")
    ('87.2%', '−5.0%', '–')
    """
    return f"{100 * float(share):.1f}%".replace("-", "−") if share != "" else "–"


def points(share: str) -> str:
    """Return a difference of shares in percentage points, its sign before it; a dash where there is none.

    >>> points("0.0212"), points("-0.05"), points("")
    ('+2.1', '−5.0', '–')
    """
    return f"{100 * float(share):+.1f}".replace("-", "−") if share else "–"


def _evidence_row(name: str, of_models: list[Row | None]) -> EvidenceRow:
    own = of_models[0]
    assert own is not None
    measure = find_measure(name) or Measure("share", Title(name, name))
    low, high = own["gain_low"], own["gain_high"]
    in_points = measure.kind in ("share", "difference")
    write_gain = points if in_points else _signed
    return EvidenceRow(
        title=measure.title,
        group=measure.group,
        items=f"{int(own['count']):,}",
        models=[_mean_of(row, "model", in_points) for row in of_models],
        baseline=_mean_of(own, "baseline", in_points),
        gain=Mean(write_gain(own["gain"]), f"{write_gain(low)} … {write_gain(high)}" if low and high else ""),
        certain=bool(low and high) and (float(low) > 0 or float(high) < 0),
    )


def _mean_of(row: Row | None, who: str, in_percent: bool) -> Mean:
    if row is None:
        return Mean("–")
    columns = (who, f"{who}_low", f"{who}_high")
    if in_percent:
        return mean(row, *columns)
    value, low, high = (_plain(row[column]) for column in columns)
    return Mean(value, _between(low, high) if row[columns[1]] else "")


def _between(low: str, high: str) -> str:
    return f"{low}–{high}"


def _plain(value: str) -> str:
    return value.replace("-", "−") if value else "–"


def _signed(value: str) -> str:
    return f"{float(value):+.4f}".replace("-", "−") if value else "–"
