"""Results in the field's formats: cells, labels and pseudobulk as AnnData and text."""
