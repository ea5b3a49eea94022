"""Our vectorised exponential smoothing against statsmodels', product by product."""

import math

import numpy as np
import pytest

from invnb.features.lags import smoothed
from invnb.forecast.models.statistical import SMOOTHING_RATES


@pytest.mark.parametrize("rate", SMOOTHING_RATES)
def test_levels_are_those_of_statsmodels(rate: float) -> None:
    from statsmodels.tsa.holtwinters import SimpleExpSmoothing

    history = np.random.default_rng(3).poisson([[2.0], [30.0], [400.0]], (3, 60)).astype(float)
    ours = smoothed(history, rate)[:, -1]
    # Ours starts as a running mean while 1 / k is above the rate; statsmodels goes on from there.
    start = math.floor(1 / rate + 1e-9)
    for row, level in zip(history, ours, strict=True):
        peer = SimpleExpSmoothing(
            row[start:], initialization_method="known", initial_level=row[:start].mean()
        ).fit(smoothing_level=rate, optimized=False)
        assert level == pytest.approx(peer.forecast(1)[0], rel=1e-12)
