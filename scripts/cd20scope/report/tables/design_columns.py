"""Headings of the tables that only some designs have: of a control arm, of an outcome."""

COLUMNS: dict[str, dict[str, tuple[str, str]]] = {
    "control_arms": {
        "id": ("Claim", "key"),
        "verdict": ("Verdict", "key"),
        "treated_verdict": ("Treated alone", "key"),
        "treated": ("Treated", "number"),
        "control": ("Controls", "number"),
        "difference": ("Difference", "number"),
        "interval": ("95 % CI", "range"),
        "p_adjusted": ("p, adj.", "p"),
    },
    "control_levels": {
        "controls": ("Controls", "key"),
        "id": ("Claim", "key"),
        "verdict": ("Verdict", "key"),
        "treated": ("Treated", "number"),
        "control": ("Controls, change", "number"),
        "difference": ("Difference", "number"),
        "interval": ("95 % CI", "range"),
        "p_adjusted": ("p, adj.", "p"),
    },
    "absolute_arms": {
        "population": ("Population", "key"),
        "contrast": ("Contrast", "key"),
        "fold_change": ("Fold change", "number"),
        "p_value": ("p", "p"),
        "p_adjusted": ("p, adjusted", "p"),
        "n_treated": ("Treated donors", "count"),
        "n_control": ("Controls, donors", "count"),
    },
    "outcome": {
        "id": ("Question", "key"),
        "asks": ("Asked", "text"),
        "association": ("Association", "number"),
        "interval": ("95 % CI", "range"),
        "p_value": ("p", "p"),
        "p_adjusted": ("q", "p"),
        "smallest": ("From", "number"),
        "n": ("Donors", "count"),
        "measure": ("Measure", "text"),
    },
}
