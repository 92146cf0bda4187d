"""Change of gene programmes within each population."""
