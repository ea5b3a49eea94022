"""Pictures of stock, money and limits. Each takes a table and a wording and returns a matplotlib figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from invnb.report.style import (
    DASHES,
    EXTRA,
    GOOD,
    INK,
    MUTED,
    OTHER,
    OURS,
    SERIES,
    SOFT,
    blank,
    blank_small,
    styled,
)
from invnb.report.wording import Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def label_dates(ax: Axes, periods: Sequence[pd.Timestamp], w: Wording, count: int = 5) -> None:
    """Put `count` dates under an axis whose positions are 0, 1, 2 ..."""
    places = np.unique(np.linspace(0, len(periods) - 1, min(count, len(periods))).round().astype(int))
    ax.set_xticks(places, [w.date(periods[i], year=False) for i in places])


def label_ends(ax: Axes, ends: Sequence[tuple[float, str, str]], x: float, gap_share: float = 0.09) -> None:
    """Write names at the ends of lines, moved apart where they would overlap.

    Parameters
    ----------
    ends : (height, text, colour) of each line at its end.
    x : where the lines end.
    gap_share : least distance between two names, as a share of the axis' height.
    """
    low, high = ax.get_ylim()
    gap, last = gap_share * (high - low), -np.inf
    for y, text, colour in sorted(ends):
        last = max(y, last + gap)
        ax.annotate(text, (x, last), xytext=(5, 0), textcoords="offset points", color=colour, va="center")


@styled
def stock_projection(projection: pd.DataFrame, w: Wording, period: str = "week", title: str = "") -> Figure:
    """Stock expected over the horizon for one product: middle and 80% range with the order, middle without.

    Parameters
    ----------
    projection : rows of one sku, columns period, stock_p10, stock_p50, stock_p90 and without_order_p50 in
        units.
    w : the wording.
    period : "day" or "week", for the axis.
    title : put above the picture.
    """
    table = projection.sort_values("period")
    figure, ax = blank_small()
    x = np.arange(len(table))
    ax.fill_between(x, table["stock_p10"], table["stock_p90"], color=SOFT, linewidth=0)
    ax.plot(x, table["stock_p50"], color=OURS)
    end = float(table["stock_p50"].iloc[-1])
    ends = [(end, w("label.stock"), OURS)]
    if "without_order_p50" in table and not np.allclose(
        table["without_order_p50"], table["stock_p50"], equal_nan=True
    ):
        ax.plot(x, table["without_order_p50"], color=OTHER, linestyle="--")
        bare = float(table["without_order_p50"].iloc[-1])
        ends = [(end, w("label.with_order"), OURS), (bare, w("label.without_order"), OTHER)]
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.set_ylim(bottom=min(0.0, float(table[["stock_p10", "stock_p50"]].min().min())))
    label_ends(ax, ends, x[-1], 0.12)
    label_dates(ax, list(table["period"]), w, 4)
    ax.set(title=title, ylabel=w("axis.stock_units"))
    return figure


@styled
def savings_by_source(savings: pd.DataFrame, w: Wording) -> Figure:
    """Money saved against today's rule by source, each bar with its 95% range and its number.

    Parameters
    ----------
    savings : columns source, saving, low, high in money.
    w : the wording.
    """
    table = savings.iloc[::-1]
    figure, ax = blank(5.2, 0.9 + 0.36 * len(table))
    y, saving = np.arange(len(table)), table["saving"].to_numpy(float)
    is_total = table["source"].astype(str).str.lower().eq("total")
    colours = [
        INK if total else OURS if value >= 0 else OTHER for total, value in zip(is_total, saving, strict=True)
    ]
    ax.barh(y, saving, color=colours, height=0.5)
    low, high = (
        table[key].to_numpy(float) if key in table else np.full(len(table), np.nan) for key in ("low", "high")
    )
    ax.hlines(y, low, high, color=MUTED, linewidth=1.2)
    ax.plot(low, y, "|", high, y, "|", color=MUTED, markersize=6)
    for place, value, top, bottom in zip(y, saving, high, low, strict=True):
        end = np.nanmax([value, top]) if value >= 0 else np.nanmin([value, bottom])
        side = 1 if value >= 0 else -1
        ax.annotate(
            w.money(value), (end, place), xytext=(5 * side, 0), textcoords="offset points",
            va="center", ha="left" if side > 0 else "right", color=INK,
        )  # fmt: skip
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.set_yticks(y, [w.of("cost", source) for source in table["source"]], color=INK)
    ax.grid(axis="y", visible=False)
    ax.margins(x=0.2)
    money_axis(ax, w, "x")
    ax.set_xlabel(w("axis.money_saved", currency=w.currency))
    return figure


def money_axis(ax: Axes, w: Wording, which: str) -> None:
    """Few, round money labels on an axis."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis = ax.xaxis if which == "x" else ax.yaxis
    axis.set_major_locator(MaxNLocator(4))
    axis.set_major_formatter(FuncFormatter(lambda value, _: w.money(round(value, 6))))


