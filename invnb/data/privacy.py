"""Personal data stay outside: what looks like them is refused at the door, customer numbers pass as a hash.

Nothing here proves that a file is free of personal data; it refuses what headings and cells give away.
"""

from __future__ import annotations

import hashlib
import re

import pandas as pd

from invnb.errors import InputError

_WORDS = (
    r"e[\s_-]?mails?|(?<!head)phone|telephone|mobile(?:\s*(?:no|number))?|tel|fax|whatsapp|we\s?chat(?:\s*id)?"
    r"|(?:e|post(?:al)?)?\s?address(?:es)?(?:\s*\d)?|street|zip|zip\s*code|post\s?codes?|postal\s*code"
    r"|(?:first|last|middle|full|given|family|contact|buyer|recipient|receiver|billing|shipping|customer|consignee"
    r"|card\s*holder)\s*names?|surname|consignee|recipient|(?:billing|shipping|ship|bill)\s*(?:to\s*)?"
    r"(?:street|city|zip|company|phone|address\d?|name|province\s*name)|(?:client|browser)?\s*ip(?:\s*address)?"
    r"|birth\s*day|birth\s*date|date\s*of\s*birth|passport(?:\s*(?:no|number))?|id\s*card|iban"
    r"|(?:credit\s*)?card\s*(?:no|number)"
)
_ENGLISH = re.compile(rf"(?:^|\b)(?:{_WORDS})(?:\b|$)")
_CHINESE = re.compile(
    "邮箱|邮件|电话|手机|联系方式|地址|邮编|姓名|收货人|收件人|买家昵称|买家会员名|联系人|身份证|微信|IP|生日|银行卡"
)
_CUSTOMER_NUMBER = re.compile(
    r"^(?:customer|buyer|client|user|member|account)[\s_-]*(?:id|no|nr|number|code|key|hash|ref)?\.?$"
    r"|^(?:客户|会员|买家|用户)(?:编号|号|代码|ID|id)$",
    re.IGNORECASE,
)
_EMAIL = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
_PHONE = r"^(?:\+\d[\d ()/.-]{7,17}\d|(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4})$"
_IP = r"^(?:\d{1,3}\.){3}\d{1,3}$"
_NUMBERED = (
    "order_id",
    "line_id",
    "sku",
    "po_id",
    "return_id",
    "supplier_sku",
    "promo_id",
    "supplier_id",
    "customer_hash",
)
"""Columns whose numbers may be as long as a telephone number."""

PHONE_SHARE = 0.05
"""A text column in which more than this share of the filled cells reads like telephone numbers or IP
addresses is refused; a single e-mail address is enough."""


def looks_personal(heading: str) -> bool:
    """Whether a heading announces e-mail, telephone, address, name of a person, IP address or the like.

    >>> [looks_personal(h) for h in ("Billing Street", "收货人姓名", "Email", "Lineitem name", "Name")]
    [True, True, True, False, False]
    """
    plain = re.sub(r"[\s_\-./()]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", heading)).strip()
    return bool(_ENGLISH.search(plain.lower()) or _CHINESE.search(heading.replace("SHIP", "")))


def is_customer_number(heading: str) -> bool:
    """Whether a heading names a customer number, which may pass as a salted hash.

    >>> [is_customer_number(h) for h in ("CustomerID", "Customer no", "会员编号", "Customer name")]
    [True, True, True, False]
    """
    return bool(_CUSTOMER_NUMBER.match(heading.strip()))


def refuse_headings(mapped: dict[str, str], headings: list[str], file: str) -> list[str]:
    """Refuse a mapped heading that looks personal, and name the unmapped ones, which are not loaded.

    Parameters
    ----------
    mapped : canonical column to heading.
    headings : all headings of the file.
    file : its name, for the sentence.

    Raises
    ------
    InputError : a mapped heading looks personal, or `customer_hash` is mapped to no number.

    Examples
    --------
    >>> refuse_headings({"sku": "Code"}, ["Code", "Email"], "orders.csv")
    ['Email']
    """
    for column, heading in mapped.items():
        personal = not is_customer_number(heading) if column == "customer_hash" else looks_personal(heading)
        if personal:
            remedy = "leave it out of the column map" + (
                " or map a customer number, which is kept as a hash only" if column == "customer_hash" else ""
            )
            raise InputError(
                f'the column "{heading}", mapped to {column}, looks like personal data',
                file=file,
                remedy=remedy,
            )
    used = set(mapped.values())
    return [heading for heading in headings if heading not in used and looks_personal(heading)]


def refuse_cells(column: str, values: pd.Series, heading: str, file: str, line: pd.Series) -> None:
    """Refuse a text column whose cells are e-mail addresses, telephone numbers or IP addresses.

    Parameters
    ----------
    column : canonical name.
    values : (n_line,) its cells.
    heading, file, line : where they stand; the sentence names the line and never repeats the cell.

    Raises
    ------
    InputError : see `PHONE_SHARE`.

    Examples
    --------
    >>> refuse_cells("segment", pd.Series(["vip", "b2b"]), "Group", "orders.csv", pd.Series([2, 3]))
    """
    cells = pd.Series(values.dropna().unique(), dtype="str")
    at_sign = cells[cells.str.contains("@", regex=False)]
    found, what = at_sign[at_sign.str.contains(_EMAIL)], "an e-mail address"
    if found.empty and column not in _NUMBERED:
        for pattern, kind in ((_PHONE, "telephone numbers"), (_IP, "IP addresses")):
            like = cells[cells.str.contains(pattern)]
            if values.isin(like).sum() > PHONE_SHARE * values.notna().sum():
                found, what = like, kind
    if found.empty:
        return
    first = int(line[values.isin(found)].iloc[0])
    raise InputError(
        f'the column "{heading}", mapped to {column}, holds {what}',
        file=file,
        line=first,
        remedy="leave the column out of the column map, or the personal data out of the export",
    )


def hashed(values: pd.Series, salt: str) -> pd.Series:
    """Customer numbers as salted hashes of 16 hexadecimal digits; missing stays missing.

    The hash is BLAKE2b with the salt as key: without the salt a number cannot be tried out.

    Parameters
    ----------
    values : (n_line,) customer numbers as text.
    salt : a secret text; the same salt gives the same hashes.

    Raises
    ------
    ValueError : the salt is empty.

    Examples
    --------
    >>> a, b = hashed(pd.Series(["17850", "17850"]), salt="s")
    >>> a == b, len(a), a == hashed(pd.Series(["17850"]), salt="t")[0]
    (True, 16, False)
    """
    if not salt:
        raise ValueError("salt is empty: customer numbers pass only as salted hashes, so give a secret text")
    key = hashlib.blake2b(salt.encode(), digest_size=32).digest()
    codes, numbers = pd.factorize(values)
    digests = [hashlib.blake2b(str(n).encode(), digest_size=8, key=key).hexdigest() for n in numbers]
    table = pd.Series([*digests, None], dtype="str")  # code -1, missing, finds the last entry
    return pd.Series(table.to_numpy()[codes], index=values.index, dtype="str")
