"""Demand laws against scipy's, sums against enumeration, and the lumped tail."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from invnb.inventory import demand as law

LAWS = {
    "poisson": (lambda **k: law.poisson_pmf([0.3, 60.0], **k), [stats.poisson(0.3), stats.poisson(60)]),
    "geometric": (
        lambda **k: law.geometric_pmf([0.5, 5.0], **k),
        [stats.geom(2 / 3, -1), stats.geom(1 / 6, -1)],
    ),
    "negative binomial": (
        lambda **k: law.negative_binomial_pmf([4.0, 10.0], [6.0, 40.0], **k),
        [stats.nbinom(8, 2 / 3), stats.nbinom(10 / 3, 0.25)],
    ),
}


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("tail", [1e-2, 1e-12])
def test_law_is_scipys_with_the_tail_in_the_last_atom(name: str, tail: float) -> None:
    build, references = LAWS[name]
    pmf = build(tail=tail)
    atoms = np.arange(pmf.shape[1])
    for row, reference in zip(pmf, references, strict=True):
        assert row[:-1] == pytest.approx(reference.pmf(atoms[:-1]), abs=1e-14)
        assert row[-1] == pytest.approx(reference.sf(atoms[-1] - 1), abs=1e-14)
        assert reference.sf(atoms[-1]) <= tail
        assert row.sum() == pytest.approx(1, abs=1e-14)


def test_normal_is_rounded_and_lumped_at_both_ends() -> None:
    pmf = law.normal_pmf(2.0, 2.0, tail=1e-3)
    assert pmf[0] == pytest.approx(stats.norm.cdf(0.5, 2, 2))
    assert pmf[3] == pytest.approx(stats.norm.cdf(3.5, 2, 2) - stats.norm.cdf(2.5, 2, 2))
    assert pmf[-1] == pytest.approx(stats.norm.sf(len(pmf) - 1.5, 2, 2))
    assert pmf.sum() == pytest.approx(1, abs=1e-14)


def test_sums_of_periods() -> None:
    five, ten = law.lead_time_demand_pmf(law.poisson_pmf(5), 1), law.poisson_pmf(10)
    n = min(len(five), len(ten)) - 1
    # lumping moves at most the tail of each period
    assert five[:n] == pytest.approx(ten[:n], abs=4 * law.TAIL)
    assert five.sum() == pytest.approx(1, abs=1e-13)


def test_lead_times_differ_between_products() -> None:
    pmf = law.poisson_pmf([2.0, 3.0])
    both = law.lead_time_demand_pmf(pmf, [0, 2])
    alone = law.lead_time_demand_pmf(pmf[1], 2)
    assert both[0, : pmf.shape[1]] == pytest.approx(pmf[0])
    assert both[1] == pytest.approx(alone)


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=4), st.lists(st.integers(1, 9), min_size=1, max_size=4)
)
def test_convolution_is_the_law_of_the_sum(a: list[int], b: list[int]) -> None:
    p, q = np.array(a) / sum(a), np.array(b) / sum(b)
    expected = np.zeros(len(p) + len(q) - 1)
    for i, j in np.ndindex(len(p), len(q)):
        expected[i + j] += p[i] * q[j]
    assert law.convolve(p, q) == pytest.approx(expected)
    assert law.convolve(np.stack([p, p[::-1]]), q)[0] == pytest.approx(expected)


def test_random_lead_time_mixes() -> None:
    pmf = law.random_lead_time_demand_pmf([0.5, 0.5], [0.25, 0, 0.75])
    assert pmf == pytest.approx([0.25 * 0.5 + 0.75 / 8, 0.25 * 0.5 + 0.75 * 3 / 8, 0.75 * 3 / 8, 0.75 / 8])


def test_sample_law_counts() -> None:
    rng = np.random.default_rng(1)
    samples = rng.poisson(3, (2, 500))
    pmf = law.empirical_pmf(samples)
    assert pmf.sum(axis=1) == pytest.approx([1, 1])
    assert pmf @ np.arange(pmf.shape[1]) == pytest.approx(samples.mean(axis=1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: law.poisson_pmf(-1), "mean must be zero or more"),
        (lambda: law.poisson_pmf(np.nan), "mean .* nan"),
        (lambda: law.poisson_pmf(1, tail=0), "tail must be strictly between 0 and 1"),
        (lambda: law.normal_pmf(5, 0), "sd must be above zero"),
        (lambda: law.negative_binomial_pmf(5, 5), "variance must be above the mean, got 5 for 5"),
        (lambda: law.empirical_pmf([]), "samples must hold at least one element"),
        (lambda: law.convolve([0.5, 0.4], [1.0]), "first must sum to 1"),
        (lambda: law.lead_time_demand_pmf([1.0], -1), "lead_time_periods must be whole and at least 0"),
        (lambda: law.random_lead_time_demand_pmf([1.0], [0.5]), "lead_time_probabilities must sum to 1"),
    ],
)
def test_bad_input_is_named(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
