"""The known dose of dirt in the order file: traps every real export has, each counted line by line.

Lines added on top of the true sales: orders voided, refunded before dispatch or placed as a test; lines for
deleted products, without a sku, or of nothing; exact duplicates; an 8,000-piece typo taken back soon.
True lines spoilt: unreadable dates, a decimal comma, a sku with blanks around it, a carton booked as a piece.
No line is hit twice, so that the counts are exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

EXTRA_ORDERS = {"voided": 900, "refunded": 450, "test": 25}  # Financial Status: orders
EXTRA_LINES = {"unknown sku": 40, "blank sku": 20, "zero units": 30}
UNREADABLE_DATES = ("0000-00-00 00:00:00", "31.02.2024 noon", "#VALUE!", "yesterday")
SPOILT_LINES = {"unreadable order_ts": 18, "net_value with another decimal sign": 25, "sku with blanks": 30}
DUPLICATES = 150
CARTONS = 15
CARTON_UNITS = (6, 24)  # lines of so many pieces are the ones booked as one carton
TYPO_UNITS, TYPO_MINUTES = 8000, 6
TYPO_KIND = "order and its cancellation"


@dataclass(frozen=True)
class Dirty:
    """Order lines with their dirt.

    Parameters
    ----------
    lines : order lines as text-ready columns, in file order; `kind` names the dirt, empty on a clean line.
    counts : kind -> number of lines.
    """

    lines: pd.DataFrame
    counts: dict[str, int]


def soil_orders(lines: pd.DataFrame, rng: np.random.Generator) -> Dirty:
    """Add and spoil lines.

    Parameters
    ----------
    lines : one row per order line in file order, with `order`, `line`, `second`, `sku`, `units`, `net_value`,
        `discount_value`, `channel`, `customer`, `segment`.

    Returns
    -------
    The lines with `status`, `cancelled` (second or NaT) and the texts `created_at`, `total`, `kind` added.
    """
    lines = lines.assign(
        status="paid", cancelled=np.datetime64("NaT", "s"), kind="", sort=np.arange(len(lines), dtype=float)
    )
    # Each order is the neighbour of one extra at most. `sort` is the place in the file: a copy stands right
    # behind its line, an extra line behind the last of its order, an extra order behind that.
    wanted = EXTRA_ORDERS | EXTRA_LINES | {TYPO_KIND: 1}
    last_lines = lines.drop_duplicates("order", keep="last")
    hit = rng.choice(len(last_lines), sum(wanted.values()), replace=False)
    orders = dict(zip(wanted, np.split(hit, np.cumsum(list(wanted.values()))[:-1]), strict=True))
    last_line = {kind: last_lines.iloc[np.sort(of)] for kind, of in orders.items()}
    added = [
        _extra_orders(lines[lines["order"].isin(last_line[status]["order"])], status, rng)
        for status in EXTRA_ORDERS
    ]
    added += [_extra_lines(last_line[kind], kind) for kind in EXTRA_LINES]
    added.append(_typo(last_line[TYPO_KIND]))
    spoilt = _spoil(lines, rng)
    copies = spoilt[spoilt["kind"].eq("")]
    copies = copies.iloc[np.sort(rng.choice(len(copies), DUPLICATES, replace=False))]
    added.append(copies.assign(kind="exact duplicate", sort=copies["sort"] + 0.1))
    everything = pd.concat([spoilt, *(_written(extra) for extra in added)]).sort_values("sort", kind="stable")
    counts = everything.loc[everything["kind"] != "", "kind"].value_counts().sort_index()
    return Dirty(everything.reset_index(drop=True), {str(kind): int(n) for kind, n in counts.items()})


def _extra_orders(source: pd.DataFrame, status: str, rng: np.random.Generator) -> pd.DataFrame:
    """The same basket once more, a minute later and under the next number: not a sale."""
    second = source["second"] + pd.Timedelta(seconds=60)
    return source.assign(
        order=source["order"] + 1,
        second=second,
        status=status,
        customer=10_000 if status == "test" else source["customer"],
        cancelled=second + pd.Timedelta(minutes=int(rng.integers(5, 90))),
        kind=f"{status} order",
        sort=source["sort"].groupby(source["order"]).transform("max") + 0.6 + 0.001 * source["line"],
    )


def _extra_lines(last: pd.DataFrame, kind: str) -> pd.DataFrame:
    """One more line at the end of an order."""
    extra = last.assign(line=last["line"] + 1, kind=kind, sort=last["sort"] + 0.5)
    if kind == "unknown sku":
        return extra.assign(sku=[f"OLD-{number:04d}" for number in range(7001, 7001 + len(extra))])
    if kind == "blank sku":
        return extra.assign(sku="")
    return extra.assign(units=0, net_value=0.0, discount_value=0.0)


def _typo(source: pd.DataFrame) -> pd.DataFrame:
    """A finger too long on the zero, and the correction on the same order."""
    value = round(float(source["net_value"].iloc[0] / source["units"].iloc[0]) * TYPO_UNITS, 2)
    extra = source.assign(order=source["order"] + 1, discount_value=0.0, kind=TYPO_KIND)
    after = source["sort"] + 0.6
    return pd.concat(
        [
            extra.assign(line=1, units=TYPO_UNITS, net_value=value, sort=after),
            extra.assign(
                line=2,
                units=-TYPO_UNITS,
                net_value=-value,
                second=source["second"] + pd.Timedelta(minutes=TYPO_MINUTES),
                sort=after + 0.1,
            ),
        ]
    )


def _written(lines: pd.DataFrame) -> pd.DataFrame:
    """Cells that dirt may spoil, as text; lines that have them keep them."""
    if "created_at" in lines:
        return lines
    stamp = np.datetime_as_string(lines["second"].to_numpy().astype("datetime64[s]"), unit="s")
    created = [f"{text[:10]} {text[11:]} +0800" for text in stamp.tolist()]
    return lines.assign(created_at=created, total=[f"{value:.2f}" for value in lines["net_value"].tolist()])


def _spoil(lines: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    lines = _written(lines)
    units = lines["units"].to_numpy()
    few = np.flatnonzero((units < CARTON_UNITS[0]) & (lines["net_value"] % 1 != 0))
    chosen = rng.choice(few, sum(SPOILT_LINES.values()), replace=False)
    dates, commas, blanks = np.split(chosen, np.cumsum(list(SPOILT_LINES.values()))[:-1])
    cartons = rng.choice(
        np.flatnonzero((units >= CARTON_UNITS[0]) & (units <= CARTON_UNITS[1])), CARTONS, False
    )
    created, total, sku = (
        lines[name].to_numpy(dtype=object, copy=True) for name in ("created_at", "total", "sku")
    )
    kind, units = lines["kind"].to_numpy(dtype=object, copy=True), units.copy()
    created[dates] = np.resize(UNREADABLE_DATES, len(dates))
    total[commas] = [text.replace(".", ",") for text in total[commas]]
    sku[blanks] = [f" {text} " for text in sku[blanks]]
    units[cartons] = 1
    for name, rows in zip(
        [*SPOILT_LINES, "carton as one piece"], (dates, commas, blanks, cartons), strict=True
    ):
        kind[rows] = name
    return lines.assign(created_at=created, total=total, sku=sku, units=units, kind=kind)
