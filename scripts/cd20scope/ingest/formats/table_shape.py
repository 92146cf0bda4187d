"""What stands in the first rows of a table: columns about genes or cells beside counts, a title, one row per count."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cd20scope.counts.matrix import ANCHORS, BARCODE, ENSEMBL, IngestError, Strings, share
from cd20scope.ingest.formats.features import MISSING
from cd20scope.ingest.formats.mtx_names import IDS, SYMBOLS

if TYPE_CHECKING:
    import pandas as pd

ABOUT_GENES = re.compile(
    r"(gene|effective|transcript|exonic|feature)?[-_. ]?(length|len|width|size)|chr(om(osome)?)?(_name)?|seqnames?|"
    r"start|end|strand|(gene[-_. ]?)?(bio)?types?|description|(gene|feature|hgnc)?[-_. ]?(symbols?|names?|ids?)|gene|"
    r"ensembl(_?gene)?(_?id)?|entrez.*|hgnc|(row|col|grand)?[-_. ]?(sum|total)s?|total[-_. ](counts?|umis?|reads)|"
    r"gc(_content)?|source|geneid|n[-_. ]?cells?|"
    r"(row|gene)?[-_. ]?(mean|median|average|avg|sd|std(dev)?|stdev|var(iance)?|min|max)s?"
    r"([-_. ](expr(ession)?|counts?|umis?))?",
    flags=re.IGNORECASE,
)
"""Columns of a table of genes that are no cells: of featureCounts, biomaRt and spreadsheets."""
GENE_WORD = re.compile(rf"{IDS.pattern}|{SYMBOLS.pattern}", flags=re.IGNORECASE)
CELL_WORD = re.compile(r"(cell|bc|barcode)s?([-_. ]?(ids?|index|barcodes?|names?))?", flags=re.IGNORECASE)
"""Columns of a table with one row for each gene of each cell, as UMI-tools and BD Rhapsody write it."""
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|inf|nan", flags=re.IGNORECASE)
COMMAS = re.compile(r"\d+(,\d+)+(\.\d+)?")
LONG_WIDTH = 8
"""Columns up to which a table may be such."""
MOST_TEXTS = 20
"""Columns of text behind the names of the rows, about genes or about cells."""


def check_title(header: Sequence[str], path: Path) -> None:
    """Refuse tables that have a title above their header."""
    if sum(map(bool, header)) <= 2 < len(header) // 2:
        raise IngestError(
            f"{path}: row 1 holds a title ({' '.join(header)[:60].strip()!r}) and no names of cells. Remove the rows "
            "above the names."
        )


def check_named(header: Sequence[str], path: Path) -> None:
    """Refuse tables whose first row is one of values."""
    if all(map(NUMBER.fullmatch, header)):
        raise IngestError(
            f"{path}: row 1 holds numbers ({', '.join(header[:3])}) and no names. Write the names of the cells (or "
            "genes) into the first row, and those of the others into the first column."
        )


def names_behind(row: Sequence[str], header: Sequence[str], texts: Sequence[int]) -> int:
    """Find the column that names the rows, where the first one only counts them; 0 where that names them."""
    if header[0] and not re.fullmatch(
        r"(index|unnamed.*|row|x|v1|n[or]?\.?|#)", header[0], flags=re.IGNORECASE
    ):
        return 0
    if not texts or texts[0] != 1 or not re.fullmatch(r"[01]", row[0]):
        return 0
    return next((i for i in texts if SYMBOLS.fullmatch(header[i])), 1)


def check_long(header: Sequence[str], path: Path) -> None:
    """Refuse tables that have a row for each gene of each cell."""
    words = [next((name for name in header if word.fullmatch(name)), "") for word in (GENE_WORD, CELL_WORD)]
    if len(header) <= LONG_WIDTH and all(words):
        raise IngestError(
            f"{path}: a long table, with a row for each {words[0]} of each {words[1]}. Make it wide (Python): "
            f"pandas.read_csv({path.name!r}, sep=None, engine='python').pivot_table(index={words[0]!r}, "
            f"columns={words[1]!r}, values=COUNT, fill_value=0).to_csv('counts.csv'), with the column of counts for "
            "COUNT."
        )


def texts_beside(row: Sequence[str]) -> list[int]:
    """Find columns behind the first one that begin with a word: what a table says of its genes or cells."""
    found = []
    for i, cell in enumerate(row[1 : MOST_TEXTS + 1], start=1):
        if (
            NUMBER.fullmatch(cell)
            or not re.search(r"[^\W\d_]{2}|[^\W\d_]\d|\d[^\W\d_]", cell)
            or MISSING.fullmatch(cell)
        ):
            break
        found.append(i)
    return found if 2 * len(found) < len(row) else []


def looks_like_genes(names: Strings) -> float:
    """How much a list of names looks like genes rather than cells."""
    found = float(np.isin(ANCHORS, names).sum())
    return found + 10 * share(names[:1000], ENSEMBL) - 10 * share(names[:1000], BARCODE)


def complain(chunk: "pd.DataFrame", path: Path, done: int) -> None:
    """Name the first cell that is no number."""
    import pandas as pd

    for column in chunk.columns:
        numbers = pd.to_numeric(chunk[column], errors="coerce")
        numbers = numbers.mask(chunk[column].map(lambda value: isinstance(value, bool)))
        odd = np.flatnonzero(numbers.isna() & chunk[column].notna())
        if odd.size:
            value = str(chunk[column].iloc[odd[0]])
            if COMMAS.fullmatch(value):
                raise IngestError(
                    f"{path}, row {done + int(odd[0]) + 1}, column {int(column) + 1}: {value[:40]!r} has a comma, of "
                    "decimals or thousands. Write plain whole numbers, such as 1140."
                )
            if MISSING.fullmatch(value):
                raise IngestError(
                    f"{path}, row {done + int(odd[0]) + 1}, column {int(column) + 1}: {value!r} is missing. Write 0 "
                    "where nothing was counted, and leave genes out that were not measured."
                )
            raise IngestError(
                f"{path}, row {done + int(odd[0]) + 1}, column {int(column) + 1}: {value[:40]!r} is no count. Keep "
                "names in the first row and the first column alone, and counts elsewhere."
            )
