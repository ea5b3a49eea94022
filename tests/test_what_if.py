"""A what-if is a parameter file based on another one."""

from pathlib import Path

import pytest

from invnb.errors import InputError
from invnb.params import load_params
from invnb.pipeline import categories


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("INVNB_HOME", str(tmp_path))
    (tmp_path / "params").mkdir()
    (tmp_path / "params" / "toys.yml").write_text("product_category: toys\nbudget: 60000\norder_cost: 30\n")
    return tmp_path


def test_a_what_if_takes_all_but_what_it_changes(home):
    more = home / "params" / "more.yml"
    more.write_text("based_on: toys\nbudget: 90000\n")
    loaded = load_params(more)
    assert (loaded.values.category, loaded.values.budget, loaded.values.order_cost) == ("more", 90000, 30)
    assert (loaded.origin["budget"], loaded.origin["order_cost"]) == ("file", "toys.yml")
    assert loaded.origin["lost_share"] == "default"
    assert load_params(more, {"budget": "5"}).values.budget == 5
    assert categories() == ["toys"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("budget: 1\nbased_on: toy\n", 'more.yml, line 2: based_on is "toy"; did you mean "toys"'),
        ("based_on: more\n", 'based_on is "more"'),
        ("based_on: chain\n", "based on another file itself; name a file that stands alone"),
        (
            "based_on: toys\nbugdet: 1\n",
            'more.yml, line 2: unknown parameter "bugdet"; did you mean "budget"',
        ),
    ],
)
def test_a_wrong_base_is_named_with_its_line(home, text, said):
    (home / "params" / "chain.yml").write_text("based_on: toys\n")
    more = home / "params" / "more.yml"
    more.write_text(text)
    with pytest.raises(InputError) as error:
        load_params(more)
    assert said in str(error.value)


def test_the_shipped_what_if_changes_the_budget_only():
    params = Path(__file__).resolve().parents[1] / "params"
    toys, more = (load_params(params / f"{name}.yml").values for name in ("toys", "toys_more_budget"))
    assert more.budget > toys.budget
    assert more.model_copy(update={"budget": toys.budget, "category": "toys"}) == toys
