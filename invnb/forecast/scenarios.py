"""Demand scenarios: the one currency between forecasting and deciding.

A scenario is one possible future of all products together, in units per period. Paths are joint over the
horizon, so that lead-time demand is a sum along a path (quantiles of single periods are never added up), and
share their shocks across products, so that a good or bad season hits the whole order plan at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from invnb.errors import InputError

SCHEMA = 1
"""Version of the file layout; a file of another version is refused."""


@dataclass(frozen=True)
class Scenarios:
    """Possible futures of demand, in units.

    Parameters
    ----------
    sku : (n_sku,) labels, text, unique.
    period : (n_period,) first day of each period, datetime64, increasing.
    units : (n_sku, n_scenario, n_period) demand in units, finite, zero or more.
    seed : the seed the paths were drawn with.

    Raises
    ------
    ValueError : naming the argument whose shape or value is wrong.

    Examples
    --------
    >>> days = np.array(["2026-01-05", "2026-01-12"], dtype="datetime64[D]")
    >>> paths = Scenarios(np.array(["A"]), days, np.array([[[1.0, 2.0], [3.0, 0.0], [2.0, 2.0]]]), seed=42)
    >>> paths.mean().tolist()
    [[2.0, 1.3333333333333333]]
    >>> paths.lead_time_sum(2).tolist()
    [[3.0, 3.0, 4.0]]
    """

    sku: NDArray[np.str_]
    period: NDArray[np.datetime64]
    units: NDArray[np.float64]
    seed: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "sku", np.asarray(self.sku, dtype=str))
        object.__setattr__(self, "period", np.asarray(self.period, dtype="datetime64[D]"))
        object.__setattr__(self, "units", np.asarray(self.units, dtype=np.float64))
        shape = self.units.shape
        if len(shape) != 3 or (shape[0], shape[2]) != (self.sku.size, self.period.size):
            raise ValueError(
                f"units must have the shape (n_sku, n_scenario, n_period) with n_sku = {self.sku.size} and "
                f"n_period = {self.period.size}, got {shape}"
            )
        if shape[1] == 0:
            raise ValueError("units must hold at least one scenario, got none")
        wrong = ~np.isfinite(self.units) | (self.units < 0)
        if wrong.any():
            i, k, t = (int(x) for x in np.argwhere(wrong)[0])
            raise ValueError(
                f"units must be finite and zero or more, got {self.units[i, k, t]} "
                f"for sku {self.sku[i]}, scenario {k}, period {self.period[t]}"
            )
        if np.unique(self.sku).size != self.sku.size:
            raise ValueError("sku must be unique, got a label twice")

    @property
    def n_sku(self) -> int:
        """Number of products."""
        return int(self.units.shape[0])

    @property
    def n_scenario(self) -> int:
        """Number of paths."""
        return int(self.units.shape[1])

    @property
    def n_period(self) -> int:
        """Number of periods."""
        return int(self.units.shape[2])

    def mean(self) -> NDArray[np.float64]:
        """Return expected demand, (n_sku, n_period) in units."""
        return self.units.mean(axis=1)

    def quantile(self, level: ArrayLike) -> NDArray[np.float64]:
        """Return demand quantiles of single periods: (n_sku, n_period), or (n_level, n_sku, n_period).

        Parameters
        ----------
        level : one level or several, each between 0 and 1. The quantile is a value that occurs on a path
            (inverse of the empirical distribution), so that units stay whole.

        Examples
        --------
        >>> day = np.array(["2026-01-05"], dtype="datetime64[D]")
        >>> Scenarios(np.array(["A"]), day, np.arange(10.0).reshape(1, 10, 1), seed=0).quantile(0.9).tolist()
        [[8.0]]
        """
        return np.quantile(self.units, np.asarray(level, dtype=np.float64), axis=1, method="inverted_cdf")

    def lead_time_sum(self, periods: ArrayLike) -> NDArray[np.float64]:
        """Return demand summed along each path over the first `periods` periods, (n_sku, n_scenario) in
        units.

        Parameters
        ----------
        periods : whole number of periods, one for all products or (n_sku,), between 0 and n_period.

        Raises
        ------
        ValueError : if a number is not whole, negative, or beyond the horizon.
        """
        count = np.broadcast_to(np.asarray(periods, dtype=np.float64), (self.n_sku,))
        wrong = (count != np.floor(count)) | (count < 0) | (count > self.n_period)
        if wrong.any():
            raise ValueError(
                f"periods must be whole and between 0 and the horizon of {self.n_period}, "
                f"got {count[wrong][0]:g} for sku {self.sku[wrong][0]}"
            )
        total = np.concatenate([np.zeros((*self.units.shape[:2], 1)), self.units.cumsum(axis=2)], axis=2)
        return total[np.arange(self.n_sku), :, count.astype(int)]

    def select(self, sku: Sequence[str]) -> Scenarios:
        """Return the scenarios of some products, in the order asked for.

        Raises
        ------
        ValueError : naming the first label that is not there.
        """
        where = pd.Index(self.sku).get_indexer(pd.Index(np.asarray(sku, dtype=str)))
        if (where < 0).any():
            raise ValueError(f"sku must be among the scenarios' products, got {sku[int(where.argmin())]!r}")
        return Scenarios(self.sku[where], self.period, self.units[where], self.seed)

    def table(self, levels: Sequence[float] = (0.1, 0.5, 0.9)) -> pd.DataFrame:
        """Return one row per sku and period: `sku`, `period`, `mean`, and a column per level as `p90`."""
        n, _, t = self.units.shape
        columns = {
            "sku": np.repeat(self.sku.astype(object), t),
            "period": np.tile(self.period.astype("datetime64[ns]"), n),
            "mean": self.mean().ravel(),
        }
        for level, value in zip(levels, self.quantile(list(levels)), strict=True):
            columns[f"p{round(100 * level)}"] = value.ravel()
        return pd.DataFrame(columns)

    def save(self, path: str | Path) -> None:
        """Write the scenarios as a compressed npz file that holds plain arrays only."""
        with open(path, "wb") as file:
            np.savez_compressed(
                file,
                schema=np.int64(SCHEMA),
                sku=self.sku,
                period=self.period.astype("datetime64[D]").astype(np.int64),
                units=self.units.astype(np.float32) if _fits_float32(self.units) else self.units,
                seed=np.int64(self.seed),
            )

    @classmethod
    def load(cls, path: str | Path) -> Scenarios:
        """Read scenarios written by `save`; nothing in the file is ever executed.

        Raises
        ------
        InputError : if the file is absent, is no scenario file, or was written by another version.
        """
        remedy = "run stage 03 again"
        try:
            with np.load(path, allow_pickle=False) as file:
                missing = {"schema", "sku", "period", "units", "seed"} - set(file.files)
                if missing:
                    raise InputError(
                        f"not a scenario file ({min(missing)} is missing)", file=path, remedy=remedy
                    )
                if int(file["schema"]) != SCHEMA:
                    raise InputError(
                        f"scenario file of schema {int(file['schema'])}, this program reads {SCHEMA}",
                        file=path,
                        remedy=remedy,
                    )
                period = file["period"].astype("datetime64[D]")
                return cls(file["sku"], period, file["units"].astype(np.float64), int(file["seed"]))
        except FileNotFoundError as error:
            raise InputError("scenario file not found", file=path, remedy=remedy) from error
        except (OSError, ValueError, EOFError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"not a scenario file ({error})", file=path, remedy=remedy) from error


def _fits_float32(units: NDArray[np.float64]) -> bool:
    """Return whether half the space holds the same numbers (whole units below 2**24 do)."""
    return bool(np.array_equal(units.astype(np.float32), units))
