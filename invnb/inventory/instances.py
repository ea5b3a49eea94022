"""Published instances of inventory problems: what tests and lessons are measured against.

The numbers stand in `instances.yaml` beside this module, each with its source. A test or a lesson loads an
instance, solves it, and asks `Instance.agrees` whether the answer is the printed one.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Instance:
    """One published problem with its printed answer.

    Attributes
    ----------
    id : short name, unique.
    problem : kind of problem, in the field's terms.
    source : book or paper, with example, table or page.
    inputs : the problem's data by name.
    expected : the printed answer by name.
    abs_tol : allowed absolute difference, one number for all of `expected` or one per name.
    recomputed : our own value of the same quantities, at higher precision (may be empty).
    notes : what a reader must know about the printed figures (may be empty).
    """

    id: str
    problem: str
    source: str
    inputs: dict[str, Any]
    expected: dict[str, Any]
    abs_tol: float | dict[str, float]
    recomputed: dict[str, Any] = field(default_factory=dict)
    notes: str = ""

    def tolerance(self, name: str) -> float:
        """Return the allowed absolute difference of the printed figure `name`."""
        return float(self.abs_tol[name] if isinstance(self.abs_tol, dict) else self.abs_tol)

    def agrees(self, name: str, value: ArrayLike) -> bool:
        """Tell whether `value` is the printed figure `name` within its tolerance, element by element.

        Parameters
        ----------
        name : a key of `expected`.
        value : number or array of the printed figure's shape.

        Returns
        -------
        True when every element is within `tolerance(name)`; False otherwise, also for another shape.

        Raises
        ------
        KeyError : when the instance prints no such figure.
        """
        printed, got = np.asarray(self.expected[name], dtype=float), np.asarray(value, dtype=float)
        return printed.shape == got.shape and bool(np.all(np.abs(got - printed) <= self.tolerance(name)))


@cache
def _registry() -> dict[str, Instance]:
    import yaml

    text = files("invnb.inventory").joinpath("instances.yaml").read_text(encoding="utf-8")
    return {entry["id"]: Instance(**entry) for entry in yaml.safe_load(text)}


def all_ids(prefix: str = "") -> tuple[str, ...]:
    """List the ids of the published instances, in the order of the file.

    Parameters
    ----------
    prefix : only ids that start so ("ww_", "sS_zheng_federgruen_", ...).

    Returns
    -------
    Ids, each of which `load` accepts.

    Examples
    --------
    >>> all_ids("ww_")
    ('ww_1958', 'ww_silver_pyke_peterson_12', 'ww_hillier_airplanes', 'ww_ss_3_9', 'ww_rossi')
    """
    return tuple(name for name in _registry() if name.startswith(prefix))


def load(instance_id: str) -> Instance:
    """Return one published instance.

    Parameters
    ----------
    instance_id : an id listed by `all_ids`.

    Returns
    -------
    The instance. Its dictionaries are shared between calls: read them, do not change them.

    Raises
    ------
    ValueError : for an unknown id, naming the nearest known one.

    Examples
    --------
    >>> speakers = load("eoq_hillier_speakers")
    >>> speakers.inputs
    {'fixed_cost': 12000, 'holding_cost': 0.3, 'demand_rate': 8000}
    >>> speakers.agrees("order_quantity", (2 * 12000 * 8000 / 0.3) ** 0.5)
    True
    """
    registry = _registry()
    if instance_id not in registry:
        near = difflib.get_close_matches(instance_id, registry, n=1)
        hint = f'did you mean "{near[0]}"?' if near else "all_ids() lists the known ones"
        raise ValueError(f'instance_id "{instance_id}" is not a published instance: {hint}')
    return registry[instance_id]
