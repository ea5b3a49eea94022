"""The form of `sources:` in a parameter file: which file holds which table, and under which names.

    sources:
      sales:
        file: orders.csv
        columns: {order_id: Name, order_ts: Created at, sku: Lineitem sku, units: Lineitem quantity,
                  unit_price: Lineitem price, status: Financial Status, cancelled_at: Cancelled at}
        fill_forward: [Financial Status, Cancelled at]
      products:
        file: products.csv
        columns: {sku: Code, name: Title, category: Type, unit_cost: Cost per item}

Left is the project's name of a column (`invnb.data.tables`), right the heading in the file; `"=main"` on the
right is the constant `main` for every line.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from invnb.data.tables import TABLES
from invnb.errors import InputError

SALES_HELPERS = ("unit_price", "gross_value", "cancelled_at", "name")
"""Columns a sales file may map beside the canonical ones: they are used on the way in and not kept.

Where `net_value` is not mapped it is `unit_price` (currency per unit) x units, or `gross_value` (of the
line), less `discount_value`. A filled `cancelled_at` means cancelled; `name` is the product's name, for
derived products.
"""


Status = Literal["paid", "pending", "cancelled", "cancelled_no_stock", "refunded", "voided", "test"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TableSource(_Strict):
    """One canonical table: its file or files, the column map and how cells are written."""

    file: Annotated[str, Field(min_length=1)] | list[str]
    columns: dict[str, str]
    encoding: Literal["utf-8", "gb18030", "cp1252"] = Field("utf-8", description="how text is stored")
    separator: Literal["auto", ",", ";", "\t", "|"] = Field(
        "auto", description="what stands between two cells; auto: what the headings have most of"
    )
    decimal: Literal[".", ","] = Field(".", description="decimal sign; the other one may group thousands")
    date_format: str = Field(
        "", description="as in Python's strptime, such as %d %b %Y; empty: year first, or as `dayfirst` says"
    )
    dayfirst: bool | None = Field(
        None, description="true: 03/04/2025 is 3 April; false: March 4; empty: year first"
    )
    time_zone: str = Field(
        "",
        description="such as Asia/Shanghai: times with an offset are put into this zone; empty: as written",
    )
    fill_forward: list[str] = Field(
        [], description="list of headings filled only on the first line of an order"
    )

    @property
    def files(self) -> list[str]:
        """The file names, one or several."""
        return [self.file] if isinstance(self.file, str) else self.file


class SalesSource(TableSource):
    """Order lines."""

    not_products: list[str] = Field(
        [],
        description="sales only: list of codes that are no products (postage, fees), in any case; "
        "`gift_*` for all that begin so",
    )
    status_words: dict[Status, list[str]] = Field(
        {},
        description="sales only: the shop's words for a status, as in `cancelled: [Storniert, 已取消]`; "
        f"statuses are {', '.join(get_args(Status))}",
    )


class DerivedProducts(_Strict):
    """A product list made from the sales file, for a shop that exports none."""

    name_column: str  # heading in the sales file that describes the product; the most common text is the name
    category_rules: Literal["online_retail"] | dict[str, list[str]]  # category: words, first match wins


def _products_form(value: Any) -> str:
    given = value if isinstance(value, dict) else vars(value) if isinstance(value, BaseModel) else {}
    return "derived" if {"name_column", "category_rules"} & set(given) else "file"


class Sources(_Strict):
    """All sources of a run. Sales and products are needed; each other table unlocks something."""

    sales: SalesSource
    products: Annotated[
        Annotated[TableSource, Tag("file")] | Annotated[DerivedProducts, Tag("derived")],
        Discriminator(_products_form),
    ]
    stock: TableSource | None = None
    stock_history: TableSource | None = None
    suppliers: TableSource | None = None
    item_supplier: TableSource | None = None
    purchase_orders: TableSource | None = None
    receipts: TableSource | None = None
    promotions: TableSource | None = None
    prices: TableSource | None = None
    returns: TableSource | None = None
    page_views: TableSource | None = None
    segments: TableSource | None = None
    overrides: TableSource | None = None

    @model_validator(mode="after")
    def _column_maps_fit(self) -> Sources:
        for name, source in self.tables().items():
            _check_columns(name, source)
        if isinstance(self.products, DerivedProducts) and "name" in self.sales.columns:
            raise ValueError("sales.columns.name and products.name_column say the same; leave out the first")
        return self

    def tables(self) -> dict[str, TableSource]:
        """The tables that come from files, by canonical name."""
        given = {name: getattr(self, name) for name in TABLES}
        return {name: source for name, source in given.items() if isinstance(source, TableSource)}


def _check_columns(name: str, source: TableSource) -> None:
    helpers = SALES_HELPERS if name == "sales" else ()
    known = [*TABLES[name].column_names, *helpers]
    for column in source.columns:
        if column not in known:
            raise ValueError(f'{name}.columns: the table has no column "{column}"; {_nearest(column, known)}')
    needed = [c.name for c in TABLES[name].columns if c.required and c.default is None]
    if name == "sales" and {"unit_price", "gross_value"} & set(source.columns):
        needed.remove("net_value")
    missing = [column for column in needed if column not in source.columns]
    if missing:
        constant = ' (category: "=all" where the shop has no categories)' if "category" in missing else ""
        raise ValueError(
            f"{name}.columns: {', '.join(missing)} must be mapped to a heading of {source.files[0]}{constant}"
        )
    for heading in source.fill_forward:
        if heading not in source.columns.values():
            raise ValueError(f'{name}.fill_forward: "{heading}" is not a heading in {name}.columns')


def _nearest(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f'did you mean "{near[0]}"?' if near else f"known are {', '.join(known)}"


def parse_sources(sources: Sources | dict[str, Any]) -> Sources:
    """The `sources:` of a parameter file, checked.

    Parameters
    ----------
    sources : what stands under `sources:`, or the checked form of it.

    Raises
    ------
    InputError : an unknown, missing or ill-typed entry, with the nearest valid name.

    Examples
    --------
    >>> sales = {"file": "orders.csv", "columns": {"sku": "Code"}, "seperator": ";"}
    >>> try:
    ...     parse_sources({"sales": sales, "products": {"file": "products.csv", "columns": {}}})
    ... except InputError as error:
    ...     print(error)
    sources.sales: unknown entry "seperator"; did you mean "separator"?
    """
    if isinstance(sources, Sources):
        return sources
    try:
        return Sources.model_validate(sources)
    except ValidationError as error:
        raise InputError(_sentence(error)) from None


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    path = [
        str(part)
        for part in first["loc"]
        if part not in ("file", "derived", "str") or part == first["loc"][-1]
    ]
    if first["type"] == "extra_forbidden":
        form: type[BaseModel] = SalesSource if "sales" in path else TableSource if len(path) > 1 else Sources
        if "derived" in first["loc"]:
            form = DerivedProducts
        hint = _nearest(path[-1], list(form.model_fields))
        return f'{".".join(["sources", *path[:-1]])}: unknown entry "{path[-1]}"; {hint}'
    message = first["msg"].removeprefix("Value error, ").replace("Field required", "it must be there")
    return f"{'.'.join(['sources', *path])}: {message}" if path else f"sources.{message}"
