"""The public data set against a local server: resumed, checked, refused when it is something else."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest

from invnb.data import online_retail
from invnb.data.fetch import ATTEMPTS, Facts, fetch_online_retail
from invnb.errors import InputError

FACTS = Facts(lines=40, units=780, value=1950.0)


@dataclass
class Server:
    """A server whose answers break off after `bytes_per_answer`, and that says what it was asked for."""

    content: bytes
    bytes_per_answer: int | None = None
    ranges: bool = True
    status: int = 200
    asked: list[str | None] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    state = Server(archive(tmp_path / "made"))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            state.asked.append(wanted)
            if state.status != 200:
                self.send_error(state.status)
                return
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and state.ranges else 0
            if start >= len(state.content):
                self.send_error(416)
                return
            body = state.content[start:]
            self.send_response(206 if wanted and state.ranges else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: state.bytes_per_answer])

        def log_message(self, *_: object) -> None:
            pass

    service = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    state.url = f"http://127.0.0.1:{service.server_port}/online+retail.zip"
    yield state
    service.shutdown()
    service.server_close()


def archive(folder: Path, units: int = 0, **columns: object) -> bytes:
    """A zip with a small workbook of 40 lines."""
    folder.mkdir()
    table = pd.DataFrame(
        {
            "InvoiceNo": [f"C{i}" if i % 9 == 0 else i for i in range(40)],
            "StockCode": [85123 + i if i % 2 else "85123A" for i in range(40)],
            "Description": "RED MUG",
            "Quantity": [i + units for i in range(40)],
            "InvoiceDate": pd.Timestamp("2010-12-01 08:26"),
            "UnitPrice": 2.5,
            "CustomerID": [17850.0 if i else None for i in range(40)],
            "Country": "United Kingdom",
        }
    ).assign(**columns)
    table.to_excel(folder / "Online Retail.xlsx", index=False, engine="xlsxwriter")
    with zipfile.ZipFile(folder / "x.zip", "w") as bundle:
        bundle.write(folder / "Online Retail.xlsx", "Online Retail.xlsx")
    return (folder / "x.zip").read_bytes()


def fetch(folder: Path, server: Server, seen: list[int] | None = None) -> Path:
    seen = [] if seen is None else seen
    return fetch_online_retail(folder, server.url, FACTS, lambda done, total: seen.append(done))


def test_fetched_checked_and_written_with_the_usual_columns(tmp_path: Path, server: Server) -> None:
    seen: list[int] = []
    path = fetch(tmp_path / "data", server, seen)
    table = pd.read_csv(path, dtype=str)
    assert table.columns.tolist() == online_retail.COLUMNS
    assert table.loc[1].tolist()[:3] == ["1", "85124", "RED MUG"]
    assert table["InvoiceDate"].unique().tolist() == ["2010-12-01 08:26"]
    assert seen[-1] == len(server.content)
    assert [p.name for p in path.parent.iterdir()] == ["online_retail.csv.gz"]
    fetch(tmp_path / "data", server)
    assert len(server.asked) == 1  # what is there is not fetched again


def test_a_transfer_that_keeps_breaking_off_is_resumed(tmp_path: Path, server: Server) -> None:
    server.bytes_per_answer = len(server.content) // 4
    fetch(tmp_path, server)
    step = server.bytes_per_answer
    assert server.asked == [None, *[f"bytes={step * k}-" for k in range(1, len(server.asked))]]


def test_a_part_left_by_an_earlier_run_is_used(tmp_path: Path, server: Server) -> None:
    (tmp_path / "online_retail.zip.part").write_bytes(server.content[:1000])
    fetch(tmp_path, server)
    assert server.asked == ["bytes=1000-"]


def test_a_server_without_ranges_and_a_part_too_long_start_afresh(tmp_path: Path, server: Server) -> None:
    server.ranges = False
    (tmp_path / "online_retail.zip.part").write_bytes(b"something else")
    fetch(tmp_path, server)
    server.ranges = True
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "online_retail.zip.part").write_bytes(server.content + b"more")
    fetch(tmp_path / "b", server)
    assert server.asked[-1] is None


def test_no_byte_gained_again_and_again_is_said(tmp_path: Path, server: Server) -> None:
    server.bytes_per_answer = 0
    with pytest.raises(InputError, match=r"cannot be fetched \(.*\); check the network"):
        fetch(tmp_path, server)
    assert len(server.asked) == ATTEMPTS


def test_a_refusal_of_the_server_is_said(tmp_path: Path, server: Server) -> None:
    server.status = 404
    with pytest.raises(InputError, match="the server answers 404"):
        fetch(tmp_path, server)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (lambda folder: b"<html>not here</html>", "not a zip file"),
        (
            lambda folder: archive(folder, units=1),
            "40 lines, 820 units worth 2,050.00 arrived instead of 40, 780",
        ),
        (lambda folder: archive(folder, UnitPrice=2.4), "worth 1,872.00 arrived"),
    ],
)
def test_wrong_content_is_refused_and_leaves_nothing(
    tmp_path: Path, server: Server, content: object, sentence: str
) -> None:
    server.content = content(tmp_path / "other")  # type: ignore[operator]
    with pytest.raises(InputError) as error:
        fetch(tmp_path / "data", server)
    assert sentence in str(error.value)
    assert list((tmp_path / "data").iterdir()) == []
