"""How reliable each supplier is, and what its unreliability costs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invnb.report.exhibit import Exhibit
from invnb.report.inputs import Inputs
from invnb.report.tables import frame_table, rows_of
from invnb.report.wording import Wording

NORMAL_95 = 1.6449  # standard deviations that cover demand in 95 % of cases
P10_TO_P90 = 2.5631  # standard deviations between the 10th and the 90th hundredth of a normal law
OUT_OF_STOCK = ("OUT_NOW", "OUT_BEFORE_RECEIPT")
YEAR = pd.Timedelta(days=365)
CENT_OF_A_UNIT = 0.01


def on_time_in_full(
    purchase_orders: pd.DataFrame, receipts: pd.DataFrame, last_day: pd.Timestamp
) -> pd.DataFrame:
    """Share of order lines received in full by the day first promised, by supplier, over one year.

    Parameters
    ----------
    purchase_orders : columns po_id, line_id, supplier_id, units_ordered, first_promised_date, promised_date.
        Without a first promise the last one counts; a line without any is left out.
    receipts : columns po_id, line_id, receipt_date, units_received, units_rejected.
    last_day : last day of the data; lines promised within the 365 days before it are judged.

    Returns
    -------
    Columns supplier_id, due_lines, otif (share).

    Examples
    --------
    >>> day = pd.Timestamp("2024-03-01")
    >>> lines = pd.DataFrame({"po_id": "P", "line_id": ["1", "2"], "supplier_id": "S", "units_ordered": 5.0,
    ...                       "first_promised_date": day, "promised_date": day})
    >>> came = pd.DataFrame({"po_id": "P", "line_id": ["1", "2"], "receipt_date": day, "units_received": 5.0,
    ...                      "units_rejected": [0.0, 1.0]})
    >>> on_time_in_full(lines, came, day).to_numpy().tolist()
    [['S', 2, 0.5]]
    """
    key = ["po_id", "line_id"]
    promised = purchase_orders["first_promised_date"].fillna(purchase_orders["promised_date"])
    lines = purchase_orders.assign(promised=promised)
    lines = lines[(promised <= last_day) & (promised > last_day - YEAR)]
    came = lines[[*key, "promised"]].merge(receipts, on=key)
    came = came[came["receipt_date"] <= came["promised"]]
    good = (came["units_received"] - came["units_rejected"].fillna(0)).groupby([came[k] for k in key]).sum()
    wanted = lines.set_index(key)["units_ordered"].astype(float)
    full = good.reindex(wanted.index).fillna(0.0) >= wanted - CENT_OF_A_UNIT
    judged = pd.DataFrame({"supplier_id": lines["supplier_id"].to_numpy(), "full": full.to_numpy()})
    table = judged.groupby("supplier_id", as_index=False).agg(
        due_lines=("full", "size"), otif=("full", "mean")
    )
    return table.astype({"otif": float})


def spread_stock_value(economics: pd.DataFrame, forecast: pd.DataFrame, period_days: int) -> pd.Series:
    """Money of the safety stock that a lead time's spread asks for, by sku, at a cycle service of 95 %.

    z (sqrt(L σ² + μ² s²) − sqrt(L σ²)) × unit cost, with demand μ ± σ a period, protection time L (lead time
    and review) and its spread s in periods. Source: Silver, Pyke and Thomas, Inventory and Production
    Management in Supply Chains, 4th edition, equation 6.24.

    Parameters
    ----------
    economics : columns sku, unit_cost, lead_time_days, lead_time_sd_days, review_period_periods.
    forecast : columns sku, mean, p10, p90 in units per period.
    period_days : days in a period.

    Examples
    --------
    >>> terms = pd.DataFrame({"sku": ["a"], "unit_cost": 2.0, "lead_time_days": 7.0,
    ...                       "lead_time_sd_days": [7.0], "review_period_periods": 1})
    >>> demand = pd.DataFrame({"sku": ["a"], "mean": 10.0, "p10": 7.0, "p90": 7.0})
    >>> round(float(spread_stock_value(terms, demand, 7)["a"]), 2)  # 1.6449 x 10 x 2
    32.9
    """
    demand = forecast.groupby("sku")[["mean", "p10", "p90"]].mean()
    terms = economics.drop_duplicates("sku").set_index("sku")
    demand = demand.reindex(terms.index)
    sd = (demand["p90"] - demand["p10"]) / P10_TO_P90
    time = terms["lead_time_days"] / period_days + terms["review_period_periods"]
    steady = time * sd**2
    spread = (demand["mean"] * terms["lead_time_sd_days"] / period_days) ** 2
    return NORMAL_95 * (np.sqrt(steady + spread) - np.sqrt(steady)) * terms["unit_cost"]


def supplier_table(given: Inputs) -> pd.DataFrame:
    """One row for each supplier: products, order lines on time in full, lead time and its spread, late
    deliveries, the stock the spread holds, and the margin at risk in its products.
    """
    economics = given.table("economics", "sku", "supplier_id", "lead_time_days", "lead_time_sd_days")
    columns = ["supplier_name", "products", "lead_time_days", "lead_time_sd_days", "late_orders"]
    if economics.empty:
        return pd.DataFrame(columns=columns)
    alerts = given.table("alerts", "sku", "type", "money_at_risk")
    late = alerts.loc[alerts["type"] == "LATE_PO", "sku"].value_counts()
    risk = alerts[alerts["type"].isin(OUT_OF_STOCK)].groupby("sku")["money_at_risk"].sum()
    forecast = given.table("forecast", "sku", "mean", "p10", "p90")
    known = len(forecast) > 0 and {"unit_cost", "review_period_periods"} <= set(economics)
    days = 7 if given.period == "week" else 1
    held = spread_stock_value(economics, forecast, days) if known else pd.Series(dtype=float)
    sku = economics["sku"]
    rows = economics.assign(
        late_orders=sku.map(late).fillna(0).astype(int),
        risk_value=sku.map(risk).fillna(0.0) if len(alerts) else np.nan,
        spread_stock_value=sku.map(held).astype(float),
    )
    table = rows.groupby("supplier_id", as_index=False).agg(
        products=("sku", "nunique"),
        lead_time_days=("lead_time_days", "mean"),
        lead_time_sd_days=("lead_time_sd_days", "mean"),
        late_orders=("late_orders", "sum"),
        spread_stock_value=("spread_stock_value", lambda value: value.sum(min_count=1)),
        risk_value=("risk_value", lambda value: value.sum(min_count=1)),
    )
    lines = given.table("purchase_orders", "po_id", "line_id", "first_promised_date", "promised_date")
    receipts = given.table("receipts", "po_id", "line_id", "receipt_date", "units_received", "units_rejected")
    if len(lines) and len(receipts):
        last = pd.to_datetime(given.run.get("data_through") or receipts["receipt_date"].max())
        table = table.merge(on_time_in_full(lines, receipts, last), on="supplier_id", how="left")
    table.insert(0, "supplier_name", [supplier_name(key, given) for key in table.pop("supplier_id")])
    by = "spread_stock_value" if table["spread_stock_value"].notna().any() else "lead_time_sd_days"
    return table.sort_values(by, ascending=False, kind="stable").dropna(axis="columns", how="all")


def supplier_name(supplier_id: object, given: Inputs) -> str:
    """A supplier's name from its own table or the orders, or its number."""
    for table, name in (("suppliers", "name"), ("orders", "supplier_name")):
        rows = given.table(table, "supplier_id", name).dropna(subset=[name])
        names = rows.loc[rows["supplier_id"] == supplier_id, name]
        if len(names):
            return str(names.iloc[0])
    return str(supplier_id)


