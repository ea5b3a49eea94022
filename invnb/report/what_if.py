"""What happens if demand is high, a delivery is late or costs rise: read off the tables of this run.

The orders stay as proposed; `make compare` runs the plan again with other parameters and is exact.
"""

from __future__ import annotations

import pandas as pd

from invnb.report import say
from invnb.report.exhibit import Exhibit
from invnb.report.inputs import Inputs
from invnb.report.tables import columns_of, html_table, rows_of

LATE_WEEKS = 3
COST_RISE = 0.05


def late_stock(projection: pd.DataFrame, late_periods: int) -> pd.Series:
    """Middle stock of every row if all open orders came later: what has not come yet is taken off.

    Parameters
    ----------
    projection : columns sku, period, stock_p50 and inbound_units (pieces of open orders that arrive in it).
    late_periods : by how many periods every open order is late.

    Examples
    --------
    >>> table = pd.DataFrame({"sku": "a", "period": [1, 2, 3], "stock_p50": [0.0, 8.0, 6.0],
    ...                       "inbound_units": [0.0, 10.0, 0.0]})
    >>> late_stock(table, 1).tolist()
    [0.0, 0.0, 6.0]
    """
    rows = projection.sort_values(["sku", "period"], kind="stable")
    came = rows.groupby("sku")["inbound_units"].cumsum()
    then = came.groupby(rows["sku"]).shift(late_periods, fill_value=0.0)
    return (rows["stock_p50"] - (came - then)).clip(lower=0.0).reindex(projection.index)


def _run_out(projection: pd.DataFrame, stock: pd.Series) -> int:
    return int((stock <= 0).groupby(projection["sku"]).any().sum())


def what_if(given: Inputs) -> Exhibit | None:
    """Three things that may happen, with the number or the money before and after."""
    w, rows, sentences = given.w, [], []
    ahead = given.table("projection", "sku", "period", "stock_p10", "stock_p50").dropna(subset=["stock_p50"])
    if len(ahead):
        now, high = (_run_out(ahead, ahead[key]) for key in ("stock_p50", "stock_p10"))
        cases = {"demand": high}
        if "inbound_units" in ahead:
            periods = LATE_WEEKS * (1 if given.period == "week" else 7)
            cases["late"] = _run_out(ahead, late_stock(ahead, periods))
        for key, n in cases.items():
            label = w(f"what_if.{key}", weeks=LATE_WEEKS)
            before, after = (w("what_if.run_out", n=w.number(count)) for count in (now, n))
            rows.append({"what": label, "now": before, "then": after})
            sentences.append(w(f"say.what_if_{key}", n=w.number(n), now=w.number(now), weeks=LATE_WEEKS))
    kept = say.ordered(given.table("orders", "sku", "order_units", "line_value"))
    if len(kept):
        money, share = float(kept["line_value"].sum()), w.share(COST_RISE, 0)
        more = money * (1 + COST_RISE)
        ends = {"now": w.money(money, exact=True), "then": w.money(more, exact=True)}
        rows.append({"what": w("what_if.cost", share=share), **ends})
        over = more - given.budget if given.budget else 0.0
        key = "say.what_if_cost_over" if over > 0 else "say.what_if_cost"
        sentences.append(w(key, share=share, more=w.money(more - money), over=w.money(over)))
    if not rows:
        return None
    title = w("figure.what_if")
    table = pd.DataFrame(rows)
    body = html_table(rows_of(table), columns_of(table, w), title)
    sentence = w("format.sentence_space").join(sentences)
    return Exhibit("what_if", title, sentence, (), "", body, given.source("projection"))
