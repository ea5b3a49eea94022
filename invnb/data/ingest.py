"""One door for all files: read, cleaned with a ledger, validated, and laid out as the demand panel."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd

from invnb.data.cleaning import (
    Cleaned,
    clean_table,
    kept_rows,
    mark_zombies,
    receipt_rules,
    verify_promotions,
)
from invnb.data.cleaning_sales import CleanedSales, clean_sales, not_a_product, read_cells_of_sales
from invnb.data.data_card import make_data_card
from invnb.data.derived import derive_products
from invnb.data.ledger import LEDGER_COLUMNS, REJECTED_COLUMNS, LineLedger, joined
from invnb.data.panel import demand_panel, panel_days
from invnb.data.source_params import DerivedProducts, SalesSource, Sources, parse_sources
from invnb.data.sources import locate, read_table
from invnb.data.tables import TABLES, empty, validate
from invnb.errors import InputError

PANEL_TABLES = ("sales", "products", "stock_history", "promotions", "prices", "returns", "page_views")
"""The tables the demand panel is made of."""


@dataclass(frozen=True)
class Ingested:
    """What stage 01 writes.

    `tables` holds every canonical table by name (an optional one that was not given is empty), `ledger` the
    lines of every file by outcome and reason, `rejected` the single lines that were refused, `panel` the
    demand panel, `data_card` (`name`, `value`) what must be known about all of it, `files` the files read.
    """

    tables: dict[str, pd.DataFrame]
    ledger: pd.DataFrame
    rejected: pd.DataFrame
    panel: pd.DataFrame
    data_card: pd.DataFrame
    files: tuple[Path, ...] = ()


def ingest(
    sources: Sources | dict[str, Any],
    folder: Path,
    product_category: str,
    period: str = "week",
    data_through: str = "",
    salt: str = "",
) -> Ingested:
    """Read all sources, keep one product category, and lay its demand out on a complete grid.

    Parameters
    ----------
    sources : the form of `invnb.data.source_params.Sources`.
    folder : where relative file names are looked for; after that in the folder the variable INVNB_DATA names.
    product_category : the value of `products.category` to keep.
    period : "day" or "week" (weeks start on Monday).
    data_through : last day to use, as 2025-12-28; empty for the last day of the data.
    salt : secret text mixed into the hash of customer numbers; needed only where `customer_hash` is mapped.

    Raises
    ------
    InputError : the first thing a person has to put right, in one sentence with file, line and remedy.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> lines = [f"{i},2025-01-{i:02d},A1,2,18" for i in range(6, 20)] + ["20,2025-01-19,A1,0,0"]
    >>> _ = (folder / "orders.csv").write_text("no,day,code,qty,total\\n" + "\\n".join(lines))
    >>> _ = (folder / "products.csv").write_text("code,title,type\\nA1,Duck,toys\\n")
    >>> columns = {"order_id": "no", "order_ts": "day", "sku": "code", "units": "qty", "net_value": "total"}
    >>> master = {"sku": "code", "name": "title", "category": "type"}
    >>> sources = {"sales": {"file": "orders.csv", "columns": columns}}
    >>> sources["products"] = {"file": "products.csv", "columns": master}
    >>> result = ingest(sources, folder, "toys", "week")
    >>> result.panel["units"].tolist()
    [14.0, 14.0]
    >>> result.rejected[["file", "line", "reason"]]
             file  line      reason
    0  orders.csv    16  zero units
    """
    sources = parse_sources(sources)
    through = _last_day(data_through)
    if "customer_hash" in sources.sales.columns and not salt:
        raise InputError(
            "customer_hash is mapped, but there is no salt",
            remedy="set a salt, or leave customer_hash out of the map",
        )
    sales_source = _sales_source(sources)
    raw_sales = read_table("sales", sales_source, folder)
    cells = read_cells_of_sales(raw_sales, sales_source)
    ledgers: list[LineLedger] = []
    if isinstance(sources.products, DerivedProducts):
        sold = (cells["units"].read > 0) & (_paid(cells) > 0)
        codes = not_a_product(raw_sales.cells["sku"], sources.sales.not_products)
        master = derive_products(
            raw_sales.cells["sku"], raw_sales.cells["name"], sold, sources.products, codes
        )
    else:
        cleaned = clean_table(
            read_table("products", sources.products, folder),
            sources.products,
            None,
            product_category,
            through,
        )
        master = kept_rows(cleaned)
        cleaned.ledger.other_category(cleaned.frame["category"] != product_category)
        ledgers.append(cleaned.ledger)
    _check_category(master, product_category, sources, folder)
    sales = clean_sales(raw_sales, cells, sources.sales, master, product_category, through, salt)
    ledgers.insert(0, sales.ledger)
    if sales.sales.empty:
        raise InputError(
            f'no line of demand is left of category "{product_category}": {_reasons(sales.ledger)}',
            file=locate(sources.sales.files[0], folder),
            remedy="look at the column map, status_words and data_through",
        )
    tables = {name: empty(name) for name in TABLES}
    tables["sales"] = sales.sales
    tables["products"] = master[master["category"] == product_category].reset_index(drop=True)
    del raw_sales, cells
    others = _clean_others(sources, folder, master, product_category, through, sales)
    for name, cleaned in others.items():
        tables[name] = kept_rows(cleaned)
        ledgers.append(cleaned.ledger)
    if len(sales.returns):
        tables["returns"] = pd.concat([sales.returns, tables["returns"]], ignore_index=True)
    notes = _one_location(tables)
    if "stock" not in others and len(tables["stock_history"]):
        tables["stock"] = _last_stock(tables["stock_history"])
        notes["stock"] = "taken from the last day of the stock history"
    return _laid_out(tables, ledgers, sales, sources, folder, product_category, period, data_through, notes)


def _last_day(data_through: str) -> pd.Timestamp | None:
    if not data_through:
        return None
    try:
        return pd.to_datetime(data_through, format="%Y-%m-%d")
    except ValueError:
        raise InputError(
            f'data_through = "{data_through}" is not a date', remedy="write it as 2025-12-28"
        ) from None


def _sales_source(sources: Sources) -> SalesSource:
    """The order lines' source, with the column that names the product where the list is derived from it."""
    source = sources.sales
    if isinstance(sources.products, DerivedProducts):
        return source.model_copy(update={"columns": source.columns | {"name": sources.products.name_column}})
    return source


