"""Segments of products: ABC by revenue, XYZ by variability, the demand class, and KMeans groups in words."""

from __future__ import annotations

import pandas as pd


def segment_products(panel: pd.DataFrame, features: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Return `sku_segments`: `sku`, `abc`, `xyz`, `demand_class`, `cluster`, `cluster_label`, and their grounds."""
    raise NotImplementedError
