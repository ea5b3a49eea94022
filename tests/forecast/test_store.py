"""Saved models come back as they were, and a file that is not ours is refused before anything in it runs."""

from __future__ import annotations

import io
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
from invnb.forecast.inputs import FEATURE_NAMES, make_inputs
from invnb.forecast.models import learned, model

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


def test_a_fresh_process_predicts_the_same(steady: object, tmp_path: Path) -> None:
    inputs = make_inputs(steady.panel, steady.features)
    origin, name = inputs.n_history, "combination"
    fitted = model(name).fit(inputs, origin, 4, 3)
    store.save_models({name: fitted}, tmp_path / "models.zip")
    steady.panel.to_parquet(tmp_path / "panel.parquet")
    steady.features.to_parquet(tmp_path / "features.parquet")
    code = f"""
import pandas as pd, numpy as np
from invnb.forecast.inputs import make_inputs
from invnb.forecast.models import model
from invnb.forecast.store import load_models
inputs = make_inputs(*(pd.read_parquet("{tmp_path}/" + name + ".parquet") for name in ("panel", "features")))
fitted = load_models("{tmp_path}/models.zip")["{name}"]
np.save("{tmp_path}/made.npy", model("{name}").predict(fitted, inputs, inputs.n_history, 4))
"""
    subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected = model(name).predict(fitted, inputs, origin, 4)
    np.testing.assert_allclose(np.load(tmp_path / "made.npy"), expected, rtol=1e-12)


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


LOADERS = (
    "FunctionNode OperatorFuncNode MethodNode ObjectNode TypeNode PartialNode ReduceNode "
    "ConstructorFromReduceNode NoSuchNode"
)


@pytest.mark.parametrize("loader", LOADERS.split())
def test_a_forged_tree_runs_nothing(models: dict, tmp_path: Path, loader: str) -> None:
    """A tree written by hand that asks for os.system under every way skops has to build an object."""
    file, mark = tmp_path / "models.zip", tmp_path / "ran"
    store.save_models({"linear_regression": models["linear_regression"]}, file)
    text = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode",
            "content": json.dumps(f"touch {mark}")}  # fmt: skip
    several = {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode", "content": [text]}
    call = {"__class__": "system", "__module__": "os", "__loader__": loader, "reduce": several, "attrs": text,
            "content": {"func": "system", "obj": several, "args": several, "kwds": text, "namespace": text,
                        "attrs": several}}  # fmt: skip
    tree = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "protocol": 2,
            "content": [call]}  # fmt: skip
    forged = io.BytesIO()
    with zipfile.ZipFile(forged, "w") as archive:
        archive.writestr("schema.json", json.dumps(tree))
    _rewrite(file, linear_regression__skops=forged.getvalue())
    with pytest.raises(InputError):
        store.load_models(file)
    assert not mark.exists()


def test_another_models_estimator_is_refused(models: dict, tmp_path: Path) -> None:
    import skops.io

    file = tmp_path / "models.zip"
    store.save_models({"linear_regression": models["linear_regression"]}, file)
    _rewrite(file, linear_regression__skops=skops.io.dumps(list(models["knn"].estimators)))
    with pytest.raises(InputError, match="holds a KNeighborsRegressor that is not its own"):
        store.load_models(file)


def test_a_damaged_file_is_one_sentence(models: dict, tmp_path: Path) -> None:
    file = tmp_path / "models.zip"
    store.save_models({"linear_regression": models["linear_regression"]}, file)
    whole, rng, refused = file.read_bytes(), np.random.default_rng(9), 0
    for _ in range(150):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(whole), 3):
            damaged[place] = rng.integers(0, 256)
        file.write_bytes(bytes(damaged[: rng.integers(len(whole) // 2, 2 * len(whole))]))
        try:
            loaded = store.load_models(file)
        except InputError:
            refused += 1
        else:  # only what no number depends on was hit
            assert np.array_equal(loaded["linear_regression"].mean, models["linear_regression"].mean)
    assert refused > 100


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"schema": 99}, "model file of schema 99, this program reads 2; run stage 03 again"),
        ({"scikit_learn": "0.19"}, r"models of scikit-learn 0\.19, this program has .*; run stage 03 again"),
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
