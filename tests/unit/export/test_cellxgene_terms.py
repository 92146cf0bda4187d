"""What the sheet says in ontology terms is checked before cells are written."""

import exported_cells
import pytest

from cd20scope.export.cellxgene_terms import TERMS, TermError, check_terms, lookup

ROW = {"sample": "P01_m0", **exported_cells.TERMS}


def problems(*rows, **options):
    with pytest.raises(TermError) as raised:
        check_terms(rows, **options)
    return str(raised.value).split("\n  - ")[1:]


def test_a_full_row_is_accepted_also_by_the_ontologies():
    check_terms([ROW], known=lookup())


def test_every_term_of_an_example_exists():
    known = lookup()
    for column, term in TERMS.items():
        for word in term.example.replace(",", " ").split():
            if ":" in word:
                assert known(word) == "", column


@pytest.mark.parametrize("column", TERMS)
def test_a_column_that_is_missing_is_named_with_an_example(column):
    (problem,) = problems({key: value for key, value in ROW.items() if key != column})
    assert problem.startswith(f"{column} is missing. Add it, as in {TERMS[column].example}")


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("assay_ontology_term_id", "10x 3' v3", "is not allowed there. Give EFO:0009922"),
        ("assay_ontology_term_id", "EFO:992", "is not allowed there"),
        ("disease_ontology_term_id", "unknown", "is not allowed there"),
        ("disease_ontology_term_id", "MONDO:0005301 || MONDO:0004992", "out of order or twice"),
        ("sex_ontology_term_id", "F", "PATO:0000383 for female"),
        ("is_primary_data", "1", "one of True, False"),
        ("tissue_type", "cell line", "one of tissue, organoid, primary cell culture"),
        ("tissue_ontology_term_id", "CL:0000236", "needs a term of UBERON"),
    ],
)
def test_a_value_that_the_schema_does_not_allow_is_told_with_what_to_give(column, value, told):
    (problem,) = problems(ROW | {column: value})
    assert problem.startswith(f"{column}: {value!r}")
    assert told in problem


def test_a_value_is_told_once_with_its_samples():
    rows = [ROW | {"sample": f"P{i}", "suspension_type": "blood" if i < 5 else "cell"} for i in range(9)]
    (problem,) = problems(*rows)
    assert "(samples P0, P1, P2, ...)" in problem


def test_terms_that_do_not_exist_or_are_obsolete_are_told_where_the_ontologies_are_installed():
    found = problems(
        ROW | {"assay_ontology_term_id": "EFO:9999999", "disease_ontology_term_id": "MONDO:0000004"},
        known=lookup(),
    )
    assert "EFO:9999999" in found[0]
    assert "is no term of its ontology" in found[0]


def test_an_obsolete_term_is_told():
    (problem,) = problems(ROW | {"development_stage_ontology_term_id": "HsapDv:0000087"}, known=lookup())
    assert "obsolete" in problem
