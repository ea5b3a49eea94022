"""Saves the champions and loads them again; loading runs no code from the file.

The file is a zip archive: `manifest.json` (schema, feature names, plain numbers of each model) and, for a
model that holds estimators of scikit-learn, one skops file. skops rebuilds objects from a list of allowed
types; the list here is fixed, so a file that asks for any other type is refused before anything is built.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from invnb.errors import InputError
from invnb.forecast.inputs import FEATURE_NAMES
from invnb.forecast.models import MODELS
from invnb.forecast.models.learned import RECIPES, Fitted

SCHEMA = 2
"""Version of the file layout; a file of another version is refused."""
TRUSTED_TYPES = (
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
)
"""Types beyond skops' own list that our models are made of: plain holders of arrays and numbers."""
_BROKEN = (
    OSError, EOFError, zipfile.BadZipFile, zlib.error, LookupError, TypeError, ValueError, AttributeError,
    ImportError, RuntimeError,
)  # fmt: skip
"""What reading a damaged or forged file may raise, before anything of it is used."""
MANIFEST = "manifest.json"
REMEDY = "run stage 03 again"


def save_models(models: Mapping[str, Fitted | dict[str, Fitted | None] | None], path: str | Path) -> None:
    """Write trained models into one file.

    Parameters
    ----------
    models : by name, as `Comparison.models`; None for a method that learns nothing,
        a dict by part for a combination.
    path : the file, written in place of an older one.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_models({"tsb": None}, Path(folder) / "models.zip")
    ...     load_models(Path(folder) / "models.zip")
    {'tsb': None}
    """
    described: dict[str, dict | None] = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, fitted in models.items():
            described[name] = None
            if isinstance(fitted, dict):  # a combination: its parts
                described[name] = {part: _written(archive, f"{name}.{part}", fitted[part]) for part in fitted}
            elif fitted is not None:
                described[name] = _written(archive, name, fitted)
        manifest = {
            "schema": SCHEMA,
            "feature_names": list(FEATURE_NAMES),
            "scikit_learn": version("scikit-learn"),
            "models": described,
        }
        archive.writestr(MANIFEST, json.dumps(manifest, indent=1))


def _written(archive: zipfile.ZipFile, entry: str, fitted: Fitted | None) -> dict | None:
    """Write the estimators of a model as an entry of the archive and return its plain numbers."""
    import skops.io

    if fitted is None:
        return None
    archive.writestr(f"{entry}.skops", skops.io.dumps(list(fitted.estimators)))
    return {
        "mean": fitted.mean.tolist(),
        "sd": fitted.sd.tolist(),
        "most": fitted.most,
        "horizon": fitted.horizon,
    }


def load_models(path: str | Path) -> dict[str, Any]:
    """Read models written by `save_models`.

    Parameters
    ----------
    path : the file.

    Returns
    -------
    Models by name, ready for the registry's `predict`.

    Raises
    ------
    InputError : if the file is absent, is no model file, was written with another schema, other features or
        another scikit-learn, names a model that is not in the registry, holds an estimator that is not that
        model's, or asks for a type that is not trusted.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _manifest(archive, path)
            return {
                name: _model(archive, name, described, path) for name, described in manifest["models"].items()
            }
    except FileNotFoundError as error:
        raise InputError("model file not found", file=path, remedy=REMEDY) from error
    except InputError:
        raise
    except _BROKEN as error:
        raise InputError(f"not a model file ({error})", file=path, remedy=REMEDY) from error


def _manifest(archive: zipfile.ZipFile, path: str | Path) -> dict:
    """Return the manifest, refusing another schema, other features or an unknown model."""
    if MANIFEST not in archive.namelist():
        raise InputError(f"not a model file ({MANIFEST} is missing)", file=path, remedy=REMEDY)
    manifest = json.loads(archive.read(MANIFEST))
    if manifest.get("schema") != SCHEMA:
        raise InputError(
            f"model file of schema {manifest.get('schema')}, this program reads {SCHEMA}",
            file=path,
            remedy=REMEDY,
        )
    if manifest["feature_names"] != list(FEATURE_NAMES):
        odd = sorted(set(manifest["feature_names"]) ^ set(FEATURE_NAMES)) or ["their order"]
        raise InputError(f"models of other features (difference: {odd[0]})", file=path, remedy=REMEDY)
    if manifest["scikit_learn"] != version("scikit-learn"):
        raise InputError(
            f"models of scikit-learn {manifest['scikit_learn']}, this program has {version('scikit-learn')}",
            file=path,
            remedy=REMEDY,
        )
    unknown = sorted(set(manifest["models"]) - set(MODELS))
    if unknown:
        raise InputError(f'unknown model "{unknown[0]}"', file=path, remedy=REMEDY)
    return manifest


def _model(archive: zipfile.ZipFile, name: str, described: dict | None, path: str | Path) -> Any:
    """Return what a model learned; of a combination what each part did."""
    if not MODELS[name].parts:
        return _fitted(archive, name, name, described, path)
    if described is None or set(described) != set(MODELS[name].parts):
        raise InputError(f'model "{name}" has other parts', file=path, remedy=REMEDY)
    return {
        part: _fitted(archive, part, f"{name}.{part}", numbers, path) for part, numbers in described.items()
    }


def _fitted(
    archive: zipfile.ZipFile, name: str, entry: str, parts: dict | None, path: str | Path
) -> Fitted | None:
    if parts is None:
        return None
    import skops.io

    data = archive.read(f"{entry}.skops")
    foreign = sorted(set(skops.io.get_untrusted_types(data=data)) - set(TRUSTED_TYPES))
    if foreign:
        raise InputError(
            f'model "{name}" asks for the type {foreign[0]}, which is not trusted; nothing was loaded',
            file=path,
            remedy="use only model files written by this program",
        )
    estimators = skops.io.loads(data, trusted=list(TRUSTED_TYPES))
    ours = type(RECIPES[name].make(0))
    for estimator in estimators:
        if type(estimator) is not ours or estimator.n_features_in_ != len(FEATURE_NAMES):
            raise InputError(
                f'model "{name}" holds a {type(estimator).__name__} that is not its own',
                file=path,
                remedy=REMEDY,
            )
    mean, sd = np.array(parts["mean"], dtype=np.float64), np.array(parts["sd"], dtype=np.float64)
    return Fitted(name, tuple(estimators), mean, sd, float(parts["most"]), int(parts["horizon"]))
