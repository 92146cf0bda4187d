"""Cells and summed counts per population, sample and cohort."""