@styled
def cost_by_policy(backtest: pd.DataFrame, w: Wording) -> Figure:
    """Cost of each rule on the same demand, stacked by kind, with its total.

    Parameters
    ----------
    backtest : columns policy, cost_kind, value in money; a kind called total is not stacked.
    w : the wording.
    """
    parts = backtest[backtest["cost_kind"].astype(str).str.lower() != "total"]
    parts = parts if not parts.empty else backtest
    wide = parts.pivot_table(
        index="policy", columns="cost_kind", values="value", aggfunc="sum", sort=False
    ).fillna(0)
    wide = wide.loc[wide.sum(axis=1).sort_values(ascending=False).index]
    figure, ax = blank(5.2, 1.1 + 0.36 * len(wide))
    y, left = np.arange(len(wide)), np.zeros(len(wide))
    for kind, colour in zip(wide.columns, (OURS, OTHER, GOOD, EXTRA, MUTED) * 3, strict=False):
        ax.barh(
            y, wide[kind], left=left, color=colour, height=0.5, label=w.of("cost", kind), edgecolor="white"
        )
        left = left + wide[kind].to_numpy(float)
    for place, total in zip(y, left, strict=True):
        ax.annotate(w.money(total), (total, place), xytext=(5, 0), textcoords="offset points", va="center")
    ax.set_yticks(y, [w.of("policy", policy) for policy in wide.index], color=INK)
    ax.grid(axis="y", visible=False)
    ax.margins(x=0.16)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, frameon=False, handlelength=1, borderpad=0)
    money_axis(ax, w, "x")
    ax.set_xlabel(w("axis.money", currency=w.currency))
    return figure


@styled
def frontier_chart(frontier: pd.DataFrame, w: Wording) -> Figure:
    """Fill rate against average stock value, with the present policy marked.

    Parameters
    ----------
    frontier : columns fill_rate (share), stock_value (money), label, here (bool).
    w : the wording.
    """
    table = frontier.sort_values("stock_value")
    figure, ax = blank()
    x, y = table["stock_value"].to_numpy(float), 100 * table["fill_rate"].to_numpy(float)
    ax.plot(x, y, color=OURS, marker="o", markersize=4)
    here = table["here"].astype(bool).to_numpy()
    ax.plot(x[here], y[here], "D", color=OTHER, markersize=9, markeredgecolor="white")
    for i, text in enumerate(table["label"].astype(str) if "label" in table else [""] * len(table)):
        text = w("label.here") if here[i] else text
        ax.annotate(
            text, (x[i], y[i]), xytext=(7, -9), textcoords="offset points", color=OTHER if here[i] else MUTED
        )
    ax.margins(0.14)
    money_axis(ax, w, "x")
    ax.set(xlabel=w("axis.stock_value", currency=w.currency), ylabel=w("axis.fill_rate"))
    return figure


