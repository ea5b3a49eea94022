"""Personal data are refused at the door."""

from __future__ import annotations

import pandas as pd
import pytest

from invnb.data.privacy import hashed, is_customer_number, looks_personal, refuse_cells, refuse_headings
from invnb.data.sample.columns import COLUMN_MAPS
from invnb.errors import InputError

PERSONAL = """
Email|E-mail|customer_email|Phone|Billing Phone|Mobile No|Billing Name|Shipping Name|First Name|last_name
Customer Name|Billing Street|Shipping Address1|Address|Zip|Billing Zip|Shipping City|IP|Client IP|browser_ip
Birthday|Date of Birth|Recipient|Surname|buyerName|WeChat ID|Passport No
邮箱|手机号|收货人姓名|收货地址|联系电话|身份证号|买家昵称
"""

HARMLESS = """
Name|Lineitem name|Title|Product Name|Product name|sku|Description|Supplier name|Category|Country
Created at
Shipping|Shipping Method|Discount Amount|Quantity|Units|Unit price|Financial Status|Tags|Vendor|Type
Variant SKU|Headphone model|Zipper colour|Ship date|订单编号|商品名称|数量|下单时间|InvoiceNo|Stripe fee
"""


def words(text: str) -> list[str]:
    return text.strip().replace("\n", "|").split("|")


@pytest.mark.parametrize("heading", words(PERSONAL))
def test_headings_that_are_personal(heading: str) -> None:
    assert looks_personal(heading)


@pytest.mark.parametrize("heading", words(HARMLESS))
def test_headings_that_are_not(heading: str) -> None:
    assert not looks_personal(heading)


def test_no_heading_of_the_sample_looks_personal_but_the_customer_number() -> None:
    for source in COLUMN_MAPS.values():
        for column, heading in source["columns"].items():
            assert not looks_personal(heading)
            assert is_customer_number(heading) == (column == "customer_hash")


def test_mapped_is_refused_unmapped_is_listed() -> None:
    assert refuse_headings({"sku": "Code"}, ["Code", "Email", "Note", "Phone"], "f") == ["Email", "Phone"]
    with pytest.raises(
        InputError, match='the column "Billing Name", mapped to segment, looks like personal data'
    ):
        refuse_headings({"segment": "Billing Name"}, ["Billing Name"], "f")
    with pytest.raises(InputError, match="map a customer number"):
        refuse_headings({"customer_hash": "Email"}, ["Email"], "f")


@pytest.mark.parametrize(
    ("column", "cells", "refused"),
    [
        ("segment", ["vip", "li.wei@example.com"], "an e-mail address"),
        ("order_id", ["1", "x@y.example"], "an e-mail address"),
        ("customer_hash", ["7", "x@y.example"], "an e-mail address"),
        ("segment", ["13812345678", "+86 138 1234 5678"], "telephone numbers"),
        ("channel", ["+44 20 7946 0958", "+1 (212) 555-0100"], "telephone numbers"),
        ("channel", ["192.168.0.1", "10.1.2.3"], "IP addresses"),
        ("order_id", ["13812345678", "13912345678"], ""),  # order numbers may be as long
        ("sku", ["1@2", "M@N"], ""),
        ("name", ["Set of 3 @ home", "Mug 2"], ""),
    ],
)
def test_cells_that_give_themselves_away(column: str, cells: list[str], refused: str) -> None:
    values = pd.Series(cells, dtype="str")
    if not refused:
        refuse_cells(column, values, "H", "f.csv", pd.Series([2, 3]))
        return
    with pytest.raises(InputError, match=refused) as error:
        refuse_cells(column, values, "H", "f.csv", pd.Series([2, 3]))
    assert all(cell not in str(error.value) for cell in cells if "@" in cell or "." in cell)


def test_hash_depends_on_number_and_salt_only() -> None:
    numbers = pd.Series(["7", None, "8", "7"], dtype="str")
    one, other = hashed(numbers, "salt"), hashed(numbers, "pepper")
    assert one[0] == one[3] != one[2]
    assert one.isna().tolist() == [False, True, False, False]
    assert not set(one.dropna()) & set(other.dropna())
    with pytest.raises(ValueError, match="salt is empty"):
        hashed(numbers, "")
