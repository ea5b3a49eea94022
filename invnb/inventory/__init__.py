"""Inventory mathematics: numpy arrays in, frozen dataclasses out."""
