"""Labels of cells: the model, other judges, ambient RNA and what the labels look like."""