def _paid(cells: dict[str, Any]) -> pd.Series:
    return next(cells[name].read for name in ("net_value", "gross_value", "unit_price") if name in cells)


def _check_category(master: pd.DataFrame, category: str, sources: Sources, folder: Path) -> None:
    if (master["category"] == category).any():
        return
    source = sources.sales if isinstance(sources.products, DerivedProducts) else sources.products
    counts = master["category"].value_counts()
    near = get_close_matches(category, counts.index.tolist(), n=1)
    listed = ", ".join(f"{name} ({n})" for name, n in counts.head(12).items())
    raise InputError(
        f'no product has the category "{category}"',
        file=locate(source.files[0], folder),
        remedy=f'did you mean "{near[0]}"?' if near else f"there are {listed}",
    )


def _reasons(ledger: LineLedger) -> str:
    rows = ledger.summary().sort_values("lines", ascending=False).head(3)
    return ", ".join(
        f"{lines:,} lines {reason or outcome}" for outcome, reason, lines in rows.iloc[:, 2:].to_numpy()
    )


def _check_not_all_refused(ledger: LineLedger, file: Path) -> None:
    """A table without one good line is a fault of its map, not of its lines."""
    summary = ledger.summary()
    if len(ledger.raw.line) and (summary["outcome"].isin(["rejected", "not_loaded"])).all():
        value = ledger.rejected()["value"].dropna()
        example = f' (such as "{value.iloc[0]}")' if len(value) else ""
        raise InputError(
            f"no line of the table {ledger.raw.table} can be used: {_reasons(ledger)}{example}",
            file=file,
            remedy="look at its column map",
        )


