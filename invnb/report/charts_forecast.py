"""Pictures of demand, forecasts and products. Each takes a table and a wording and returns a matplotlib
figure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from invnb.report.charts import label_dates, label_ends
from invnb.report.style import FIXED_INK, INK, MUTED, OTHER, OURS, SOFT, blank, styled
from invnb.report.wording import Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def forecast_totals(history: pd.DataFrame, forecast: pd.DataFrame) -> pd.DataFrame:
    """Units sold and forecast of all products by period: what was forecast last before each period, and
    ahead.

    Parameters
    ----------
    history : columns origin, sku, period, model, units, forecast; of several models the one in `forecast`
        is used.
    forecast : columns sku, period, mean and model.

    Returns
    -------
    Columns period, actual_units, forecast_units; one row for each period, only products with known demand
    added up.

    Examples
    --------
    >>> history = pd.DataFrame({"origin": [1, 2], "sku": "a", "period": [3, 3], "model": "m",
    ...                         "units": [5.0, 5.0], "forecast": [9.0, 6.0]})
    >>> ahead = pd.DataFrame({"sku": ["a"], "period": [4], "mean": [7.0], "model": ["m"]})
    >>> forecast_totals(history, ahead).to_numpy().tolist()
    [[3.0, 5.0, 6.0], [4.0, nan, 7.0]]
    """
    past = history
    if "model" in past and "model" in forecast:
        chosen = forecast[["sku", "model"]].drop_duplicates("sku")
        matched = past.merge(chosen, on=["sku", "model"])
        past = matched if not matched.empty else past
    past = past.dropna(subset=["units", "forecast"]).sort_values("origin")
    past = past.drop_duplicates(["sku", "period"], keep="last")
    before = past.groupby("period", as_index=False)[["units", "forecast"]].sum()
    before.columns = pd.Index(["period", "actual_units", "forecast_units"])
    ahead = forecast.groupby("period")["mean"].sum().rename("forecast_units").reset_index()
    return pd.concat([before, ahead], ignore_index=True)[["period", "actual_units", "forecast_units"]]


@styled
def forecast_chart(
    history: pd.DataFrame,
    forecast: pd.DataFrame,
    w: Wording,
    period: str = "week",
    total: pd.DataFrame | None = None,
) -> Figure:
    """Units sold against what was forecast before, and the forecast ahead.

    Parameters
    ----------
    history, forecast : as in `forecast_totals`.
    w : the wording.
    period : "day" or "week", for the axis.
    total : columns period, p10, p90: the 80% range of the sum of all products (a sum of the products' own
        ranges
        would not be one).
    """
    table = forecast_totals(history, forecast)
    figure, ax = blank()
    periods = list(table["period"])
    x = np.arange(len(table))
    ahead = table["actual_units"].isna().to_numpy()
    if total is not None and not total.empty:
        band = total.set_index("period").reindex(periods)
        ax.fill_between(x, band["p10"].to_numpy(float), band["p90"].to_numpy(float), color=SOFT, linewidth=0)
    ax.plot(x, table["forecast_units"], color=OURS, linestyle="--")
    ax.plot(x, table["actual_units"], color=INK)
    if ahead.any() and (~ahead).any():
        ax.axvline(int(np.argmax(ahead)) - 0.5, color=MUTED, linewidth=0.8, linestyle=":")
    if not ahead.all():
        top = int(table["actual_units"].argmax())
        place = (top, table["actual_units"].iloc[top])
        ax.annotate(
            w("label.actual"), place, xytext=(0, 4), textcoords="offset points", ha="center", color=INK
        )
    ax.set_ylim(bottom=0)
    label_ends(ax, [(float(table["forecast_units"].iloc[-1]), w("label.forecast"), OURS)], x[-1])
    label_dates(ax, periods, w)
    word = w(f"period.{period}")
    ax.set(xlabel=w("axis.period", period=word), ylabel=w("axis.units_per_period", period=word))
    return figure


def choose_metric(model_scores: pd.DataFrame) -> str:
    """The measure models are shown by: RMSSE where there is one, else MAE, else the first."""
    present = list(dict.fromkeys(model_scores["metric"].astype(str)))
    lower = {name.lower(): name for name in present}
    return next((lower[name] for name in ("rmsse", "mae") if name in lower), present[0])


@styled
def model_comparison(model_scores: pd.DataFrame, champions: pd.DataFrame, w: Wording) -> Figure:
    """Every model's score by demand class, on one line for each model; the chosen one of a class is filled.

    Parameters
    ----------
    model_scores : columns model, demand_class, metric, value.
    champions : columns demand_class, model; may be empty.
    w : the wording.
    """
    metric = choose_metric(model_scores)
    scores = model_scores[model_scores["metric"] == metric].dropna(subset=["value"])
    order = scores.groupby("model")["value"].mean().sort_values(ascending=False).index
    figure, ax = blank(5.2, 1.2 + 0.25 * len(order))
    rows = {model: i for i, model in enumerate(order)}
    chosen = set(zip(champions.get("demand_class", []), champions.get("model", []), strict=False))
    markers = "osD^vP"
    for i, (group, part) in enumerate(scores.groupby("demand_class", sort=False)):
        y = part["model"].map(rows).to_numpy()
        kept = np.array([(group, model) in chosen for model in part["model"]])
        x, mark = part["value"].to_numpy(float), markers[i % len(markers)]
        ax.plot(x[~kept], y[~kept], mark, color=MUTED, markerfacecolor="none", markersize=5)
        ax.plot(x[kept], y[kept], mark, color=OURS, markersize=7)
        ax.plot([], [], mark, color=MUTED, markerfacecolor="none", label=w.of("demand_class", group))
    if chosen:
        ax.plot([], [], "o", color=OURS, label=w("label.champion"))
    ax.set_yticks(range(len(order)), [w.of("model", model) for model in order], color=INK)
    figure.legend(loc="outside upper left", ncols=5, frameon=False, handletextpad=0.1, columnspacing=1)
    ax.set_xlabel(w("axis.metric", metric=metric.upper()))
    return figure


@styled
def calibration_chart(calibration: pd.DataFrame, w: Wording) -> Figure:
    """Share of outcomes at or below each forecast level against the share promised, with its 95% interval.

    Parameters
    ----------
    calibration : columns nominal, covered, low, high as shares; with `demand_class` only "all" is drawn, with
        `window_periods` the longest window.
    w : the wording.
    """
    table = overall_calibration(calibration)
    figure, ax = blank()
    x, y = 100 * table["nominal"].to_numpy(float), 100 * table["covered"].to_numpy(float)
    ax.plot([0, 100], [0, 100], color=MUTED, linewidth=1, linestyle="--")
    ax.annotate(w("label.perfect"), (8, 8), xytext=(8, -8), textcoords="offset points", color=MUTED)
    if {"low", "high"} <= set(table.columns):
        ax.vlines(x, 100 * table["low"], 100 * table["high"], color=OURS, linewidth=1.2)
    ax.plot(x, y, "o", color=OURS, markersize=5)
    ax.set(xlim=(0, 102), ylim=(0, 102), xlabel=w("axis.nominal"), ylabel=w("axis.covered"))
    return figure


def overall_calibration(calibration: pd.DataFrame) -> pd.DataFrame:
    """The rows that speak of all products together, over the longest window, by rising level.

    Examples
    --------
    >>> table = pd.DataFrame({"demand_class": ["all", "all", "lumpy"], "window_periods": [1, 4, 4],
    ...                       "nominal": 0.9, "covered": [0.8, 0.9, 1.0]})
    >>> overall_calibration(table)["covered"].tolist()
    [0.9]
    """
    table = calibration
    if "demand_class" in table and (table["demand_class"] == "all").any():
        table = table[table["demand_class"] == "all"]
    if "window_periods" in table:
        table = table[table["window_periods"] == table["window_periods"].max()]
    return table.sort_values("nominal", kind="stable")


def segment_grid(sku_segments: pd.DataFrame) -> pd.DataFrame:
    """How many products are in each pair of value class (rows A, B, C) and steadiness class (columns X, Y,
    Z).

    Examples
    --------
    >>> segment_grid(pd.DataFrame({"abc": ["A", "A", "C"], "xyz": ["X", "X", "Z"]})).to_numpy().tolist()
    [[2, 0, 0], [0, 0, 0], [0, 0, 1]]
    """
    grid = pd.crosstab(sku_segments["abc"], sku_segments["xyz"])
    return grid.reindex(index=list("ABC"), columns=list("XYZ"), fill_value=0)


@styled
def abc_xyz_map(sku_segments: pd.DataFrame, w: Wording) -> Figure:
    """Number of products by value class and steadiness class, darker where there are more.

    Parameters
    ----------
    sku_segments : columns abc (A, B, C) and xyz (X, Y, Z).
    w : the wording.
    """
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    grid = segment_grid(sku_segments)
    figure, ax = blank(5.2, 2.4)
    shade = LinearSegmentedColormap.from_list("house", ["#ffffff", OURS])
    top = max(int(grid.to_numpy().max()), 1)
    for (row, column), count in np.ndenumerate(grid.to_numpy()):
        share = 0.5 * count / top  # dark text stays readable on every shade
        ax.add_patch(Rectangle((column, row), 0.96, 0.92, facecolor=shade(share), edgecolor="none"))
        text = w("label.products", n=int(count)) if count else "0"
        ax.text(column + 0.48, row + 0.46, text, ha="center", va="center", color=FIXED_INK)
    ax.set(xlim=(0, 3), ylim=(3, 0), xlabel=w("axis.xyz"), ylabel=w("axis.abc"))
    ax.set_xticks([0.48, 1.48, 2.48], list("XYZ"), color=INK)
    ax.set_yticks([0.46, 1.46, 2.46], list("ABC"), color=INK)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    ax.grid(visible=False)
    return figure


@styled
def waterfall_chart(parts: pd.Series, total: str, label: str) -> Figure:
    """What adds up to a total: a bar for each part that begins where the one before it ended.

    Parameters
    ----------
    parts : the parts in their order, by name; the first stands on zero. Parts of zero are left out.
    total : name of the sum.
    label : what is added up, with its unit.
    """
    shown = parts[parts.abs() > 0.0005 * max(float(parts.abs().max()), 1e-12)]
    ends = shown.cumsum()
    starts = ends - shown
    names = [*shown.index, total]
    figure, ax = blank(7.2, 0.8 + 0.27 * len(names))
    colours = [
        INK if name == shown.index[0] else OURS if value >= 0 else OTHER for name, value in shown.items()
    ]
    y = np.arange(len(names))
    ax.barh(y[:-1], shown, left=starts, color=colours, height=0.6)
    ax.barh(y[-1], parts.sum(), color=INK, height=0.6)
    ax.vlines(ends, y[:-1] + 0.3, y[1:] - 0.3, color=MUTED, linewidth=0.7)
    for place, (value, start) in enumerate(zip(shown, starts, strict=True)):
        text = f"{value:,.1f}" if place == 0 else f"{value:+,.1f}"
        _number_beside(ax, max(start, start + value), place, text)
    _number_beside(ax, max(float(parts.sum()), 0.0), y[-1], f"{parts.sum():,.1f}")
    ax.axvline(0, color=MUTED, linewidth=0.8)
    ax.set_yticks(y, names, color=INK)
    ax.invert_yaxis()
    ax.margins(x=0.12)
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", visible=True)
    ax.set_xlabel(label)
    return figure


def _number_beside(ax: Axes, x: float, y: float, text: str) -> None:
    ax.annotate(
        text.replace("-", "−"), (x, y), xytext=(4, 0), textcoords="offset points", va="center", color=INK
    )
