"""What each step of forecasting is worth, and what drives a forecast."""

from __future__ import annotations

import pandas as pd

from invnb.report.exhibit import Exhibit
from invnb.report.inputs import Inputs
from invnb.report.tables import frame_table
from invnb.report.wording import Wording

MOST_DRIVERS = 2


def ladder(given: Inputs) -> pd.DataFrame:
    """The steps of `forecast_value_added` over all products, from the simplest to the chosen models."""
    table = given.table("forecast_value_added", "demand_class", "step", "wape", "value_added_points")
    return table[table["demand_class"] == "all"].dropna(subset=["wape"]).reset_index(drop=True)


def ladder_sentence(steps: pd.DataFrame, w: Wording) -> str:
    """How much better the last step of a ladder is than its first.

    Parameters
    ----------
    steps : columns step and wape (a share), the simplest step first; at least one row.

    Examples
    --------
    >>> steps = pd.DataFrame({"step": ["naive_sales", "champion"], "wape": [0.8, 0.5]})
    >>> ladder_sentence(steps, Wording("en", "EUR")).split(": ")[1]
    '30.0 percentage points better.'
    """
    first, last = float(steps["wape"].iloc[0]), float(steps["wape"].iloc[-1])
    verdict = w("say.value_added_better" if first >= last else "say.value_added_worse")
    points = w.number(100 * abs(first - last), 1)
    return w("say.value_added", wape=w.share(last), first=w.share(first), points=points, verdict=verdict)


def value_added(given: Inputs) -> Exhibit | None:
    """The ladder from the simplest forecast to the chosen one."""
    w, steps = given.w, ladder(given)
    if steps.empty:
        return None
    title = w("figure.value_added")
    named = steps.assign(step=[w.of("step", step) for step in steps["step"]])
    body = frame_table(named, title, w, ["step", "wape", "value_added_points", "n"])
    source = given.source("forecast_value_added")
    return Exhibit("value_added", title, ladder_sentence(steps, w), (), "", body, source)


def drivers(given: Inputs) -> Exhibit | None:
    """What moves the forecasts, on average over the products; each product's own stands in its list."""
    w, table = given.w, given.table("forecast_explanation", "sku", "driver", "units", "periods")
    sizes = table.assign(units=table["units"].abs()).groupby("driver", sort=False)["units"].mean()
    moving = sizes.drop(index="level", errors="ignore").dropna().sort_values(ascending=False, kind="stable")
    if moving.empty or moving.iloc[0] == 0:
        return None
    title, n = w("figure.drivers"), int(table["periods"].iloc[0])
    sentence = w(
        "say.drivers", n=n, period=w(f"period.{given.period}"), driver=w.of("driver", moving.index[0]),
        units=w.number(moving.iloc[0], 1),
    )  # fmt: skip
    rows = pd.DataFrame({"driver": [w.of("driver", d) for d in moving.index], "moved": moving.to_numpy()})
    body = frame_table(rows, title, w)
    return Exhibit("drivers", title, sentence, (), "", body, given.source("forecast_explanation"))


def drivers_by_product(given: Inputs) -> dict[str, str]:
    """In words, what each forecast is made of; the numbers add up to it."""
    w, table = given.w, given.table("forecast_explanation", "sku", "driver", "units", "periods")
    parts_of: dict[str, list[tuple[str, float]]] = {}
    for sku, driver, units in table.dropna(subset=["units"])[["sku", "driver", "units"]].to_numpy():
        parts_of.setdefault(str(sku), []).append((str(driver), float(units)))
    return {sku: _made_of(parts, w) for sku, parts in parts_of.items()}


def _made_of(parts: list[tuple[str, float]], w: Wording) -> str:
    """A forecast's own level, the drivers that move it most, and the rest."""

    def signed(value: float) -> str:
        return f"{'+' if value > 0 else '−'}{w.number(abs(value), 1)}"

    level = [f"{w.of('driver', name)} {w.number(value, 1)}" for name, value in parts if name == "level"]
    moving = sorted((p for p in parts if p[0] != "level" and abs(p[1]) >= 0.05), key=lambda p: -abs(p[1]))
    shown = [f"{w.of('driver', name)} {signed(value)}" for name, value in moving[:MOST_DRIVERS]]
    rest = sum(value for _, value in moving[MOST_DRIVERS:])
    other = [f"{w('why.other')} {signed(rest)}"] if abs(rest) >= 0.05 else []
    return w("format.join").join([*level, *shown, *other])
