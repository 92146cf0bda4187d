"""Change of each gene of each population, and of gene sets."""
