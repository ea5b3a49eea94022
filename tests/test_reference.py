"""The reference pages say what the schemas say."""

from pathlib import Path

from invnb.reference import parameters_page, tables_page


def test_pages_are_up_to_date(root: Path) -> None:
    for name, text in {"parameters": parameters_page(), "tables": tables_page()}.items():
        assert (root / "docs" / f"{name}.md").read_text(encoding="utf-8") == text, "run `make docs`"
