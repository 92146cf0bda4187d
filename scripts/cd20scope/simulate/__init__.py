"""The built-in cohort: simulated cells with planted effects."""
