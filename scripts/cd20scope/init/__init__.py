"""A first sample sheet and configuration, guessed from data."""
