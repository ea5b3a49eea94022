"""Rows of a sparse linear programme, collected in named groups that can be priced and relaxed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from invnb.inventory.checks import Floats, Whole

Term = tuple[ArrayLike, ArrayLike, ArrayLike]
"""Row within a group, column (-1: none) and coefficient, of shapes that combine."""


@dataclass(frozen=True)
class RowGroup:
    """Neighbouring rows of A_ub of one name, with the period and product of each row (-1: none)."""

    name: str
    first: int
    period: Whole
    product: Whole
    relaxable: bool
    shared: bool

    @property
    def rows(self) -> slice:
        """Return where the rows stand in A_ub."""
        return slice(self.first, self.first + len(self.period))


class Rows:
    """Collects the coefficients of rows, group by group."""

    def __init__(self) -> None:
        self.entries: list[tuple[Whole, Whole, Floats]] = []
        self.rhs: list[Floats] = []
        self.groups: list[RowGroup] = []
        self.count = 0

    def add(
        self,
        name: str,
        rhs: ArrayLike,
        terms: Sequence[Term],
        *,
        period: ArrayLike = -1,
        product: ArrayLike = -1,
        relaxable: bool = False,
        shared: bool = False,
    ) -> None:
        """Add rows; a term is (row within the group, column or -1, coefficient), shapes that combine."""
        right = np.atleast_1d(np.asarray(rhs, dtype=np.float64)).ravel()
        for row, column, value in terms:
            rows, columns, values = (np.ravel(a) for a in np.broadcast_arrays(row, column, value))
            keep = (columns >= 0) & (values != 0) & np.isfinite(right)[rows]
            self.entries.append((rows[keep] + self.count, columns[keep], values[keep].astype(np.float64)))
        whole = [
            np.broadcast_to(np.asarray(a, dtype=np.int64).ravel(), right.shape) for a in (period, product)
        ]
        self.groups.append(RowGroup(name, self.count, whole[0], whole[1], relaxable, shared))
        self.rhs.append(np.where(np.isfinite(right), right, 0.0))  # no limit: an empty row
        self.count += len(right)

    def matrix(self, n_column: int) -> tuple[sparse.csr_array, Floats]:
        if not self.count:
            return sparse.csr_array((0, n_column)), np.zeros(0)
        rows, columns, values = (np.concatenate(part) for part in zip(*self.entries, strict=True))
        shape = (self.count, n_column)
        return sparse.csr_array((values, (rows, columns)), shape=shape), np.concatenate(self.rhs)
