"""Reading files: encodings, separators, line numbers, headings, and one sentence for what is wrong."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from invnb.data.source_params import TableSource
from invnb.data.sources import RawTable, locate, read_table
from invnb.errors import InputError

COLUMNS = {"date": "Day", "sku": "Code", "views": "Views"}


def read(folder: Path, content: bytes | str, name: str = "views.csv", **options: object) -> RawTable:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    source = TableSource.model_validate({"file": name, "columns": COLUMNS} | options)
    return read_table("page_views", source, folder)


def refusal(folder: Path, content: bytes | str, name: str = "views.csv", **options: object) -> str:
    with pytest.raises(InputError) as error:
        read(folder, content, name, **options)
    return str(error.value)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_separator_newline_and_byte_order_mark_are_found(
    tmp_path: Path, separator: str, newline: str, mark: str
) -> None:
    rows = [["Day", "Code", "Views"], ["2025-01-01", "00123", "7"], ["2025-01-02", "0", ""]]
    raw = read(tmp_path, mark + newline.join(separator.join(row) for row in rows) + newline)
    assert raw.cells["sku"].tolist() == ["00123", "0"]
    assert raw.cells["views"].isna().tolist() == [False, True]
    assert raw.line.tolist() == [2, 3]


def test_gzip_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    raw = read(tmp_path, gzip.compress(b"Day,Code,Views\n2025-01-01,a,1\n"))
    assert raw.cells["sku"].tolist() == ["a"]


def test_parquet_plain_types_and_codes_as_numbers(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"Day": pd.to_datetime(["2025-01-01"]), "Code": [7], "Views": [3.0], "Email": ["a@b.cd"]}
    )
    frame.to_parquet(tmp_path / "v.parquet")
    raw = read_table("page_views", TableSource(file="v.parquet", columns=COLUMNS), tmp_path)
    assert raw.cells["sku"].tolist() == ["7"]
    assert raw.line.tolist() == [1]
    assert raw.not_loaded == (("v.parquet", "Email"),)
    assert "Email" not in raw.cells


def test_line_is_the_physical_one_with_quoted_newlines_blank_and_broken_lines(tmp_path: Path) -> None:
    text = 'Day,Code,Views\n2025-01-01,"a\nb",1\n\n2025-01-02,c\n2025-01-03,"d ""e""",3\n2025-01-04,f,4,5\n'
    raw = read(tmp_path, text)
    assert raw.cells["sku"].tolist() == ["a\nb", 'd "e"']
    assert raw.line.tolist() == [2, 6]
    assert [(line, size) for _, line, size in raw.broken] == [(5, "12 characters"), (7, "16 characters")]
    assert raw.lines_read("views.csv") == 4


def test_line_with_blank_lines_above_the_heading(tmp_path: Path) -> None:
    assert read(tmp_path, "\n\nDay,Code,Views\n2025-01-01,a,1\n").line.tolist() == [4]


def test_headings_match_but_for_case_blanks_and_hyphens(tmp_path: Path) -> None:
    raw = read(tmp_path, " DAY ,code,views\n2025-01-01,a,1\n")
    assert raw.cells["date"].tolist() == ["2025-01-01"]


def test_several_files_make_one_table(tmp_path: Path) -> None:
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text("Day,Code,Views\n2025-01-01,a,1\n")
    source = TableSource(file=["one.csv", "two.csv"], columns=COLUMNS)
    raw = read_table("page_views", source, tmp_path)
    assert raw.file.tolist() == ["one.csv", "two.csv"]
    assert raw.line.tolist() == [2, 2]


def test_constant_column(tmp_path: Path) -> None:
    raw = read(tmp_path, "Day,Code\n2025-01-01,a\n", columns=COLUMNS | {"views": "=5"})
    assert raw.cells["views"].tolist() == ["5"]


