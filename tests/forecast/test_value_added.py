"""The ladder of steps is measured on the same forecasts, and each step adds what it should."""

from __future__ import annotations

import numpy as np
import pytest

from invnb.forecast.compare import compare_models
from invnb.forecast.value_added import STEPS, forecast_value_added


@pytest.fixture(scope="module")
def comparison(steady: object) -> object:
    return compare_models(
        steady.panel, steady.features, steady.sku_segments, horizon_periods=6, origins=4, seed=3,
        models=("exponential_smoothing", "moving_average"),
    )  # fmt: skip


def test_each_step_up_the_ladder(comparison: object) -> None:
    table = forecast_value_added(comparison)
    assert set(table.groupby("demand_class")["step"].apply(tuple)) == {tuple(STEPS)}
    parts = table[table["demand_class"] != "all"].groupby("step", sort=False)["n"].sum()
    whole = table[table["demand_class"] == "all"].set_index("step")
    assert (whole["n"] == parts).all()
    drop = 100 * (whole["wape"].iloc[0] - whole["wape"].iloc[-1])
    assert whole["value_added_points"].iloc[1:].sum() == pytest.approx(drop)
    # An empty shelf read as no demand must cost the lowest step; a mean beats the last value.
    assert whole.loc["naive_demand", "value_added_points"] > 0
    assert whole.loc["smoothing", "value_added_points"] > 2
    assert whole["scaled_pinball"].iloc[-1] < whole["scaled_pinball"].iloc[0]


def test_the_lowest_step_is_last_periods_sales(comparison: object) -> None:
    """WAPE of the first step, worked out from the panel again."""
    inputs, folds = comparison.inputs, comparison.folds
    error, demand = 0.0, 0.0
    for k, origin in enumerate(folds.origins):
        total = folds.demand[k, :, :4].sum(axis=1)
        known = ~np.isnan(total) & ~np.isnan(inputs.demand[:, :origin]).all(axis=1)
        last = 4 * np.nan_to_num(inputs.sold[:, origin - 1])
        error += np.abs(last - total)[known].sum()
        demand += total[known].sum()
    table = forecast_value_added(comparison)
    assert table["wape"].iloc[0] == pytest.approx(error / demand)
