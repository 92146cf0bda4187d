"""Labels as a likelihood under profiles of sorted cells: fit, posteriors, doublets, depth, rulers and subsets."""
