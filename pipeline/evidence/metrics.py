"""Metrics of probabilities against labels, and intervals of means, as pure functions."""

import numpy as np
from sklearn import metrics as sk

Z = 1.96  # standard errors that a 95 % interval reaches to either side


def classification_metrics(labels: np.ndarray, positive: np.ndarray, bins: int) -> dict[str, float]:
    """Return accuracy, balanced accuracy, F1, ROC AUC, log loss and expected calibration error at threshold 0.5.

    Args:
        labels: 0 or 1 [reviews]; positive: probability of 1 [reviews]; bins: of the calibration error.
    """
    predicted = positive >= 0.5
    return {
        "accuracy": float(sk.accuracy_score(labels, predicted)),
        "balanced_accuracy": float(sk.balanced_accuracy_score(labels, predicted)),
        "f1": float(sk.f1_score(labels, predicted)),
        "roc_auc": float(sk.roc_auc_score(labels, positive)),
        "log_loss": float(sk.log_loss(labels, positive.astype(float), labels=[0, 1])),
        "calibration_error": calibration_error(labels, positive, bins),
    }


def calibration_error(labels: np.ndarray, positive: np.ndarray, bins: int) -> float:
    """Return the expected calibration error (Guo et al. 2017).

    It is the mean gap, over equal-width bins of the probability weighted by their size, between how often the class is
    positive and how often the model says so.

    >>> calibration_error(np.array([0, 1, 1, 1]), np.array([0.75, 0.75, 0.75, 0.75]), bins=10)
    0.0
    """
    bin_of = np.minimum((positive * bins).astype(int), bins - 1)
    counts = np.bincount(bin_of, minlength=bins)
    gaps = np.bincount(bin_of, positive - labels, bins)  # per bin: count x (mean probability - share of positives)
    return float(np.abs(gaps).sum() / counts.sum())


def both_right(pos: np.ndarray, neg: np.ndarray) -> np.ndarray:
    """Return for each pair whether both members are predicted correctly; the share of such pairs is their consistency.

    It is the contrast consistency of Gardner et al. 2020, of contrast sets of two.

    Args:
        pos, neg: probability of positive for the good and the bad member of each pair [pairs].

    >>> both_right(np.array([0.9, 0.9]), np.array([0.1, 0.8])).tolist()
    [True, False]
    """
    both: np.ndarray = (pos >= 0.5) & (neg < 0.5)
    return both


def pairwise_ranking_accuracy(pos: np.ndarray, neg: np.ndarray) -> np.ndarray:
    """Return for each pair whether the good member is above the bad one, wherever both stand.

    The share of such pairs is `ranked`.

    >>> pairwise_ranking_accuracy(np.array([0.9, 0.9]), np.array([0.1, 0.8])).tolist()
    [True, True]
    """
    above: np.ndarray = pos > neg
    return above


def wilson(share: float, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share that was seen in `count` trials (Wilson 1927).

    >>> low, high = wilson(0.5, 100)
    >>> round(low, 3), round(high, 3)
    (0.404, 0.596)
    """
    middle = (share + Z * Z / (2 * count)) / (1 + Z * Z / count)
    reach = Z / (1 + Z * Z / count) * np.sqrt(share * (1 - share) / count + Z * Z / (4 * count**2))
    return max(0.0, float(middle - reach)), min(1.0, float(middle + reach))


def share_interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of a mean share: Wilson's where the values are 0 and 1, else the bootstrap's.

    >>> low, high = share_interval(np.array([1, 1, 1]))
    >>> round(low, 2), high
    (0.44, 1.0)
    """
    if set(np.unique(values)) <= {0, 1}:
        return wilson(float(np.mean(values)), len(values))
    return bootstrap(values)


def difference_interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of a mean difference.

    Where the values are -1, 0 and 1, as of one answer less another, it is that of Agresti & Min 2005: half an item more
    of each kind, right by the one alone or by the other, so that where both are alike throughout, or differ but once,
    nothing is certain yet. Of any other values it is the bootstrap's.

    >>> low, high = difference_interval(np.array([1] + [0] * 15))
    >>> round(low, 2), round(high, 2)
    (-0.1, 0.21)
    """
    if not set(np.unique(values)) <= {-1, 0, 1}:
        return bootstrap(values)
    count = len(values) + 2
    up, down = ((values == sign).sum() + 0.5 for sign in (1, -1))
    reach = Z * np.sqrt(up + down - (up - down) ** 2 / count) / count
    return float((up - down) / count - reach), float((up - down) / count + reach)


def bootstrap(values: np.ndarray, resamples: int = 2000, seed: int = 1) -> tuple[float, float]:
    """Return the 95 % interval of a mean by means over as many values, drawn with return (Efron 1979).

    The values of our measures are few and come often, so counts of them are drawn, not rows. It would make a certainty
    of values that are all alike.
    """
    distinct, counts = np.unique(values, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(values), counts / len(values), size=resamples)
    low, high = np.quantile(drawn @ distinct / len(values), (0.025, 0.975))
    return float(low), float(high)


INTERVALS = {  # of a mean, by the kind of its measure
    "share": share_interval,
    "difference": difference_interval,
    "score": bootstrap,
    "loss": bootstrap,
}
