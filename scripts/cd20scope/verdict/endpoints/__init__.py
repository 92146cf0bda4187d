"""Endpoints: what a hypothesis can be about, one file each."""
