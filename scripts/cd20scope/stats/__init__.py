"""Paired tests, multiplicity and sign flips on one change per donor."""
