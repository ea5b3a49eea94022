"""The panel as arrays: unknown stays unknown, and a gap is refused instead of shifting every lag."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from invnb.features.wide import to_wide

WEEKS = pd.date_range("2026-01-05", periods=3, freq="7D")


def _rows(sku: str, units: list[float | None], location: str = "main", status: str = "sold") -> pd.DataFrame:
    return pd.DataFrame(
        {"sku": sku, "location": location, "period": WEEKS, "status": status, "units": units,
         "available_share": 1.0, "censored": False, "net_price": 9.5}
    )  # fmt: skip


def test_rows_in_any_order_land_in_their_place() -> None:
    panel = pd.concat([_rows("B", [1, None, 3]), _rows("A", [4, 5, 6])]).sample(frac=1, random_state=3)
    wide = to_wide(panel)
    assert wide.sku.tolist() == ["A", "B"]
    np.testing.assert_array_equal(wide.units, [[4, 5, 6], [1, np.nan, 3]])
    assert wide.period_days == 7
    assert np.isnan(wide.page_views).all()


def test_returns_never_make_demand_negative() -> None:
    assert to_wide(_rows("A", [-2, 0, 3])).units.tolist() == [[0, 0, 3]]


def test_locations_add_up_and_a_stock_out_at_one_makes_the_sum_a_lower_bound() -> None:
    second = _rows("A", [None, 2, 2], "east")
    second.loc[0, "status"] = "out_of_stock"
    wide = to_wide(pd.concat([_rows("A", [4, 5, 6]), second]))
    assert wide.units.tolist() == [[4, 7, 8]]
    assert wide.censored.tolist() == [[True, False, False]]


def test_wrong_panels_are_refused_in_words() -> None:
    whole = _rows("A", [1, 2, 3])
    with pytest.raises(ValueError, match="panel must have the column censored"):
        to_wide(whole.drop(columns="censored"))
    with pytest.raises(ValueError, match="each product once in each of its 3 periods"):
        to_wide(pd.concat([whole, _rows("B", [1, 2, 3]).iloc[:2]]))
    with pytest.raises(ValueError, match="each product once"):
        to_wide(pd.concat([whole, whole.iloc[:1]]))
    with pytest.raises(ValueError, match="at least one product"):
        to_wide(whole.iloc[:0])
    gap = whole.assign(period=pd.to_datetime(["2026-01-05", "2026-01-12", "2026-01-26"]))
    with pytest.raises(ValueError, match="evenly spaced periods, got a gap after 2026-01-12"):
        to_wide(gap)
