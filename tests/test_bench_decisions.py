"""The table of the decision benchmark and its verdict, counted by hand."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))

from decisions import row, verdict

from invnb.decide.rules import RULES, SAFETY


def found(ours: float, served: float = 97.0) -> dict[str, np.ndarray]:
    """Ten weeks: the rules cost 10 a week and serve 95 of 100, more safety costs 2 and serves 1 more."""
    weeks = np.ones(10)
    result = {"policy": ours * weeks, "policy served": served * weeks, "demand": 100 * weeks}
    result["perfect"] = 2 * weeks
    for name in RULES:
        result[name], result[f"{name} served"] = 10 * weeks, 95 * weeks
        for step, number in enumerate(SAFETY[name]):
            result[f"{name} at {number:g}"] = (9 + 2 * step) * weeks
            result[f"{name} at {number:g} served"] = (94 + step) * weeks
    return result


def test_a_row_counts_against_the_best_rule_and_against_those_that_served_as_much() -> None:
    made = row(1, found(7.0), 3.0)
    assert made["saving"] == pytest.approx(0.3)
    assert (made["low"], made["high"]) == (pytest.approx(0.3), pytest.approx(0.3))
    assert (made["fill ours"], made["fill rule"]) == (pytest.approx(0.97), pytest.approx(0.95))
    assert made["rules at their best"] == pytest.approx(90)
    assert made["rules at our fill"] == pytest.approx(150)  # 97 is served from the third step on
    assert made["gap closed"] == pytest.approx(3 / 8)
    assert np.isnan(row(1, found(7.0, served=101.0), 3.0)["rules at our fill"])


@pytest.mark.parametrize(
    ("costs", "served", "said"),
    [
        ([7.0, 7.2], 97.0, "bar: holds"),
        ([8.5, 8.6], 97.0, "bar: does not hold"),  # too dear
        ([7.0, 7.2], 94.0, "bar: does not hold"),  # serves less than the rule
        ([2.0, 9.9], 97.0, "bar: does not hold"),  # cheap by chance
    ],
)
def test_the_verdict_asks_for_cost_service_and_an_interval(
    costs: list[float], served: float, said: str
) -> None:
    table = pd.DataFrame([row(seed, found(ours, served), 1.0) for seed, ours in enumerate(costs)])
    assert verdict(table).endswith(said)
