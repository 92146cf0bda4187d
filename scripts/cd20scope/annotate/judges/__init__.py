"""Other judges of the labels: CellTypist, a labelled reference, labels of the input."""
