"""Gene sets to look for among changed genes: the shipped programmes, and files that the user gives."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

SHIPPED = "programmes"
"""Name of the collection of shipped programmes."""


class GeneSetError(ValueError):
    """A file of gene sets that cannot be read; the message names file and line."""


def read_gmt(text: str, *, name: str) -> dict[str, list[str]]:
    """Read gene sets in GMT format: name, description and genes, separated by tabs.

    decoupler's reader splits at any white space and takes the words of a description for genes.

    Raises
    ------
    GeneSetError
        For a line with fewer than three fields, an empty name, or a name used twice.
    """
    sets: dict[str, list[str]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        fields = [field.strip() for field in line.rstrip("\r").split("\t")]
        where = f"{name}, line {number}"
        if len(fields) < 3 or not fields[0]:
            raise GeneSetError(
                f"{where}: found {len(fields)} field(s). A line of a GMT file is a name, a description and genes, "
                "separated by tabs; save the file as such."
            )
        if fields[0] in sets:
            raise GeneSetError(f'{where}: the set "{fields[0]}" stands in the file twice. Keep one.')
        sets[fields[0]] = list(dict.fromkeys(gene for gene in fields[2:] if gene))
    if not sets:
        raise GeneSetError(f"{name}: holds no gene set. Remove it from expression > gene_sets.")
    return sets


def collect_sets(
    programs: Mapping[str, Any], given: Mapping[str, Mapping[str, Sequence[str]]]
) -> pd.DataFrame:
    """Put all gene sets in one table: ``collection``, ``gene_set``, ``role``, ``genes``.

    Parameters
    ----------
    programs
        The programme catalogue, parsed; its roles are kept, so that a confounder is not read as a finding.
    given
        Collection -> sets, from :func:`read_gmt`.
    """
    rows: list[tuple[str, str, str, list[str]]] = [
        (SHIPPED, entry["name"], entry["role"], list(entry["genes"])) for entry in programs["programs"]
    ]
    for collection, sets in given.items():
        rows += [(collection, name, "given", list(genes)) for name, genes in sets.items()]
    return pd.DataFrame(rows, columns=["collection", "gene_set", "role", "genes"])
