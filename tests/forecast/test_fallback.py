"""Products a model cannot know: what is borrowed, what is widened, what has ended, and the reason named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from invnb.forecast import fallback
from invnb.forecast.inputs import Inputs, make_inputs


@pytest.fixture(scope="module")
def data(degenerate: object) -> Inputs:
    return make_inputs(degenerate.panel, degenerate.features)


def test_a_new_products_own_demand_weighs_more_the_longer_it_is_known(data: Inputs) -> None:
    """Own forecast 40 beside a start of about 8: after four known periods four fifths of the way."""
    own = np.full((data.n_sku, 2), 40.0)
    start = fallback.with_fallback(data, np.full_like(own, np.nan), 70)[5, 0]
    assert 4 < start < 12
    for origin, known in ((67, 1), (70, 4)):
        blended = fallback.with_fallback(data, own, origin)
        begun = fallback.with_fallback(data, np.full_like(own, np.nan), origin)[4, 0]
        assert blended[4] == pytest.approx((known * 40 + begun) / (known + 1))
        assert (blended[8] == 40).all()  # known for long: its own alone


def test_nothing_is_expected_after_the_end_and_a_part_in_its_last_period(data: Inputs) -> None:
    share = data.on_sale_share.copy()
    share[8, 70:73] = [1.0, 3 / 7, 0.0]
    share[9, 70:] = 0.0
    ending = replace(data, on_sale_share=share)
    forecast = fallback.with_fallback(ending, np.full((data.n_sku, 3), 7.0), 70)
    assert forecast[8].tolist() == pytest.approx([7.0, 3.0, 0.0])
    assert (forecast[9] == 0).all()
    assert fallback.reasons(ending, 70, 3)[8:10].tolist() == ["", "ended: no longer on sale"]


def test_a_forecast_of_zero_leaves_a_hair_for_a_product_on_sale(data: Inputs) -> None:
    forecast = fallback.with_fallback(data, np.zeros((data.n_sku, 2)), 70)
    assert (forecast > 0).all()
    assert forecast[8].max() <= fallback.LEAST_DEMAND


def test_a_start_is_that_of_launched_products_and_sees_no_later_period(data: Inputs) -> None:
    demand = np.full((8, 30), 50.0)  # five known from the first period on, three launched later
    demand[5:, :10] = np.nan
    demand[5:, 10:] = [[2.0], [4.0], [6.0]]
    nothing = np.full((8, 1), np.nan)

    def start(units: np.ndarray) -> float:
        some = replace(data, demand=units, level=np.full((8, 31), 5.0), on_sale_share=np.ones((8, 40)))
        return float(fallback.with_fallback(some, nothing, 20)[0, 0])

    later = demand.copy()
    later[5:, 20:] = 900.0
    assert start(demand) == start(later) == 4.0


def test_the_little_known_and_the_long_unseen_are_widened(data: Inputs) -> None:
    extra = fallback.extra_variation(data, 70)
    assert extra[8] == 0
    assert extra[4] == pytest.approx(1 / 5)  # four known periods
    assert extra[5] == 1  # none
    assert extra[7] == fallback.UNSEEN_VARIATION  # nothing for 40 periods


def test_the_reason_says_what_is_done(data: Inputs) -> None:
    demand = data.demand.copy()
    demand[8, :-3] = np.nan
    demand[8, -3:] = 0.0
    bound = data.lower_bound.copy()
    bound[9] = True
    bound[10, :35] = True
    reasons = fallback.reasons(replace(data, demand=demand, lower_bound=bound), 70, 6)
    # It gets the blend of a new product, not half a unit over three periods.
    assert reasons[8].startswith("new: 3 known periods without a sale, partly borrowed")
    assert reasons[9] == "sold out in 70 of 70 known periods: demand beyond sales is a guess"
    assert reasons[10] == ""
