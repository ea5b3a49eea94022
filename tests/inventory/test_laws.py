"""Laws of demand against numerical integration, summation, and their own definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from invnb.inventory.laws import Discrete, Gamma, LogNormal, NegativeBinomial, Normal, Poisson

SMOOTH = [
    (Normal(50, 8), stats.norm(50, 8)),
    (Gamma(50, 8), stats.gamma(a=(50 / 8) ** 2, scale=64 / 50)),
    (Gamma(5, 7), stats.gamma(a=25 / 49, scale=49 / 5)),
    (LogNormal(2, 0.5), stats.lognorm(s=0.5, scale=np.exp(2))),
]


@pytest.mark.parametrize(("law", "reference"), SMOOTH)
@pytest.mark.parametrize("p", [0.001, 0.3, 0.5, 0.9, 0.999])
def test_smooth_law_against_integration(law, reference, p: float) -> None:
    x = float(law.quantile(p))
    assert x == pytest.approx(reference.ppf(p), rel=1e-9)
    assert float(law.sf(x)) == pytest.approx(1 - p, rel=1e-9)
    assert float(law.mean) == pytest.approx(reference.mean(), rel=1e-9)
    # E (D - x)^+ is the integral of the survival function from x on
    far = reference.ppf(1 - 1e-15)
    short, _ = integrate.quad(reference.sf, x, far, limit=200, epsabs=1e-12, epsrel=1e-11)
    assert float(law.loss(x)) == pytest.approx(short, rel=1e-8, abs=1e-10)
    if not isinstance(law, LogNormal):
        square, _ = integrate.quad(
            lambda t: float(law.loss(t)), x, far, limit=200, epsabs=1e-12, epsrel=1e-11
        )
        assert float(law.loss2(x)) == pytest.approx(square, rel=1e-8, abs=1e-9)


@given(mean=st.floats(-50, 50), sd=st.floats(0, 30), x=st.floats(-300, 300))
def test_normal_loss_identities(mean: float, sd: float, x: float) -> None:
    """What is short less what is left is the mean less the level, in the first and the second order."""
    law, mirror = Normal(mean, sd), Normal(-mean, sd)
    assert law.loss(x) - mirror.loss(-x) == pytest.approx(mean - x, abs=1e-10)
    assert law.loss2(x) + mirror.loss2(-x) == pytest.approx(((mean - x) ** 2 + sd**2) / 2, rel=1e-10)
    assert law.loss(x) >= max(0.0, mean - x) - 1e-12


def test_normal_without_spread_is_a_point() -> None:
    law = Normal(10, [0, 0, 2])
    assert law.loss([7, 12, 10]) == pytest.approx([3, 0, 2 / np.sqrt(2 * np.pi)])
    assert law.loss2([7, 12, 10]) == pytest.approx([4.5, 0, 1.0])
    assert law.sf([9.9, 10, 10]).tolist() == [1, 0, 0.5]
    assert law.quantile(0.9)[:2].tolist() == [10, 10]


@pytest.mark.parametrize("mean", [0.0, 0.01, 1.5, 60.0, 3000.0])
def test_poisson_against_summation(mean: float) -> None:
    law, k = Poisson(mean), np.arange(0, int(mean + 40 * np.sqrt(mean) + 60))
    pmf = stats.poisson.pmf(k, mean)
    for x in (-2.0, -0.5, 0.0, 0.4, 1.0, mean, np.floor(mean) + 3):
        short = (np.maximum(k - x, 0) * pmf).sum()
        assert float(law.loss(x)) == pytest.approx(short, rel=1e-9, abs=1e-11 * max(mean, 1))
        assert float(law.sf(x)) == pytest.approx(pmf[k > x].sum(), abs=1e-10)
    for p in (0.01, 0.5, 0.99):
        level = float(law.quantile(p))
        assert pmf[k <= level].sum() >= p - 1e-10
        assert pmf[k <= level - 1].sum() < p


@pytest.mark.parametrize(("mean", "sd"), [(0.3, 0.9), (6.0, 4.0), (6.0, 2.5), (400.0, 90.0)])
def test_negative_binomial_against_summation(mean: float, sd: float) -> None:
    law, k = NegativeBinomial(mean, sd), np.arange(0, int(mean + 60 * sd))
    pmf = stats.nbinom.pmf(k, mean**2 / (sd**2 - mean), mean / sd**2)
    assert (pmf * k).sum() == pytest.approx(mean, rel=1e-9)
    assert (pmf * (k - mean) ** 2).sum() == pytest.approx(sd**2, rel=1e-9)
    for x in (-1.0, 0.0, 0.5, np.floor(mean), np.floor(mean + 2 * sd)):
        assert float(law.sf(x)) == pytest.approx(pmf[k > x].sum(), abs=1e-10)
        assert float(law.loss(x)) == pytest.approx((np.maximum(k - x, 0) * pmf).sum(), rel=1e-8)
    for p in (0.05, 0.5, 0.99):
        level = float(law.quantile(p))
        assert pmf[k <= level].sum() >= p - 1e-10
        assert pmf[k <= level - 1].sum() < p


@given(
    weights=st.lists(st.floats(0.01, 1), min_size=2, max_size=6),
    p=st.floats(0.001, 0.999),
    x=st.floats(-1, 30),
)
def test_discrete_against_its_definition(weights: list[float], p: float, x: float) -> None:
    pmf = np.array(weights) / np.sum(weights)
    points = np.cumsum(np.arange(len(pmf)) + 1.5)
    law = Discrete(pmf, points)
    level = float(law.quantile(p))
    assert level in points
    assert pmf[points <= level].sum() >= p - 1e-9
    assert pmf[points < level].sum() < p + 1e-9
    assert float(law.sf(x)) == pytest.approx(pmf[points > x].sum())
    assert float(law.loss(x)) == pytest.approx((pmf * np.maximum(points - x, 0)).sum())


def test_sample_is_its_own_law_per_product() -> None:
    draws = np.random.default_rng(3).integers(0, 9, (4, 50)).astype(float)
    law = Discrete.from_sample(draws)
    assert law.whole
    assert law.mean == pytest.approx(draws.mean(axis=1))
    assert law.sf(np.full(4, 3.0)) == pytest.approx((draws > 3).mean(axis=1))
    assert law.quantile(0.9) == pytest.approx(np.quantile(draws, 0.9, axis=1, method="inverted_cdf"))
    assert not Discrete.from_sample([0.5, 1.0]).whole


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Normal(1, -1), "sd must be zero or more and finite, got -1"),
        (lambda: Normal([1, 2], [1, 2, 3]), "mean, sd must have shapes that can be combined"),
        (lambda: Gamma(0, 1), "mean must be above zero and finite, got 0"),
        (lambda: LogNormal(0, 0), "log_sd must be above zero and finite, got 0"),
        (
            lambda: NegativeBinomial(6, [3, 2]),
            "sd must be above the square root of the mean, got 2 at mean 6",
        ),
        (lambda: Poisson(float("nan")), "mean must be zero or more and finite, got nan"),
        (lambda: Discrete([0.5, 0.4]), "pmf must sum to 1 along its last axis, got 0.9"),
        (lambda: Discrete([0.5, 0.5], [2, 1]), "points must not decrease"),
        (lambda: Discrete.from_sample([]), "sample must hold at least one element"),
        (lambda: Discrete.from_sample([1, float("inf")]), "sample must be finite, got inf at index 1"),
    ],
)
def test_bad_input_is_named(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
