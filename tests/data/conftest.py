"""The sample shop of one seed, written once, and its files under canonical names."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from invnb.data.sample import COLUMN_MAPS, SampleFiles, write_sample


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleFiles:
    return write_sample(tmp_path_factory.mktemp("sample"), seed=42)


@pytest.fixture(scope="session")
def truth(sample: SampleFiles) -> pd.DataFrame:
    return pd.read_parquet(sample.truth)


@pytest.fixture(scope="session")
def parameters(sample: SampleFiles) -> pd.DataFrame:
    return pd.read_parquet(sample.truth_parameters).set_index("sku")


@pytest.fixture(scope="session")
def table() -> Callable[..., pd.DataFrame]:
    """Reader of the sample."""

    def read(sample: SampleFiles, name: str) -> pd.DataFrame:
        """A file under canonical names, all cells as text."""
        frame = pd.read_csv(
            sample.tables[name], dtype=str, keep_default_na=False, encoding="utf-8-sig", skipinitialspace=True
        ).rename(columns=str.strip)
        return frame.rename(columns={theirs: ours for ours, theirs in COLUMN_MAPS[name]["columns"].items()})

    return read


@pytest.fixture(scope="session")
def orders(sample: SampleFiles, table: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    frame = table(sample, "sales").astype({"units": int})
    for column in ("status", "customer_hash", "segment", "channel"):
        frame[column] = frame[column].where(frame[column] != "").groupby(frame["order_id"]).ffill()
    return frame


@pytest.fixture(scope="session")
def ledger(sample: SampleFiles, table: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    units = ["open_units", "received_units", "close_units"]
    return table(sample, "stock_history").astype(dict.fromkeys(units, int) | {"date": "datetime64[s]"})
