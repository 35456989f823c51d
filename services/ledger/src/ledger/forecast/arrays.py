"""What the forecast's arrays are called, and the little arithmetic that NumPy does not bring."""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

CERTAIN = 1e-9  # no rate is nearer to never or always than this, so that it has a logit


def logit(rate: Floats) -> Floats:
    """The log odds of a rate."""
    inside = np.clip(rate, CERTAIN, 1 - CERTAIN)
    return np.log(inside) - np.log1p(-inside)


def expit(odds: Floats) -> Floats:
    """The rate of log odds."""
    return 1 / (1 + np.exp(-odds))


def log_gamma(x: Floats) -> Floats:
    """The logarithm of the gamma function for x > 0, to about ten digits: Stirling's series from x + 8, and back."""
    high = x + 8
    series = (high - 0.5) * np.log(high) - high + 0.5 * np.log(2 * np.pi)
    series += 1 / (12 * high) - 1 / (360 * high**3) + 1 / (1260 * high**5)
    steps: Floats = np.log(x * (x + 1) * (x + 2) * (x + 3)) + np.log((x + 4) * (x + 5) * (x + 6) * (x + 7))
    result: Floats = series - steps
    return result


def total_by(labels: Ints, values: Ints, size: int) -> Ints:
    """Sums of `values` (cells first) by the label of each cell: exact, in whole children."""
    out = np.zeros((size, *values.shape[1:]), dtype=np.int64)
    np.add.at(out, labels, values)
    return out
