"""The registry of published instances: complete, sound, and the same as the answers it came from."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import yaml

from invnb.inventory import instances


def test_unknown_instance_names_the_nearest() -> None:
    with pytest.raises(ValueError, match=r'"ww_1985".*did you mean "ww_1958"'):
        instances.load("ww_1985")


def test_agrees_looks_at_shape_and_tolerance() -> None:
    instance = instances.load("ww_1958")
    plan = instance.expected["order_quantities"]
    assert instance.agrees("cost", 864 + 0.9e-6)
    assert not instance.agrees("cost", 864 + 2e-6)
    assert instance.agrees("order_quantities", plan)
    assert not instance.agrees("order_quantities", plan[:-1])


@pytest.mark.parametrize("instance_id", instances.all_ids())
def test_instance_is_sound(instance_id: str) -> None:
    """Each has a source, a tolerance per printed figure, and recomputed figures that keep to it."""
    instance = instances.load(instance_id)
    assert instance.source
    assert instance.inputs
    assert instance.expected
    for name in instance.expected:
        assert instance.tolerance(name) >= 0
        if name in instance.recomputed:
            assert instance.agrees(name, instance.recomputed[name])


def _same(ours: object, theirs: object) -> bool:
    if isinstance(theirs, dict):
        return (
            isinstance(ours, dict)
            and ours.keys() == theirs.keys()
            and all(_same(ours[k], theirs[k]) for k in ours)
        )
    return ours == theirs


def test_registry_holds_every_published_answer(shared: Path) -> None:
    folder = shared / "known_answers"
    entries = [e for file in sorted(folder.glob("*.yaml")) for e in yaml.safe_load(file.read_text("utf-8"))]
    single = [e for e in entries if "table" not in e["inputs"]]
    assert single
    for entry in single:
        ours = instances.load(entry["id"])
        assert _same(ours.inputs, entry["inputs"]), entry["id"]
        assert _same(ours.expected, entry["expected"]), entry["id"]
        assert ours.abs_tol == entry["abs_tol"], entry["id"]

    rows = list(csv.DictReader((folder / "zheng_federgruen_1991.csv").read_text("utf-8").splitlines()))
    assert len(rows) == len(instances.all_ids("sS_zheng_federgruen_"))
    for row in rows:
        ours = instances.load(f"sS_zheng_federgruen_{row['poisson_mean']}")
        printed = [ours.expected[k] for k in ("s", "S", "cost")]
        assert np.allclose(printed, [float(row[k]) for k in ("s", "S", "published_cost")], rtol=0, atol=0)

    rows = list(csv.DictReader((folder / "zipkin_2008_lost_sales.csv").read_text("utf-8").splitlines()))
    assert len(rows) == len(instances.all_ids("lost_sales_zipkin_"))
    for row in rows:
        ours = instances.load(f"lost_sales_zipkin_{row['demand']}_L{row['lead_time']}_p{row['penalty']}")
        for name in ("optimal", "best_base_stock_cost", "standard_base_stock_cost"):
            key = "optimal_cost" if name == "optimal" else name
            assert ours.expected[key] == float(row[f"{name}_published"])