def supplier_sentence(table: pd.DataFrame, w: Wording) -> str:
    """Which supplier's unreliability costs most, from `supplier_table`.

    Examples
    --------
    >>> table = pd.DataFrame({"supplier_name": ["Nordic"], "lead_time_days": [30.0],
    ...                       "lead_time_sd_days": [9.0], "spread_stock_value": [1200.0]})
    >>> supplier_sentence(table, Wording("en", "EUR"))[:52]
    'The lead time of Nordic, 30.0 days, varies by 9.0 da'
    """
    known = table.dropna(subset=["lead_time_sd_days"])
    if known.empty:
        return w("page.no_data")
    row = known.iloc[0] if "spread_stock_value" in known else known.nlargest(1, "lead_time_sd_days").iloc[0]
    days, spread = (w.number(row[key], 1) for key in ("lead_time_days", "lead_time_sd_days"))
    parts = [w("say.suppliers", name=row["supplier_name"], days=days, sd=spread)]
    if pd.notna(row.get("spread_stock_value")):
        parts.append(w("say.suppliers_stock", money=w.money(row["spread_stock_value"])))
    if "otif" in known and known["otif"].notna().any():
        worst = rows_of(known.nsmallest(1, "otif"))[0]
        n = w.number(worst["due_lines"])
        parts.append(
            w("say.suppliers_otif", name=worst["supplier_name"], share=w.share(worst["otif"], 0), n=n)
        )
    return w("format.sentence_space").join(parts)


def suppliers(given: Inputs) -> Exhibit | None:
    """How long and how steadily each supplier delivers, and what its spread costs."""
    w, table = given.w, supplier_table(given)
    if table.empty:
        return None
    keys = (
        "supplier_name", "products", "otif", "due_lines", "lead_time_days", "lead_time_sd_days",
        "late_orders", "spread_stock_value", "risk_value",
    )  # fmt: skip
    title = w("figure.suppliers")
    body = frame_table(table, title, w, [key for key in keys if key in table])
    sentence = supplier_sentence(table, w)
    return Exhibit("suppliers", title, sentence, (), "", body, given.source("economics"), wide=True)
