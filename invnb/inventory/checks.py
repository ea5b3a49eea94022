"""Argument checks shared by `invnb.inventory`: each returns the checked array, or says what is wrong.

Each takes `name`, the argument's name, and `value`, a number or array of any shape unless it says otherwise,
and raises ValueError: one sentence naming the argument, the wrong value with its place, and what is allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

PROBABILITY_SUM_TOLERANCE = 1e-9
"""How far the sum of a probability vector may be from one (rounding of a few thousand float64 terms)."""


def _refuse(name: str, value: NDArray, wrong: NDArray[np.bool_], allowed: str) -> None:
    """Raise for the first element of `value` marked in `wrong`, naming its value and index."""
    if not np.any(wrong):
        return
    if value.ndim == 0:
        raise ValueError(f"{name} must be {allowed}, got {value.item():.12g}")
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    place = index[0] if len(index) == 1 else index
    raise ValueError(f"{name} must be {allowed}, got {value[index].item():.12g} at index {place}")


def _numbers(name: str, value: ArrayLike) -> Floats:
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a number or an array of numbers, got {value!r}") from error


def _checked(name: str, value: ArrayLike, bad: Callable[[Floats], NDArray[np.bool_]], allowed: str) -> Floats:
    array = _numbers(name, value)
    _refuse(name, array, ~np.isfinite(array) | bad(array), allowed)
    return array


def finite(name: str, value: ArrayLike) -> Floats:
    """Return `value` as a float64 array, refusing NaN and infinity.

    Parameters
    ----------
    name : the argument's name, for the message.
    value : a number or array of any shape.

    Returns
    -------
    The same numbers as float64, any shape (0-dimensional for a scalar).

    Raises
    ------
    ValueError : naming argument, value and index.

    Examples
    --------
    >>> finite("demand", [1, float("nan")])
    Traceback (most recent call last):
    ValueError: demand must be finite, got nan at index 1
    """
    return _checked(name, value, np.isnan, "finite")


def nonnegative(name: str, value: ArrayLike) -> Floats:
    """Return `value` as float64, refusing anything below zero, NaN and infinity.

    Examples
    --------
    >>> nonnegative("holding_cost", [[1.0, -2.0]])
    Traceback (most recent call last):
    ValueError: holding_cost must be zero or more and finite, got -2 at index (0, 1)
    """
    return _checked(name, value, lambda x: x < 0, "zero or more and finite")


def positive(name: str, value: ArrayLike) -> Floats:
    """Return `value` as float64, refusing zero, negative numbers, NaN and infinity.

    Examples
    --------
    >>> positive("demand_rate", 0)
    Traceback (most recent call last):
    ValueError: demand_rate must be above zero and finite, got 0
    """
    return _checked(name, value, lambda x: x <= 0, "above zero and finite")


def nonnegative_or_infinite(name: str, value: ArrayLike) -> Floats:
    """Return `value` as float64, refusing negative numbers and NaN: a limit that may be absent (infinity).

    Examples
    --------
    >>> nonnegative_or_infinite("capacity", [3, float("inf")]).tolist()
    [3.0, inf]
    """
    array = _numbers(name, value)
    _refuse(name, array, np.isnan(array) | (array < 0), "zero or more (infinity for no limit)")
    return array


def share(name: str, value: ArrayLike) -> Floats:
    """Return `value` as float64, refusing anything outside 0 to 1, both ends allowed.

    Examples
    --------
    >>> share("lost_share", 1.2)
    Traceback (most recent call last):
    ValueError: lost_share must be between 0 and 1, got 1.2
    """
    return _checked(name, value, lambda x: (x < 0) | (x > 1), "between 0 and 1")


def open_share(name: str, value: ArrayLike) -> Floats:
    """Return `value` as float64, refusing anything not strictly between 0 and 1 (service targets, ratios).

    Examples
    --------
    >>> open_share("cycle_service", 1.0)
    Traceback (most recent call last):
    ValueError: cycle_service must be strictly between 0 and 1, got 1
    """
    return _checked(name, value, lambda x: (x <= 0) | (x >= 1), "strictly between 0 and 1")


def whole(name: str, value: ArrayLike, least: int = 0) -> Whole:
    """Return `value` as int64, refusing fractions and anything below `least`.

    Parameters
    ----------
    name : the argument's name, for the message.
    value : whole numbers (integers or floats without a fraction), any shape.
    least : the smallest number allowed.

    Returns
    -------
    The same numbers as int64.

    Raises
    ------
    ValueError : naming argument, value and index.

    Examples
    --------
    >>> whole("pack_units", [6, 0], least=1)
    Traceback (most recent call last):
    ValueError: pack_units must be whole and at least 1, got 0 at index 1
    """
    array = _checked(name, value, lambda x: (x != np.floor(x)) | (x < least), f"whole and at least {least}")
    return array.astype(np.int64)


def count(name: str, value: int, least: int = 1) -> int:
    """Return one whole number of at least `least` as int: a horizon, a number of paths.

    Examples
    --------
    >>> count("horizon_periods", 0)
    Traceback (most recent call last):
    ValueError: horizon_periods must be whole and at least 1, got 0
    """
    array = whole(name, value, least)
    if array.ndim:
        raise ValueError(f"{name} must be one whole number, got an array of shape {array.shape}")
    return int(array)


def not_empty(name: str, value: ArrayLike) -> Floats:
    """Return `value` as float64 (at least one-dimensional), refusing an array without elements.

    Examples
    --------
    >>> not_empty("demand", [])
    Traceback (most recent call last):
    ValueError: demand must hold at least one element, got shape (0,)
    """
    array = np.atleast_1d(_numbers(name, value))
    if array.size == 0:
        raise ValueError(f"{name} must hold at least one element, got shape {array.shape}")
    return array


def same_shape(**arrays: NDArray) -> None:
    """Refuse arrays whose shapes differ from the first one's.

    Examples
    --------
    >>> same_shape(demand=np.ones(3), price=np.ones(4))
    Traceback (most recent call last):
    ValueError: price must have the shape of demand, (3,), got (4,)
    """
    names = list(arrays)
    shape = arrays[names[0]].shape
    for name in names[1:]:
        if arrays[name].shape != shape:
            raise ValueError(f"{name} must have the shape of {names[0]}, {shape}, got {arrays[name].shape}")


def broadcast(**arrays: ArrayLike) -> tuple[Floats, ...]:
    """Return the arguments as float64 arrays of one common shape, refusing shapes that cannot be combined.

    Examples
    --------
    >>> [a.shape for a in broadcast(mean=[1.0, 2.0], sd=1.0)]
    [(2,), (2,)]
    >>> broadcast(mean=[1.0, 2.0], sd=[1.0, 1.0, 1.0])
    Traceback (most recent call last):
    ValueError: mean, sd must have shapes that can be combined, got mean (2,), sd (3,)
    """
    values = [_numbers(name, value) for name, value in arrays.items()]
    try:
        return tuple(np.broadcast_arrays(*values))
    except ValueError as error:
        shapes = ", ".join(f"{name} {value.shape}" for name, value in zip(arrays, values, strict=True))
        raise ValueError(
            f"{', '.join(arrays)} must have shapes that can be combined, got {shapes}"
        ) from error


def broadcast_to(name: str, value: ArrayLike, shape: tuple[int, ...]) -> Floats:
    """Return `value` as float64 spread over `shape`, refusing a shape that does not fit.

    Examples
    --------
    >>> broadcast_to("holding_cost", 2, (2,)).tolist()
    [2.0, 2.0]
    >>> broadcast_to("holding_cost", [1, 2, 3], (2,))
    Traceback (most recent call last):
    ValueError: holding_cost must fit the shape (2,), got (3,)
    """
    array = _numbers(name, value)
    try:
        return np.broadcast_to(array, shape)
    except ValueError as error:
        raise ValueError(f"{name} must fit the shape {shape}, got {array.shape}") from error


def probabilities(name: str, value: ArrayLike) -> Floats:
    """Return `value` as float64, refusing vectors (last axis) that are not probabilities summing to one.

    The sum may miss one by `PROBABILITY_SUM_TOLERANCE`; the result is scaled to sum to one exactly.

    Examples
    --------
    >>> probabilities("pmf", [0.5, 0.6])
    Traceback (most recent call last):
    ValueError: pmf must sum to 1 along its last axis, got 1.1
    """
    array = nonnegative(name, not_empty(name, value))
    total = array.sum(axis=-1)
    wrong = np.abs(total - 1) > PROBABILITY_SUM_TOLERANCE
    if np.any(wrong):
        raise ValueError(
            f"{name} must sum to 1 along its last axis, got {np.atleast_1d(total[wrong])[0]:.12g}"
        )
    return array / total[..., None]


def increasing(name: str, value: ArrayLike) -> Floats:
    """Return `value` as float64, refusing a last axis that is not strictly increasing.

    Examples
    --------
    >>> increasing("breakpoints", [0, 400, 400])
    Traceback (most recent call last):
    ValueError: breakpoints must be strictly increasing, got 400 at index 2
    """
    array = finite(name, not_empty(name, value))
    wrong = np.zeros(array.shape, dtype=bool)
    wrong[..., 1:] = np.diff(array, axis=-1) <= 0
    _refuse(name, array, wrong, "strictly increasing")
    return array


def plain(value: ArrayLike) -> Any:
    """Return a 0-dimensional array as a Python number, any other array as it is (what results hold).

    Examples
    --------
    >>> plain(np.float64(2.5)), plain(np.ones(2))
    (2.5, array([1., 1.]))
    """
    array = np.asarray(value)
    return array.item() if array.ndim == 0 else array
