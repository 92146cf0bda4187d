"""The model that labels cells, fitted to a sketch of all samples."""
