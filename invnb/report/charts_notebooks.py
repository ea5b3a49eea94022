"""Pictures of the numbered notebooks that the report does not show."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from invnb.report.style import EXTRA, GOOD, GRID, INK, MUTED, OTHER, OURS, SOFT, blank, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OUTCOMES = {"accepted": OURS, "changed": GOOD, "other_category": GRID, "rejected": OTHER}
STATUSES = {
    "sold": OURS,
    "zero": SOFT,
    "out_of_stock": OTHER,
    "closed": MUTED,
    "missing": EXTRA,
    "not_launched": "#f1f3f6",
    "ended": GRID,
}


@styled
def ledger_chart(ledger: pd.DataFrame) -> Figure:
    """Share of each file's input lines by outcome, with the number of lines read.

    Parameters
    ----------
    ledger : columns table, outcome, lines.
    """
    counts = ledger.pivot_table(
        index="table", columns="outcome", values="lines", aggfunc="sum", sort=False
    ).fillna(0)
    counts = counts.reindex(columns=list(OUTCOMES), fill_value=0).iloc[::-1]
    read = counts.sum(axis=1)
    shares = counts.div(read.clip(lower=1), axis=0) * 100
    figure, ax = blank(6.4, 0.9 + 0.27 * len(counts))
    left = np.zeros(len(counts))
    for outcome, colour in OUTCOMES.items():
        ax.barh(counts.index, shares[outcome], left=left, color=colour, height=0.6, label=_words(outcome))
        left += shares[outcome].to_numpy()
    for place, lines in enumerate(read):
        ax.annotate(f"{lines:,.0f} lines", (101, place), va="center", color=MUTED, annotation_clip=False)
    ax.set(xlim=(0, 100), xlabel="share of the lines read (%)")
    ax.grid(axis="y", visible=False)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, frameon=False, handlelength=1)
    return figure


@styled
def panel_chart(panel: pd.DataFrame) -> Figure:
    """What each product's periods were: one row a product, from most to least sold, one column a period.

    Parameters
    ----------
    panel : the demand panel.
    """
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    codes = panel.assign(code=panel["status"].astype(str).map({name: i for i, name in enumerate(STATUSES)}))
    grid = codes.pivot_table(index=["sku", "location"], columns="period", values="code", aggfunc="first")
    sold = panel.groupby(["sku", "location"])["units"].sum().sort_values(ascending=False)
    grid = grid.loc[sold.index]
    figure, ax = blank(7.2, 1.1 + min(0.055 * len(grid), 4.5))
    colours = ListedColormap(list(STATUSES.values()))
    ax.imshow(grid, aspect="auto", cmap=colours, vmin=-0.5, vmax=len(STATUSES) - 0.5, interpolation="nearest")
    places = np.unique(np.linspace(0, grid.shape[1] - 1, 6).round().astype(int))
    ax.set_xticks(places, [f"{grid.columns[i]:%-d %b %Y}" for i in places])
    ax.set_yticks([])
    ax.set_ylabel(f"{len(grid)} products, most sold on top")
    ax.grid(visible=False)
    present = [name for name in STATUSES if (panel["status"] == name).any()]
    ax.legend(
        handles=[
            Patch(facecolor=STATUSES[name], edgecolor=MUTED, linewidth=0.4, label=_words(name))
            for name in present
        ],
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=len(present),
        frameon=False,
        handlelength=1,
        columnspacing=1,
    )
    return figure


@styled
def demand_chart(panel: pd.DataFrame, sku: str, features: pd.DataFrame | None = None) -> Figure:
    """Units sold of one product by period, with the periods in which sales were capped by the shelf.

    Parameters
    ----------
    panel : the demand panel.
    sku : the product.
    features : feature table; where given, its estimate of demand is drawn above the sold-out periods.
    """
    one = (
        panel[panel["sku"] == sku]
        .groupby("period", as_index=False)
        .agg(
            units=("units", lambda units: units.sum(min_count=1)),
            capped=("censored", "any"),
            status=("status", "first"),
        )
    )
    figure, ax = blank(7.2, 2.6)
    ax.plot(one["period"], one["units"], color=OURS, linewidth=1.2)
    capped = one[one["capped"]]
    if features is not None:
        known = features[features["sku"] == sku].set_index("period")["demand"]
        demand = capped["period"].map(known)
        ax.vlines(capped["period"], capped["units"], demand, color=OTHER, linewidth=0.8)
        ax.plot(capped["period"], demand, "_", color=OTHER, markersize=6, label="demand estimated behind it")
    ax.plot(
        capped["period"], capped["units"], "o", color=OTHER, markersize=4, label="sold out: a lower bound"
    )
    empty = one[one["status"] == "out_of_stock"]
    ax.plot(
        empty["period"], np.zeros(len(empty)), "x", color=MUTED, label="shelf empty all period: masked",
        clip_on=False, zorder=3,
    )  # fmt: skip
    ax.set(ylabel="units per period", ylim=(0, None))
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, handlelength=1)
    return figure


@styled
def score_bars(scores: pd.Series, label: str) -> Figure:
    """Named numbers as horizontal bars, smallest on top, each with its value.

    Parameters
    ----------
    scores : name -> value.
    label : what the value is, with its unit.
    """
    ordered = scores.sort_values(ascending=False)
    figure, ax = blank(6.0, 0.7 + 0.27 * len(ordered))
    ax.barh([_words(name) for name in ordered.index], ordered, color=OURS, height=0.6)
    for place, value in enumerate(ordered):
        ax.annotate(
            f"{value:,.3g}", (value, place), xytext=(4, 0), textcoords="offset points", va="center", color=INK
        )
    ax.margins(x=0.12)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(label)
    return figure


@styled
def plan_chart(lp_plan: pd.DataFrame, unit_cost: pd.Series, currency: str) -> Figure:
    """Money ordered by period in the plan.

    Parameters
    ----------
    lp_plan : columns sku, period, order_units.
    unit_cost : cost of one unit by sku.
    currency : ISO code for the axis.
    """
    spent = (lp_plan["order_units"] * lp_plan["sku"].map(unit_cost)).groupby(lp_plan["period"]).sum()
    figure, ax = blank(6.4, 2.4)
    ax.bar([f"{period:%-d %b}" for period in spent.index], spent, color=OURS, width=0.6)
    ax.set_ylabel(f"orders per review ({currency})")
    ax.margins(y=0.1)
    ax.tick_params(axis="x", labelsize=7.5)
    return figure


@styled
def policy_chart(policy: pd.DataFrame, position_units: pd.Series) -> Figure:
    """Where each product's stock position stands between its reorder point and its order-up-to level.

    Parameters
    ----------
    policy : columns sku, reorder_point, order_up_to_level in units.
    position_units : stock on hand and on the way by sku.
    """
    table = policy.sort_values("order_up_to_level").reset_index(drop=True)
    figure, ax = blank(7.2, 3.2)
    ax.vlines(table.index, table["reorder_point"], table["order_up_to_level"], color=SOFT, linewidth=4)
    ax.plot(
        table.index, table["order_up_to_level"], "_", color=OURS, markersize=6, label="order-up-to level S"
    )
    ax.plot(table.index, table["reorder_point"], "_", color=MUTED, markersize=6, label="reorder point s")
    held = table["sku"].map(position_units).clip(lower=0)
    ax.plot(table.index, held, "o", color=OTHER, markersize=3, label="stock on hand and on the way")
    ax.set_yscale("symlog", linthresh=10)
    ax.yaxis.set_major_formatter(lambda units, _: f"{units:,.0f}")
    ax.set(xlabel="products, from low to high level", ylabel="units", xticks=[])
    ax.legend(loc="upper left", frameon=False)
    return figure


def _words(code: object) -> str:
    return str(code).replace("_", " ")


@styled
def demand_class_chart(sku_segments: pd.DataFrame) -> Figure:
    """Products by how rarely they sell and how much the sizes of their sales vary: the four demand classes.

    The lines are those of Syntetos, Boylan and Croston (2005): an interval of 1.32 periods, and a squared
    coefficient of variation of 0.49.

    Parameters
    ----------
    sku_segments : columns interval (periods between sales), size_variation (squared coefficient of
        variation), demand_class, cluster_label.
    """
    import seaborn as sns

    figure, ax = blank(7.2, 3.6)
    known = sku_segments.dropna(subset=["interval", "size_variation"])
    sns.scatterplot(
        known,
        x="interval",
        y="size_variation",
        hue="cluster_label",
        style="cluster_label",
        s=36,
        ax=ax,
        palette=[OURS, OTHER, GOOD, EXTRA, MUTED, INK][: known["cluster_label"].nunique()],
    )
    ax.axvline(1.32, color=MUTED, linewidth=0.8)
    ax.axhline(0.49, color=MUTED, linewidth=0.8)
    ax.set_xscale("log")
    ax.set_xticks([1, 2, 3, 5, 10], ["1", "2", "3", "5", "10"])
    ax.set_xticks([], minor=True)
    ax.set_xlim(0.95, max(1.2 * float(known["interval"].max()), 2.2))
    corners = {"smooth": (0, 0), "intermittent": (1, 0), "erratic": (0, 1), "lumpy": (1, 1)}
    for name, (right, top) in corners.items():
        ax.annotate(
            name,
            (0.99 if right else 0.01, 0.97 if top else 0.02),
            xycoords="axes fraction",
            ha="right" if right else "left",
            va="top" if top else "bottom",
            color=MUTED,
        )
    ax.set(xlabel="periods between sales", ylabel="variation of sale sizes (squared)")
    ax.legend(title="", frameon=False, loc="upper left", bbox_to_anchor=(1, 1), fontsize=7.5)
    return figure


@styled
def ladder_chart(value_added: pd.DataFrame, names: Mapping[str, str]) -> Figure:
    """The error of each step from the naive forecast to ours, and what the step takes off it.

    Parameters
    ----------
    value_added : rows of one demand class, columns step, wape (share), value_added_points.
    names : what each step does, by step.
    """
    figure, ax = blank(7.2, 0.7 + 0.34 * len(value_added))
    y, wape = np.arange(len(value_added)), 100 * value_added["wape"].to_numpy(float)
    ax.barh(y, wape, color=[MUTED, *[OURS] * (len(y) - 1)], height=0.6)
    for place, (error, points) in enumerate(zip(wape, value_added["value_added_points"], strict=True)):
        text = f"{error:.1f}%" + ("" if np.isnan(points) else f"  ({-points:+.1f} points)".replace("-", "−"))
        ax.annotate(text, (error, place), xytext=(4, 0), textcoords="offset points", va="center", color=INK)
    ax.set_yticks(y, [textwrap.fill(names[step], 44) for step in value_added["step"]], color=INK)
    ax.invert_yaxis()
    ax.margins(x=0.3)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("absolute error of lead-time demand, share of demand (%)")
    return figure


@styled
def ranking_chart(model_value: pd.DataFrame) -> Figure:
    """Every model's rank by three measures, joined by a line; the chosen one stands out.

    Parameters
    ----------
    model_value : rows of one demand class, columns model, rank_pinball, rank_calibration, rank_cost, chosen.
    """
    measures = {
        "rank_pinball": "pinball loss",
        "rank_calibration": "calibration",
        "rank_cost": "money lost",
    }
    # Models that share a rank are set one below the other, in the order of their names.
    ranks = pd.DataFrame(
        {
            rank: model_value.sort_values([rank, "model"])
            .assign(place=np.arange(1, len(model_value) + 1))
            .set_index("model")["place"]
            for rank in measures
        }
    )
    chosen = set(model_value.loc[model_value["chosen"], "model"])
    figure, ax = blank(7.2, 0.9 + 0.24 * len(ranks))
    for model, places in ranks.iterrows():
        strong = model in chosen
        ax.plot(
            places, "-o", color=OURS if strong else GRID, linewidth=2.4 if strong else 1.4,
            markerfacecolor=OURS if strong else MUTED, markeredgecolor="none", markersize=7 if strong else 5,
            zorder=3 if strong else 2,
        )  # fmt: skip
        for place, side in ((places.iloc[0], -1), (places.iloc[-1], 1)):
            ax.annotate(
                _words(model), (0 if side < 0 else 2, place), xytext=(9 * side, 0),
                textcoords="offset points", ha="right" if side < 0 else "left", va="center",
                color=OURS if strong else INK,
            )  # fmt: skip
    ax.set_xticks(range(3), measures.values(), color=INK)
    ax.xaxis.tick_top()
    ax.set(xlim=(-0.9, 2.9), ylim=(len(ranks) + 0.6, 0.4), yticks=[])
    ax.spines[:].set_visible(False)
    ax.grid(visible=False)
    ax.tick_params(length=0)
    return figure
