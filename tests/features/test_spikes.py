"""One order beyond all before does not become a product's level; growth is followed."""

from __future__ import annotations

import numpy as np

from invnb.features.spikes import LEAST_SALES, MOST_TIMES, cut_spikes


def test_a_spike_is_cut_and_growth_is_followed() -> None:
    rng = np.random.default_rng(4)
    calm = rng.poisson(8.0, (3, 60)).astype(float) + 1
    demand = calm.copy()
    demand[0, 30] = 80_995.0
    demand[1, 30:] = 5_000.0  # a new level, for good
    demand[2, LEAST_SALES - 1] = 9_000.0  # too little is known to call it odd
    cut = cut_spikes(demand)
    assert cut[0, 30] == MOST_TIMES * calm[0, :30].max()
    assert np.array_equal(np.delete(cut[0], 30), np.delete(calm[0], 30))
    assert cut[1, 30] < 5_000.0
    assert (cut[1, 32:] == 5_000.0).all()
    assert np.array_equal(cut[2], demand[2])


def test_what_comes_later_changes_nothing_and_unknown_stays_unknown() -> None:
    rng = np.random.default_rng(5)
    demand = rng.negative_binomial(1, 0.05, (40, 80)).astype(float)
    demand[rng.random(demand.shape) < 0.2] = np.nan
    later = demand.copy()
    later[:, 50:] *= 1_000
    assert np.array_equal(cut_spikes(demand)[:, :50], cut_spikes(later)[:, :50], equal_nan=True)
    assert np.array_equal(np.isnan(cut_spikes(later)), np.isnan(later))
