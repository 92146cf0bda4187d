"""Counts of one sample: the matrix, its proofs, and the file that holds it."""
