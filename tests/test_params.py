"""Parameter files: what is refused, with which sentence, and what is read."""

from pathlib import Path

import pytest

from invnb.errors import InputError
from invnb.params import Params, load_params


def load(tmp_path: Path, text: str, **overrides: str) -> Params:
    file = tmp_path / "toys.yml"
    file.write_text(text, encoding="utf-8")
    return load_params(file, overrides).values


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "seed: 1\nlead_tme_days: 14",
            'line 2: unknown parameter "lead_tme_days"; did you mean "lead_time_days"?',
        ),
        (
            'fill_rate_target: "0.98"',
            'line 1: fill_rate_target is the text "0.98"; write a number above 0.5 and below 1',
        ),
        ("horizon_periods: 1e1", "horizon_periods is 10.0; write a whole number from 2 and up to 120"),
        ("budget: -4", "budget is -4; write a number above 0 or null"),
        ("budget: .inf", "budget is Infinity; write a number above 0 or null"),
        ("language: fr", 'language is the text "fr"; write "en" or "zh" or "both"'),
        ("horizon_periods: 2", "shorter than the lead time of 14 days plus one review; write at least 3"),
        ("data_through: 2024-13-01", 'data_through is "2024-13-01"; write a date as 2025-12-28'),
        ("country: china", 'country is the text "china"; write capital letters as in CN'),
        ("category: x", 'category is "x" but the file is called toys.yml; write "toys"'),
        ("seed: 1\nseed: 2", 'line 2: "seed" is given twice (first in line 1); keep one of them'),
        ("on: true", 'unknown parameter "on"'),
        ("- 1", "the file is not a list of `name: value` lines"),
        ("a: [1\nb: 2", "line 2: this is not YAML"),
        ("order_cost: true", "order_cost is true; write a number from 0"),
    ],
)
def test_refused_in_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "toys.yml"))


def test_scalars_as_people_mean_them(tmp_path: Path) -> None:
    values = load(
        tmp_path, "product_category: 女装\nbudget: 2e5\nlead_time_days: 010\ndata_through: 2025-03-01"
    )
    assert (values.product_category, values.budget, values.lead_time_days) == ("女装", 200000.0, 10.0)
    assert values.data_through == "2025-03-01"


def test_command_line_wins_and_is_marked(tmp_path: Path) -> None:
    file = tmp_path / "toys.yml"
    file.write_text("budget: 5000\nseed: 7\n")
    loaded = load_params(file, {"budget": "null"})
    assert loaded.values.budget is None
    assert [loaded.origin[name] for name in ("budget", "seed", "order_cost")] == [
        "command line",
        "file",
        "default",
    ]
    with pytest.raises(InputError, match=r"^command line: unknown parameter .budgt.; did you mean .budget."):
        load_params(file, {"budgt": "1"})


def test_a_missing_file_names_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "kitchen.yml").touch()
    with pytest.raises(InputError, match=r"toys.yml: there is no such file; files in .*: kitchen.yml"):
        load_params(tmp_path / "toys.yml")


def test_shipped_files_are_well_formed(root: Path) -> None:
    files = sorted((root / "params").glob("*.yml"))
    assert {"toys", "kitchen", "beauty", "online_retail_bags"} <= {file.stem for file in files}
    for file in files:
        assert (root / "params" / load_params(file).values.sources).is_file()


def test_shipped_column_maps_are_those_of_their_sources(root: Path) -> None:
    from invnb.data.online_retail import SOURCES
    from invnb.data.sample.columns import COLUMN_MAPS
    from invnb.data.source_params import parse_sources
    from invnb.inputs import load_sources

    for name, sources in {"sample": COLUMN_MAPS, "online_retail": SOURCES}.items():
        assert load_sources(root / "params" / "sources" / f"{name}.yml") == parse_sources(sources)
