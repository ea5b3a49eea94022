"""Models, rolling-origin evaluation, metrics, demand scenarios."""
