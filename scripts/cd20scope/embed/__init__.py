"""A map of the sketch in two dimensions, for the report alone."""
