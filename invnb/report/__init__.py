"""Charts, tables, wording, the HTML page and the order files. Takes tables; knows nothing of where they
come from.
"""

from invnb.report.index import write_index
from invnb.report.style import Html, show
from invnb.report.tables import table
from invnb.report.write import ReportFiles, write_report

__all__ = ["Html", "ReportFiles", "show", "table", "write_index", "write_report"]
