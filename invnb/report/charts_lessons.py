"""Pictures of the lessons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from invnb.report.style import INK, OURS, PAPER, SOFT, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def order_maps(orders: Mapping[str, NDArray[np.integer]], units_on_way: str, units_on_hand: str) -> Figure:
    """Tables of orders side by side: a square for each state, with the units ordered in it.

    Parameters
    ----------
    orders : name of a policy -> (n_on_way, n_on_hand) units ordered; below zero: no such state.
    units_on_way, units_on_hand : labels of the axes.

    Examples
    --------
    >>> tables = {"one": np.array([[2, 1, 0]]), "other": np.array([[1, 1, -1]])}
    >>> figure = order_maps(tables, "on the way", "on hand")
    >>> [ax.get_title(loc="left") for ax in figure.axes]
    ['one', 'other']
    """
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    rows, columns = np.max([table.shape for table in orders.values()], axis=0)
    most = max(int(table.max()) for table in orders.values())
    figure = Figure(figsize=(3.6 * len(orders), 0.6 + 3.4 * rows / columns), layout="constrained")
    shades = LinearSegmentedColormap.from_list("orders", [PAPER, SOFT, OURS])
    for ax, (name, table) in zip(
        figure.subplots(1, len(orders), squeeze=False)[0], orders.items(), strict=True
    ):
        ax.imshow(np.ma.masked_less(table, 0), cmap=shades, vmin=0, vmax=max(most, 1), origin="lower")
        for (on_way, on_hand), units in np.ndenumerate(table):
            if units >= 0:
                dark = units > 0.7 * most
                ax.text(
                    on_hand,
                    on_way,
                    f"{units}",
                    ha="center",
                    va="center",
                    fontsize=6,
                    color=PAPER if dark else INK,
                )
        ax.grid(visible=False)
        ax.set(title=name, xlabel=units_on_hand, xlim=(-0.5, columns - 0.5), ylim=(-0.5, rows - 0.5))
    figure.axes[0].set_ylabel(units_on_way)
    return figure
