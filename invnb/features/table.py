"""Stage 02's table: one row per product and period, the coming horizon included."""

from __future__ import annotations

import pandas as pd


def build_features(
    panel: pd.DataFrame,
    products: pd.DataFrame,
    promotions: pd.DataFrame,
    page_views: pd.DataFrame,
    *,
    country: str,
    horizon_periods: int,
) -> pd.DataFrame:
    """Return the feature table: columns `sku`, `period`, `demand` and those of `feature_catalogue()`."""
    raise NotImplementedError
