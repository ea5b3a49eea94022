"""Saved models come back as they were, and a file that is not ours is refused before anything in it runs."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from invnb.errors import InputError
from invnb.forecast import store
from invnb.forecast.inputs import FEATURE_NAMES
from invnb.forecast.models import learned

N = 120


class _Evil:
    """Would leave a file behind if anything of it were ever executed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return (Path.touch, (self.path,))


@pytest.fixture(scope="module")
def models() -> dict[str, learned.Fitted | None]:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(N, len(FEATURE_NAMES)))
    y = np.exp(0.3 * X[:, 0])
    mean, sd = np.zeros(X.shape[1]), np.ones(X.shape[1])
    result: dict[str, learned.Fitted | None] = {"exponential_smoothing": None}
    for name, recipe in learned.RECIPES.items():
        estimator = recipe.make(1)
        trained = estimator.partial_fit(X, y) if recipe.epochs else estimator.fit(X, y)
        result[name] = learned.Fitted(name, (trained,), mean, sd, 9.0, 2)
    return result


def test_every_model_comes_back_as_it_was(models: dict, tmp_path: Path) -> None:
    file = tmp_path / "models.zip"
    store.save_models(models, file)
    loaded = store.load_models(file)
    X = np.random.default_rng(6).normal(size=(20, len(FEATURE_NAMES)))
    assert list(loaded) == list(models)
    assert loaded["exponential_smoothing"] is None
    for name in learned.RECIPES:
        before, after = models[name], loaded[name]
        assert np.array_equal(before.estimators[0].predict(X), after.estimators[0].predict(X))
        assert (after.name, after.most, after.horizon) == (name, 9.0, 2)
        assert np.array_equal(before.mean, after.mean)


def test_a_fresh_process_loads_the_file(models: dict, tmp_path: Path) -> None:
    file = tmp_path / "models.zip"
    store.save_models({"linear_regression": models["linear_regression"]}, file)
    code = f"from invnb.forecast.store import load_models; print(*load_models({str(file)!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "linear_regression"


def _rewrite(file: Path, **parts: bytes) -> None:
    """Replace members of a model file."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members |= {name.replace("__", "."): data for name, data in parts.items()}
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def test_a_type_that_is_not_ours_is_refused(models: dict, tmp_path: Path) -> None:
    import skops.io

    file, mark = tmp_path / "models.zip", tmp_path / "ran"
    store.save_models({"linear_regression": models["linear_regression"]}, file)
    _rewrite(file, linear_regression__skops=skops.io.dumps([_Evil(mark)]))
    with pytest.raises(InputError, match=r'model "linear_regression" asks for the type .* not trusted'):
        store.load_models(file)
    assert not mark.exists()


def test_a_pickle_is_refused_and_does_not_run(models: dict, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    alone = tmp_path / "alone.zip"
    alone.write_bytes(pickle.dumps(_Evil(mark)))
    inside = tmp_path / "inside.zip"
    store.save_models({"linear_regression": models["linear_regression"]}, inside)
    _rewrite(inside, linear_regression__skops=pickle.dumps(_Evil(mark)))
    for file in (alone, inside):
        with pytest.raises(InputError, match="not a model file"):
            store.load_models(file)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"schema": 99}, "model file of schema 99, this program reads 1; run stage 03 again"),
        ({"feature_names": ["lag_1"]}, "models of other features"),
        ({"models": {"oracle": None}}, 'unknown model "oracle"'),
    ],
)
def test_another_schema_is_refused(models: dict, tmp_path: Path, change: dict, sentence: str) -> None:
    file = tmp_path / "models.zip"
    store.save_models({"tsb": None}, file)
    with zipfile.ZipFile(file) as archive:
        manifest = json.loads(archive.read(store.MANIFEST))
    _rewrite(file, manifest__json=json.dumps(manifest | change).encode())
    with pytest.raises(InputError, match=sentence):
        store.load_models(file)


def test_an_absent_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.zip: model file not found; run stage 03 again\."):
        store.load_models(tmp_path / "nothing.zip")