def test_encodings_are_named_and_read_when_said(tmp_path: Path) -> None:
    text = "Day,Code,Views\n2025-01-01,玩具一,1\n"
    sentence = refusal(tmp_path, text.encode("gb18030"))
    assert "line 2" in sentence
    assert "encoding: gb18030" in sentence
    assert read(tmp_path, text.encode("gb18030"), encoding="gb18030").cells["sku"].tolist() == ["玩具一"]
    french = "Day,Code,Views\n2025-01-01,é,1\n".encode("cp1252")
    assert "encoding: cp1252" in refusal(tmp_path, french)
    assert "UTF-16" in refusal(tmp_path, text.encode("utf-16"))


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "the file is empty"),
        (b" \n\n", "the file is empty"),
        (b"PK\x03\x04rest", "an Excel workbook"),
        (b"%PDF-1.4", "a PDF"),
        (b"<html>", "a web page"),
        (b'{"a": 1}', "JSON"),
        (gzip.compress(b"Day,Code,Views\n" * 1000, mtime=0)[:-9], "cut short"),
        (b"PAR1 and then nothing", "cannot be read as a table"),
        (b"Day,Code,Views\n2025-01-01,a\0b,1\n", "not a text file"),
        ('Day,Code,Views\n2025-01-01,"a,1\n' + "2025-01-02,b,2\n" * 300, "not closed"),
        ("Day,Code\n2025-01-01,a\n", 'no column "Views" (for views)'),
        ("Day,Code,View\n2025-01-01,a,1\n", 'did you mean "View"?'),
    ],
)
def test_what_cannot_be_read_is_said_in_one_sentence(tmp_path: Path, content: bytes | str, part: str) -> None:
    sentence = refusal(tmp_path, content)
    assert part in sentence
    assert str(tmp_path / "views.csv") in sentence
    assert "\n" not in sentence


def test_the_same_heading_twice_is_refused(tmp_path: Path) -> None:
    exact = read(tmp_path, "Day,Code,Views,views\n2025-01-01,a,1,2\n")
    assert exact.cells["views"].tolist() == ["1"]  # an exact heading wins over one that resembles it
    assert "2 times" in refusal(tmp_path, "Day,Code,VIEWS,views\n2025-01-01,a,1,2\n")


def test_a_table_that_is_needed_must_have_lines(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("Code,Title,Type\n")
    source = TableSource(file="p.csv", columns={"sku": "Code", "name": "Title", "category": "Type"})
    with pytest.raises(InputError, match="no line, so there are no products"):
        read_table("products", source, tmp_path)
    assert read(tmp_path, "Day,Code,Views\n").cells.empty


def test_files_are_looked_for_in_the_folder_then_in_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "near").mkdir()
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "orders.csv").write_text("x")
    monkeypatch.delenv("INVNB_DATA", raising=False)
    with pytest.raises(InputError, match="no such file"):
        locate("orders.csv", tmp_path / "near")
    monkeypatch.setenv("INVNB_DATA", str(tmp_path / "far"))
    assert locate("orders.csv", tmp_path / "near") == tmp_path / "far" / "orders.csv"
    with pytest.raises(InputError, match=r'did you mean "orders\.csv"'):
        locate("order.csv", tmp_path / "near")
    with pytest.raises(InputError, match="a folder, not a file"):
        locate("near", tmp_path)
    assert locate(str(tmp_path / "far" / "orders.csv"), tmp_path) == tmp_path / "far" / "orders.csv"


def test_a_quote_closed_by_a_later_one_is_no_single_broken_line(tmp_path: Path) -> None:
    """Amounts of a thousand and more are quoted, so an open quote ends at the next one, many lines on."""
    lines = [f"{i},A,5" for i in range(2, 40)]
    lines[10] = '"12,A,5'
    lines[30] = '32,A,"1,500.00"'
    (tmp_path / "views.csv").write_text("\n".join(["date,sku,views", *lines]))
    mapped = TableSource(file="views.csv", columns={name: name for name in ("date", "sku", "views")})
    with pytest.raises(InputError, match="line 12: a quotation mark is opened and not closed; close it"):
        read_table("page_views", mapped, tmp_path)
