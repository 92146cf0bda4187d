"""How far a study has come, from its results and logs alone."""
