"""What the labels of one's own reviews mean: bad, good, or to be left out."""

import unicodedata
from typing import Any, NamedTuple

from pipeline.support.errors import UserError

KNOWN = "neg, negative, 0, false, 부정 / pos, positive, 1, true, 긍정"
STARS = "1-2 / 4-5"


class Range(NamedTuple):
    """Numbers from `low` to `high`, both included."""

    low: float
    high: float


class Side:
    """The labels of one class: words and ranges of numbers."""

    def __init__(self, spelled: str) -> None:
        self.words: set[str] = set()
        self.ranges: list[Range] = []
        for item in filter(None, (_fold(part) for part in spelled.split(","))):
            if numbers := _as_range(item):
                self.ranges.append(numbers)
            else:
                self.words.add(item)

    def __contains__(self, value: str) -> bool:
        number = _as_number(value)
        return value in self.words or (number is not None and any(low <= number <= high for low, high in self.ranges))


class Labels:
    """The meaning of labels, from a line such as `1-2 / 4-5` or `bad / good / mixed`.

    The first part is bad, the second good; those of a third, and numbers between two ranges, are left out.

    >>> stars = Labels("1-2 / 4-5")
    >>> stars(1), stars("5"), stars(3.0)
    (0, 1, None)
    >>> Labels(None)("긍정"), Labels("나쁨 / 좋음 / 모름")("모름")
    (1, None)
    """

    def __init__(self, spelled: str | None) -> None:
        self.spelled = spelled or KNOWN
        parts = [Side(part) for part in self.spelled.split("/")]
        if len(parts) not in (2, 3) or not all(part.words or part.ranges for part in parts):
            raise UserError(f"ingest.files.labels: {spelled!r}: must be bad / good, such as {KNOWN!r} or {STARS!r}")
        self.bad, self.good, *self.left_out = parts
        self.between = _between(self.bad, self.good) if spelled else None

    def __call__(self, value: Any) -> int | None:
        """Return 0 for bad, 1 for good, None for what is left out.

        Raises:
            ValueError: for any other label.
        """
        folded = _fold(str(value))
        is_bad, is_good = folded in self.bad, folded in self.good
        if is_bad != is_good:
            return int(is_good)
        number = _as_number(folded)
        is_between = self.between is not None and number is not None and self.between.low < number < self.between.high
        if any(folded in part for part in self.left_out) or (is_between and not is_bad):
            return None
        raise ValueError(value)


def _between(bad: Side, good: Side) -> Range | None:
    """Return the gap between two sides of numbers, whichever is the lower; None where a side has none."""
    if not (bad.ranges and good.ranges):
        return None
    lower, upper = sorted((bad, good), key=lambda side: min(side.ranges))
    return Range(max(one.high for one in lower.ranges), min(one.low for one in upper.ranges))


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().casefold()


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _as_range(text: str) -> Range | None:
    """Return a number as a range of one, or two numbers with a hyphen between them; None for a word.

    >>> _as_range("4-5"), _as_range("-1"), _as_range("neg")
    (Range(low=4.0, high=5.0), Range(low=-1.0, high=-1.0), None)
    """
    if (alone := _as_number(text)) is not None:
        return Range(alone, alone)
    low, _, high = text[1:].partition("-")  # the first character may be a sign
    bounds = _as_number(text[0] + low), _as_number(high)
    return Range(bounds[0], bounds[1]) if bounds[0] is not None and bounds[1] is not None else None
