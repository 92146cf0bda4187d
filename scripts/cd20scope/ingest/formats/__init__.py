"""One module for each file format that may hold counts."""
