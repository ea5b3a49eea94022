"""invnb: calibrated demand, exact stock decisions and a report in money, from a shop's exported files."""

__version__ = "0.1.0"
