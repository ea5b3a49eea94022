"""What a page may say of a product only where the data know it."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd


def only_known(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables without a delay where the stock is assumed, and without a substitute where there is none.

    Parameters
    ----------
    tables : tables of a run by name. `position` (sku, assumed) names products whose stock is assumed,
        `products` (sku, substitute_group) those that stand in for each other; each is used where given.

    Returns
    -------
    The same tables; `late_by_days` of `orders` and `alerts` and `alternative_code` of `alerts` are emptied.

    Examples
    --------
    >>> tables = {"position": pd.DataFrame({"sku": ["a", "b"], "assumed": [True, False]}),
    ...           "orders": pd.DataFrame({"sku": ["a", "b"], "late_by_days": [3, 4]})}
    >>> only_known(tables)["orders"]["late_by_days"].tolist()
    [nan, 4.0]
    """
    result = dict(tables)
    position, products = tables.get("position"), tables.get("products")
    if position is not None and {"sku", "assumed"} <= set(position):
        assumed = position.loc[position["assumed"].fillna(False).astype(bool), "sku"]
        for name in ("orders", "alerts"):
            table = result.get(name)
            if len(assumed) and table is not None and {"sku", "late_by_days"} <= set(table):
                late = table["late_by_days"].astype(float).mask(table["sku"].isin(assumed))
                result[name] = table.assign(late_by_days=late)
    alerts = result.get("alerts")
    if products is None or alerts is None or not {"sku", "alternative_code"} <= set(alerts):
        return result
    groups = products.reindex(columns=["sku", "substitute_group"]).dropna()
    groups = groups[groups["substitute_group"].astype(str).str.strip() != ""]
    with_others = groups.loc[groups.duplicated("substitute_group", keep=False), "sku"]
    none = alerts["alternative_code"].eq("SUBSTITUTE").fillna(False) & ~alerts["sku"].isin(with_others)
    result["alerts"] = alerts.assign(alternative_code=alerts["alternative_code"].mask(none))
    return result
