"""Ontology terms that the schema of CELLxGENE asks of a sample sheet, and their check.

References
----------
CELLxGENE schema 7.1.0, https://github.com/chanzuckerberg/single-cell-curation/blob/main/schema/7.1.0/schema.md
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

SCHEMA = "7.1.0"
"""Version of the schema whose rules are checked here."""

ORGANISM = "NCBITaxon:9606"

BOTH = " || "
"""Sign between several terms of one cell."""


class TermError(ValueError):
    """Terms of the sheet that CELLxGENE would refuse; the message lists them."""


@dataclass(frozen=True)
class Term:
    """A column of the schema.

    Attributes
    ----------
    pattern
        Regular expression of one identifier.
    words
        Words allowed in place of an identifier.
    example
        An identifier and its meaning, for messages.
    several
        Whether several identifiers may stand in a cell, sorted, with :data:`BOTH` between them.
    """

    pattern: str
    words: tuple[str, ...]
    example: str
    several: bool = False


TERMS = {
    "assay_ontology_term_id": Term(r"EFO:\d{7}", (), "EFO:0009922 for 10x 3' v3"),
    "disease_ontology_term_id": Term(
        r"MONDO:\d{7}|PATO:0000461", (), "MONDO:0005301 for multiple sclerosis, PATO:0000461 for normal", True
    ),
    "sex_ontology_term_id": Term(
        r"PATO:0000383|PATO:0000384|PATO:0001340", ("unknown",), "PATO:0000383 for female, PATO:0000384 for male"
    ),
    "tissue_ontology_term_id": Term(r"(UBERON|CL):\d{7}", (), "UBERON:0000178 for blood"),
    "tissue_type": Term(r"(?!)", ("tissue", "organoid", "primary cell culture"), "tissue"),
    "self_reported_ethnicity_ontology_term_id": Term(
        r"(HANCESTRO|AfPO):\d{4,7}", ("unknown",), "HANCESTRO:0568 for African American, or unknown", True
    ),
    "development_stage_ontology_term_id": Term(
        r"HsapDv:\d{7}", ("unknown",), "HsapDv:0000258 for a mature stage (adult), or unknown"
    ),
    "suspension_type": Term(r"(?!)", ("cell", "nucleus", "na"), "cell"),
    "is_primary_data": Term(r"(?!)", ("True", "False"), "True"),
}  # fmt: skip
"""Columns that the sheet must have for CELLxGENE, by the schema's own names. The workflow itself gives
``cell_type_ontology_term_id``, ``donor_id`` and the organism."""

TRUTH = {"true": "True", "false": "False"}
"""Spellings of a truth value, in lower case."""

Known = Callable[[str], str]
"""What is wrong with an identifier by the ontologies themselves; empty where nothing is."""


def check_terms(rows: Iterable[Mapping[str, Any]], *, known: Known = lambda _: "") -> None:
    """Check the columns of :data:`TERMS` in a sample sheet.

    Parameters
    ----------
    rows
        Rows of the sheet, each with its ``sample``.
    known
        Looks an identifier up (:func:`lookup`); by default identifiers are told by their pattern alone.

    Raises
    ------
    TermError
        With every column that is missing and every value that the schema does not allow, each once, with the samples.
    """
    rows = list(rows)
    problems = []
    for column, term in TERMS.items():
        if absent := [row["sample"] for row in rows if not str(row.get(column) or "").strip()]:
            problems.append(f"{column} is missing{_in(absent, rows)}. Add it, as in {term.example}.")
        values = {str(row[column]): None for row in rows if str(row.get(column) or "").strip()}
        for value in values:
            if wrong := _wrong(column, value, term, known):
                samples = [row["sample"] for row in rows if str(row.get(column)) == value]
                problems.append(f"{column}: {value!r}{_in(samples, rows)} {wrong}")
    for row in rows:
        culture, term_id = (
            row.get("tissue_type") == "primary cell culture",
            str(row.get("tissue_ontology_term_id")),
        )
        if (
            row.get("tissue_type")
            and culture != term_id.startswith("CL:")
            and re.match("UBERON:|CL:", term_id)
        ):
            wanted = "a term of CL" if culture else "a term of UBERON"
            problems.append(
                f"tissue_ontology_term_id: {term_id!r} (sample {row['sample']}): the tissue_type "
                f"{row['tissue_type']!r} needs {wanted}."
            )
    if problems:
        raise TermError("\n  - ".join([f"sample sheet, terms for CELLxGENE (schema {SCHEMA}):", *problems]))


def _in(samples: list[Any], rows: list[Mapping[str, Any]]) -> str:
    """Name samples for a message: none where all are meant, the first few where many are."""
    if len(samples) == len(rows):
        return ""
    shown = ", ".join(map(str, samples[:3]))
    return f" (sample{'s' if len(samples) > 1 else ''} {shown}{', ...' if len(samples) > 3 else ''})"


def _wrong(column: str, value: str, term: Term, known: Known) -> str:
    """Say what is wrong with a value; empty where nothing is."""
    if value in term.words or (column == "is_primary_data" and value.lower() in TRUTH):
        return ""
    parts = value.split(BOTH) if term.several else [value]
    if not all(re.fullmatch(term.pattern, part) for part in parts):
        choice = f"one of {', '.join(term.words)}" if term.pattern == "(?!)" else term.example
        return f"is not allowed there. Give {choice}."
    if parts != sorted(set(parts)):
        return "lists its terms out of order or twice. Sort them, each once."
    return next((why for why in map(known, parts) if why), "")


def lookup() -> Known:
    """Look identifiers up in the ontologies, where the package cellxgene-ontology-guide is installed."""
    try:
        from cellxgene_ontology_guide.ontology_parser import OntologyParser
    except ImportError:
        return lambda _: ""
    parser = OntologyParser()

    def known(identifier: str) -> str:
        if not parser.is_valid_term_id(identifier):
            return "is no term of its ontology. Look it up again."
        if parser.is_term_deprecated(identifier):
            return "is an obsolete term. Give the one that replaces it."
        return ""

    return known
