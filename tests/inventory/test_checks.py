"""Every refusal names the argument, the value with its place, and what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from invnb.inventory import checks

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("check", "value", "words"),
    [
        (checks.finite, [1.0, INF], r"x must be finite, got inf at index 1"),
        (checks.nonnegative, [[1.0, -2.0]], r"x must be zero or more and finite, got -2 at index \(0, 1\)"),
        (checks.nonnegative, NAN, r"x must be zero or more and finite, got nan"),
        (checks.nonnegative, "three", r"x must be a number or an array of numbers, got 'three'"),
        (checks.positive, 0, r"x must be above zero and finite, got 0"),
        (checks.nonnegative_or_infinite, NAN, r"x must be zero or more \(infinity for no limit\), got nan"),
        (checks.share, 1.5, r"x must be between 0 and 1, got 1.5"),
        (checks.open_share, 1, r"x must be strictly between 0 and 1, got 1"),
        (checks.whole, [1, 2.5], r"x must be whole and at least 0, got 2.5 at index 1"),
        (checks.count, 0, r"x must be whole and at least 1, got 0"),
        (checks.count, [1, 2], r"x must be one whole number, got an array of shape \(2,\)"),
        (checks.not_empty, [], r"x must hold at least one element, got shape \(0,\)"),
        (checks.probabilities, [0.4, 0.5], r"x must sum to 1 along its last axis, got 0.9"),
        (checks.probabilities, [[1.0, 0.0], [0.5, 0.4]], r"x must sum to 1 along its last axis, got 0.9"),
        (checks.probabilities, [1.5, -0.5], r"x must be zero or more and finite, got -0.5 at index 1"),
        (checks.increasing, [0, 2, 2], r"x must be strictly increasing, got 2 at index 2"),
    ],
)
def test_refusal_says_what_where_and_what_is_allowed(
    check: Callable[..., Any], value: Any, words: str
) -> None:
    with pytest.raises(ValueError, match=f"^{words}$"):
        check("x", value)


def test_shapes_are_named() -> None:
    with pytest.raises(ValueError, match=r"b must have the shape of a, \(2,\), got \(3,\)"):
        checks.same_shape(a=np.zeros(2), b=np.zeros(3))
    with pytest.raises(ValueError, match=r"got a \(2,\), b \(3,\)"):
        checks.broadcast(a=np.zeros(2), b=np.zeros(3))
    with pytest.raises(ValueError, match=r"a must fit the shape \(2,\), got \(3,\)"):
        checks.broadcast_to("a", np.zeros(3), (2,))


def test_good_values_pass_unchanged() -> None:
    assert checks.whole("x", [3.0, 4]).dtype == np.int64
    assert checks.count("x", 5) == 5
    assert checks.share("x", [0, 1]).tolist() == [0.0, 1.0]
    pmf = np.full(7, 1 / 7)
    assert checks.probabilities("x", pmf).sum() == pytest.approx(1, abs=1e-15)
