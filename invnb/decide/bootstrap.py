"""Intervals of sums over time: blocks of periods are drawn, so that what hangs together stays together."""

from __future__ import annotations

import numpy as np

BLOCK_PERIODS = 4
N_RESAMPLES = 2000
LEVEL = 0.95


def block_bootstrap(
    values: np.ndarray, rng: np.random.Generator, block_periods: int = BLOCK_PERIODS
) -> tuple[float, float]:
    """95 % interval of the sum of a time series, by the circular block bootstrap.

    For a paired comparison of two policies hand in the differences, period by period.

    Parameters
    ----------
    values : (n_period,), for example a cost per period.
    rng : generator of the resamples.
    block_periods : length of a block; at most half of the series is used.

    Returns
    -------
    Lower and upper end.

    Source
    ------
    Politis, D. N. and Romano, J. P. (1992), A circular block-resampling procedure for stationary data.

    Examples
    --------
    >>> low, high = block_bootstrap(np.array([1.0, 3.0] * 13), np.random.default_rng(0))
    >>> low <= 52.0 <= high
    True
    >>> block_bootstrap(np.full(26, 2.0), np.random.default_rng(0))
    (52.0, 52.0)
    """
    n = len(values)
    if n == 0:
        raise ValueError("values must hold at least one period, got none")
    block = max(1, min(block_periods, n // 2))
    n_blocks = -(-n // block)
    starts = rng.integers(0, n, (N_RESAMPLES, n_blocks))
    index = (starts[:, :, None] + np.arange(block)).reshape(N_RESAMPLES, -1)[:, :n] % n
    low, high = np.quantile(values[index].sum(axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