def _clean_others(
    sources: Sources,
    folder: Path,
    master: pd.DataFrame,
    category: str,
    through: pd.Timestamp | None,
    sales: CleanedSales,
) -> dict[str, Cleaned]:
    """Every other table that is given, cleaned, in the order of `TABLES`."""
    out: dict[str, Cleaned] = {}
    for name, source in sources.tables().items():
        if name in ("sales", "products"):
            continue
        raw = read_table(name, source, folder)
        out[name] = clean_table(raw, source, master, category, through)
        _check_not_all_refused(out[name].ledger, locate(source.files[0], folder))
        if name == "receipts":
            receipt_rules(raw, out.get("purchase_orders"), out[name].ledger)
    today = through or sales.shop_orders.index.max()
    if {"promotions", "prices"} <= set(out):
        verify_promotions(out["promotions"], kept_rows(out["prices"]), today)
    if "returns" in out:
        known = out["returns"].frame["order_id"].isin(sales.ledger.raw.cells["order_id"])
        out["returns"].ledger.remark(~known, "return of an unknown order, kept")
    if "purchase_orders" in out:
        out["purchase_orders"] = mark_zombies(out["purchase_orders"], _lead_times(out), today)
    return out


def _lead_times(cleaned: dict[str, Cleaned]) -> pd.Series:
    """(n_line,) lead time of every order line: of its supplier, else of the product's first supplier."""
    orders = cleaned["purchase_orders"].frame
    days = pd.Series(float("nan"), index=orders.index)
    if "suppliers" in cleaned:
        suppliers = kept_rows(cleaned["suppliers"]).set_index("supplier_id")["lead_time_days"]
        days = days.fillna(orders["supplier_id"].map(suppliers))
    if "item_supplier" in cleaned:
        items = kept_rows(cleaned["item_supplier"]).sort_values("priority").drop_duplicates("sku")
        days = days.fillna(orders["sku"].map(items.set_index("sku")["lead_time_days"]))
    return days


def _one_location(tables: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Where sales do not tell locations apart, stock is added up over them."""
    names = tables["sales"]["location"].unique()
    stocked = sorted({*tables["stock"]["location"], *tables["stock_history"]["location"]})
    if len(names) != 1 or stocked in ([], list(names)):
        return {}
    for name in ("stock", "stock_history", "purchase_orders"):
        table = tables[name].assign(location=names[0])
        if name != "purchase_orders" and len(table):
            key = list(TABLES[name].key)
            rule = {c: "max" if c in ("listed", "snapshot_date") else "sum" for c in table if c not in key}
            table = table.groupby(key, as_index=False, sort=False).agg(rule)[TABLES[name].column_names]
        tables[name] = validate(name, table)
    if len(stocked) == 1:
        return {}
    return {
        "location_note": f"stock of {', '.join(stocked)} is added up, because sales do not name a location"
    }


def _last_stock(history: pd.DataFrame) -> pd.DataFrame:
    last = history.sort_values("date").drop_duplicates(["sku", "location"], keep="last")
    on_hand = last["close_units"].fillna(last["open_units"] + last["received_units"])
    table = last.assign(snapshot_date=last["date"], on_hand_units=on_hand, reserved_units=0.0)
    return validate("stock", table[TABLES["stock"].column_names].reset_index(drop=True))


def _laid_out(
    tables: dict[str, pd.DataFrame],
    ledgers: list[LineLedger],
    sales: CleanedSales,
    sources: Sources,
    folder: Path,
    product_category: str,
    period: str,
    data_through: str,
    notes: dict[str, str],
) -> Ingested:
    try:
        days = panel_days(tables["sales"], tables["stock_history"], period, data_through, sales.shop_orders)
    except ValueError as error:
        raise InputError(str(error), file=locate(sources.sales.files[0], folder)) from None
    panel = demand_panel(
        **{name: tables[name] for name in PANEL_TABLES},
        period=period,
        data_through=data_through,
        shop_orders=sales.shop_orders,
    )
    ledger = joined([each.summary() for each in ledgers], LEDGER_COLUMNS)
    rejected = joined([each.rejected() for each in ledgers], REJECTED_COLUMNS)
    card = make_data_card(tables, ledger, panel, days, product_category, notes)
    files = tuple(locate(name, folder) for source in sources.tables().values() for name in source.files)
    return Ingested(tables, ledger, rejected, panel, card, tuple(dict.fromkeys(files)))
