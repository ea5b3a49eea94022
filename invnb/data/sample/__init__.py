"""A shop with known truth, written as the files it would export."""
