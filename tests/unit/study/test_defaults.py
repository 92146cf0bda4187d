"""A run tells which of its settings are not the defaults."""

from pathlib import Path

import yaml

from cd20scope.study import defaults

SCHEMA = Path(__file__).parents[3] / "workflow" / "schemas" / "config.schema.yaml"


def shipped():
    return defaults.of_schema(yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))["properties"])


def test_a_run_that_sets_nothing_differs_in_nothing():
    assert defaults.differing(shipped(), shipped()) == []


def test_each_setting_stands_with_its_section_default_and_value():
    known = shipped()
    config = known | {
        "verdict": known["verdict"] | {"alpha": 0.01},
        "contrasts": [["week2", "baseline"]],
        "visits": {"baseline": ["pre"], "week2": []},
        "simulate": {"plan": "treated", "donors": 12, "seed": 1},
    }
    found = {name: (default, value) for name, default, value in defaults.differing(config, known)}
    assert found["verdict.alpha"] == ("0.05", "0.01")
    assert found["contrasts"][1] == "[[week2, baseline]]"
    assert found["visits"][1] == "baseline: [pre], week2: []"
    assert found["simulate.donors"] == ("8", "12")
    assert len(found) == 5
