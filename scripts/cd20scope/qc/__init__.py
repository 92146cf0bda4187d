"""Quality of each cell: metrics, bounds, and why a cell is left out."""
