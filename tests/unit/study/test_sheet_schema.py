"""The schema of the sheet says what the code accepts."""

import math
from pathlib import Path

import jsonschema
import pytest
import yaml
from sample_sheets import GOOD, VISITS, write

from cd20scope import schema
from cd20scope.study import number_columns, sheet, sheet_checks

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def document():
    return yaml.safe_load((ROOT / "workflow/schemas/samples.schema.yaml").read_text())


def test_schema_lists_the_columns_that_the_code_knows(document):
    jsonschema.Draft202012Validator.check_schema(document)
    assert document["required"] == list(schema.SHEET_REQUIRED)
    assert list(document["properties"]) == [*schema.SHEET_REQUIRED, *sheet_checks.OPTIONAL]
    assert document["properties"]["format"]["enum"] == ["", *sheet_checks.FORMATS]
    assert document["additionalProperties"] is True
    assert all(
        entry["description"] and entry["type"] == "string" for entry in document["properties"].values()
    )


def test_formats_are_those_that_can_be_read():
    assert set(sheet_checks.FORMATS) >= {"10x_h5", "h5ad"}


def test_schema_has_the_patterns_of_the_code(document):
    patterns = {
        name: entry["pattern"] for name, entry in document["properties"].items() if "pattern" in entry
    }
    expected = {
        "sample": sheet_checks.SAMPLE,
        "donor": sheet_checks.DONOR,
        "sha256": sheet_checks.SHA256,
        **number_columns.NUMBERS,
    }
    assert patterns == {name: f"^{pattern}$" for name, pattern in expected.items()}


@pytest.mark.parametrize(
    "value", ["", "unknown", "12", "1.5", "1.2e3", "-3", "3,5", ".5", "inf", "0x1F", "１２", "Unknown "]
)
@pytest.mark.parametrize("column", [*number_columns.NUMBERS])
def test_schema_and_code_agree_on_numbers(folder, document, column, value):
    # at one visit alone, as visits of a donor may not have the same days
    path = write(folder, f"{GOOD[0]}\t{column}", f"{GOOD[1]}\t{value}", *GOOD[2:])
    record = {"sample": "A", "donor": "D1", "visit": "week2", "path": "a", column: value.strip().lower()}
    low, high = number_columns.PLAUSIBLE.get(column, (-math.inf, math.inf))
    number = record[column] not in ("", "unknown")
    if jsonschema.Draft202012Validator(document).is_valid(record) and not (
        number and not low <= float(record[column]) <= high
    ):
        assert len(sheet.read_sheet(path, visits=VISITS)) == 3
    else:
        with pytest.raises(sheet.SheetError, match=f"column {column}: "):
            sheet.read_sheet(path, visits=VISITS)


def test_rows_that_are_read_fit_the_schema(folder, document):
    table = sheet.read_sheet(write(folder, *GOOD), visits=VISITS)
    for record in table.to_dict("records"):
        jsonschema.validate(record, document)
