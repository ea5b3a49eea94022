"""The check accepts the features that are built, and refuses one that looks ahead."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest

from invnb.features.leak_check import LEAK, leak_check
from invnb.features.table import FEATURES, build_features

EMPTY = pd.DataFrame()


@pytest.fixture
def panel() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    n, t = 6, 80
    units = rng.poisson(6, n * t).astype(float)
    out = rng.random(n * t) < 0.05
    return pd.DataFrame(
        {"sku": np.repeat([f"S{i}" for i in range(n)], t),
         "period": np.tile(pd.date_range("2024-01-01", periods=t, freq="7D"), n),
         "status": np.where(out, "out_of_stock", "sold"), "units": np.where(out, np.nan, units),
         "available_share": np.where(out, 0.0, 1.0), "censored": rng.random(n * t) < 0.1,
         "net_price": rng.uniform(4, 6, n * t), "discount_share": rng.uniform(0, 0.2, n * t),
         "page_views": rng.poisson(40, n * t).astype(float)}
    )  # fmt: skip


def build(panel: pd.DataFrame) -> pd.DataFrame:
    return build_features(panel, EMPTY, EMPTY, EMPTY, country="CN", horizon_periods=4)


def test_only_the_leak_made_on_purpose_is_refused(panel: pd.DataFrame) -> None:
    checked = leak_check(panel, build)
    assert checked.loc[~checked["accepted"], "column"].tolist() == [LEAK]
    assert set(checked["column"]) == {*(feature.column for feature in FEATURES), LEAK}
    assert checked.loc[checked["known_at"] == "start of period", "values"].min() > 0


@pytest.mark.parametrize("column", ["lag_1", "price_ratio", "views_ratio", "holiday_share", "demand"])
def test_a_column_that_looks_ahead_is_refused(panel: pd.DataFrame, column: str) -> None:
    def leaky(some: pd.DataFrame) -> pd.DataFrame:
        features = build(some)
        ahead = some.groupby("sku")["units"].transform(lambda units: units.iloc[-1])
        known = pd.Series(ahead.to_numpy(), index=pd.MultiIndex.from_frame(some[["sku", "period"]]))
        by_row = known.reindex(pd.MultiIndex.from_frame(features[["sku", "period"]])).to_numpy()
        return features.assign(**{column: features[column] + np.nan_to_num(by_row)})

    checked = leak_check(panel, leaky)
    assert set(checked.loc[~checked["accepted"], "column"]) == {column, LEAK}


def test_the_check_takes_what_the_notebook_gives(panel: pd.DataFrame) -> None:
    given = partial(
        build_features, products=EMPTY, promotions=EMPTY, page_views=EMPTY, country="CN", horizon_periods=4
    )
    assert leak_check(panel, given)["accepted"].sum() == len(FEATURES)
