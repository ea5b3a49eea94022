"""Canonical tables, sources, cleaning with its ledger, the demand panel, the sample."""
