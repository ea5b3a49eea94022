"""An order export with personal data in it, to show that it is refused at the door. No part of the sample."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from invnb.data.sample.exports import write_csv
from invnb.data.sample.timeline import END

UNWANTED_FILE = "orders_with_personal_data.csv"


def write_unwanted(folder: Path, n_order: int = 20) -> Path:
    """Write a small order file with e-mail, telephone, name and street beside the lines.

    The people and addresses are invented; `example.com` belongs to nobody.

    Examples
    --------
    >>> import tempfile
    >>> path = write_unwanted(Path(tempfile.mkdtemp()), n_order=1)
    >>> path.read_text(encoding="utf-8").splitlines()[0]
    'Name,Created at,Lineitem sku,Lineitem quantity,Lineitem total,Email,Phone,Billing Name,Billing Street'
    """
    number = range(1, n_order + 1)
    frame = pd.DataFrame(
        {
            "Name": [f"#{n}" for n in number],
            "Created at": f"{END:%Y-%m-%d} 12:00:00 +0800",
            "Lineitem sku": "TOY-0101",
            "Lineitem quantity": 1,
            "Lineitem total": "48.90",
            "Email": [f"customer{n}@example.com" for n in number],
            "Phone": [f"+86 138 0000 {n:04d}" for n in number],
            "Billing Name": [f"Customer {n}" for n in number],
            "Billing Street": [f"{n} Example Road" for n in number],
        }
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(folder / UNWANTED_FILE, frame)
    return folder / UNWANTED_FILE