@styled
def limits_chart(limits: pd.DataFrame, w: Wording, period: str = "week", most: int = 4) -> Figure:
    """Share used of each limit by period against the limit itself; the `most` fullest are shown.

    Without a limit the picture says so.

    Parameters
    ----------
    limits : columns limit, period, used, available.
    w : the wording.
    period : "day" or "week", for the axis.
    most : how many limits are drawn.
    """
    if limits.empty:
        figure, ax = blank(5.2, 0.8)
        ax.set_axis_off()
        ax.annotate(w("decision.no_budget"), (0, 0.5), color=MUTED, va="center")
        return figure
    table = limits[limits["available"] > 0].assign(use=lambda t: 100 * t["used"] / t["available"])
    wide = table.pivot_table(index="period", columns="limit", values="use", aggfunc="max")
    wide = wide[wide.max().sort_values(ascending=False, kind="stable").index[:most]]
    figure, ax = blank()
    x, ends = np.arange(len(wide)), []
    for name, colour, dash in zip(wide.columns, SERIES, DASHES, strict=False):
        ax.plot(x, wide[name], color=colour, linestyle=dash)
        ends.append((float(wide[name].dropna().iloc[-1]), w.of("limit", name)[:24], colour))
    ax.axhline(100, color=INK, linewidth=0.8)
    ax.annotate(w("label.limit"), (0, 100), xytext=(0, 3), textcoords="offset points", color=INK)
    ax.set_ylim(0, max(112.0, 1.08 * float(np.nanmax(wide.to_numpy()))))
    label_ends(ax, ends, x[-1])
    label_dates(ax, list(wide.index), w)
    ax.set(xlabel=w("axis.period", period=w(f"period.{period}")), ylabel=w("axis.use"))
    return figure


@styled
def cost_of_models(table: pd.DataFrame, w: Wording) -> Figure:
    """What each model's forecasts cost beyond the cheapest model's, with one standard error.

    Parameters
    ----------
    table : columns model, extra_cost, standard_error_cost in money and chosen (bool), the cheapest first.
    w : the wording.
    """
    rows = table.iloc[::-1]
    figure, ax = blank(5.2, 0.9 + 0.25 * len(rows))
    y, x = np.arange(len(rows)), rows["extra_cost"].to_numpy(float)
    spread = rows["standard_error_cost"].fillna(0.0).to_numpy(float)
    chosen = rows["chosen"].astype(bool).to_numpy() if "chosen" in rows else np.zeros(len(rows), bool)
    ax.hlines(y, x - spread, x + spread, color=MUTED, linewidth=1.2)
    ax.plot(x[~chosen], y[~chosen], "o", color=MUTED, markerfacecolor="none", markersize=5)
    ax.plot(x[chosen], y[chosen], "o", color=OURS, markersize=7)
    for place, value in zip(y[chosen], (x + spread)[chosen], strict=True):
        ax.annotate(w("label.champion"), (value, place), xytext=(8, 0), textcoords="offset points",
                    va="center", color=OURS)  # fmt: skip
    ax.set_yticks(y, list(rows["model"]), color=INK)
    ax.margins(x=0.12)
    money_axis(ax, w, "x")
    ax.set_xlabel(w("axis.extra_cost", currency=w.currency))
    return figure


@styled
def plan_against_actual(rows: pd.DataFrame, w: Wording) -> Figure:
    """One measure of a past plan with its 80% range, and what happened.

    Parameters
    ----------
    rows : columns period, planned, low, high, actual in units; one row for each period.
    w : the wording.
    """
    table = rows.sort_values("period")
    figure, ax = blank_small()
    x = np.arange(len(table))
    ax.fill_between(x, table["low"], table["high"], color=SOFT, linewidth=0)
    ax.plot(x, table["planned"], color=OURS, linestyle="--")
    ax.plot(x, table["actual"], color=INK)
    ax.set_ylim(bottom=min(0.0, float(table[["low", "actual"]].min().min())))
    ends = [(float(table["planned"].iloc[-1]), w("label.planned"), OURS),
            (float(table["actual"].iloc[-1]), w("label.happened"), INK)]  # fmt: skip
    label_ends(ax, ends, x[-1], 0.12)
    label_dates(ax, list(table["period"]), w, 4)
    ax.set_ylabel(w("axis.pieces"))
    return figure
