"""Names of genes: from whatever a file calls them to one human symbol each, with the Ensembl id beside it.

Data sets name genes by symbols old and new, by Ensembl ids with or without version, with a genome in front or with
both names in one. Catalogues speak in today's symbols; here the two meet.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cd20scope.counts.matrix import ENSEMBL, Genes, IngestError, Strings, make_unique, share
from cd20scope.counts.remembered import remembered

PREFIX = re.compile(r"(?:hg19|hg38|GRCh37|GRCh38)(?:[-_]pre_?mrna)?[-_]+", flags=re.IGNORECASE)
HUMAN_ID = re.compile(r"(ENSG\d{11})(?:\.?\d+)?")
PAIRS = (
    re.compile(r"(?P<symbol>.+?)[_|:;. -](?P<id>ENSG\d{11})(?:\.\d+)?"),
    re.compile(r"(?P<id>ENSG\d{11})(?:\.\d+)?[_|:;. -](?P<symbol>.+)"),
)
"""Both names in one, either first."""
MOUSE_ID = re.compile(r"ENSMUSG\d{11}(?:\.\d+)?")
MOUSE_SYMBOL = re.compile(r"[A-Z][a-z][a-z0-9]*(?:-[A-Za-z0-9]+)*")
"""Mouse symbols have one capital, in front: Cd79a, Ms4a1."""
SPREADSHEET = re.compile(
    r"(?:\d{1,2}-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-\d{1,2}|\d{4}-\d\d-\d\d(?: 00:00:00)?)",
    re.IGNORECASE,
)
"""What spreadsheets make of MARCH1, SEPT2 and DEC1 (doi:10.1186/s13059-016-1044-7)."""
NUMBER = re.compile(r"\d+(?:\.0)?")
TRANSCRIPT = re.compile(r"ENS[A-Z]*T\d{11}(?:\.\d+)?|[NX][MR]_\d{6,}(?:\.\d+)?")
"""Ids of transcripts, of Ensembl and RefSeq."""
MIXED = 0.05
"""Part of the genes that may be of mouse, as transgenes are; references of two species have half of each."""
MOST_REPEATED, FEW = 0.25, 100
"""Part, and number, of repeated symbols up to which they are copies of genes: 0.1 % in references of Cell Ranger, 4 %
in those of Ensembl with all RNAs; probes and exons repeat each symbol."""
FEMALE = ("XIST",)
"""Transcribed in cells with two X chromosomes alone."""
MALE = ("RPS4Y1", "DDX3Y", "EIF1AY", "KDM5D", "UTY", "USP9Y", "ZFY")
"""Genes of the Y chromosome outside the part that it shares with X; expressed in blood."""


@dataclass(frozen=True, eq=False)
class GeneTable:
    """What genes are called; equal only to itself.

    Attributes
    ----------
    symbols
        Ensembl id without version -> symbol.
    current
        Symbols in use.
    outdated
        Former or other name -> the symbol in use; only names that mean one gene.
    """

    symbols: Mapping[str, str] = field(default_factory=dict)
    current: frozenset[str] = frozenset()
    outdated: Mapping[str, str] = field(default_factory=dict)


NO_TABLE = GeneTable()
"""Knows nothing, and leaves names as they are."""


def parse_table(text: str, *, name: str) -> GeneTable:
    """Read a table of gene names: ``gene``, ``gene_id`` and ``other_names`` (comma-joined), tab-separated.

    Raises
    ------
    IngestError
        A column missing; a name that would mean two genes.
    """
    header, *lines = [line.split("\t") for line in text.splitlines() if line] or [[]]
    needed = ("gene", "gene_id", "other_names")
    if not lines or any(column not in header for column in needed):
        found = ", ".join(header) if lines else "nothing"
        raise IngestError(
            f"{name}: needs the columns {', '.join(needed)}, with tabs between them; found {found}."
        )
    places = [header.index(column) for column in needed]
    # a row may end before its last columns, where they are empty
    rows = [[row[i] if i < len(row) else "" for i in places] for row in lines]
    current = frozenset(gene for gene, *_ in rows)
    outdated: dict[str, str] = {}
    for number, (gene, _, others) in enumerate(rows, start=2):
        for other in filter(None, others.split(",")):
            if outdated.setdefault(other, gene) != gene or other in current:
                raise IngestError(
                    f"{name}, row {number}: {other!r} is given to {gene} but also means "
                    f"{outdated[other] if other not in current else other}. Remove it."
                )
    return GeneTable({code: gene for gene, code, _ in rows if code}, current, outdated)


def tidy_genes(names: Strings, ids: Strings, *, where: str, table: GeneTable = NO_TABLE) -> Genes:
    """Name genes by unique symbols in use, with their ids beside them.

    Parameters
    ----------
    names, ids
        One per gene; ``ids`` is empty, or holds empty strings, where the file has none: then the name is the
        id, and an empty name is replaced by the id.
    where
        The file, for the error.
    table
        Symbols of ids, and outdated symbols; empty (default) leaves both as they are.

    Returns
    -------
    Columns ``gene`` and ``gene_id``, in the order given.

    Raises
    ------
    IngestError
        Genes of another species, or of several; names that a spreadsheet turned into dates; Ensembl ids that
        the table does not know.
    """
    try:
        symbols, codes = _tidied(names, ids, table)
    except IngestError as error:
        raise IngestError(f"{where}: {error}") from None
    return {"gene": symbols.copy(), "gene_id": codes.copy()}


@remembered
def _tidied(
    all_names: Strings, all_ids: Strings, table: GeneTable
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """Symbol and id of each gene, see :func:`tidy_genes`."""
    # plain text, not numpy's: patterns run over it in half the time
    names, ids = all_names.tolist(), all_ids.tolist()
    codes = ids or [""] * len(names)
    symbols = [name or code for name, code in zip(names, codes, strict=True)]
    symbols, codes = _without_prefix(symbols, codes)
    symbols, codes = _taken_apart(symbols, codes)
    _check_kind(symbols)
    _check_species(symbols, codes)
    _check_dates(symbols)
    # the id beside an empty or made-up name may be all there is
    known = [HUMAN_ID.fullmatch(name) for name in symbols]
    codes = [found[1] if found else code for found, code in zip(known, codes, strict=True)]
    given = symbols
    symbols = [
        table.symbols.get(found[1], name) if found else name for found, name in zip(known, given, strict=True)
    ]
    if len(symbols) and sum(found is not None for found in known) / len(symbols) > 0.9 and symbols == given:
        raise IngestError(
            f"genes are named by Ensembl id ({given[0]}), and none of them is in the table of genes. Add the "
            "symbols (features.tsv column 2, or an h5ad var column gene_symbols), or give a table of your own under "
            "ingest: genes."
        )
    symbols = _brought_up_to_date(_with_dashes(symbols, table), table)
    _check_repeats(symbols)
    codes = [code or name for code, name in zip(codes, symbols, strict=True)]
    return np.array(make_unique(symbols), dtype=object), np.array(codes, dtype=object)


def _without_prefix(names: list[str], ids: list[str]) -> tuple[list[str], list[str]]:
    prefixed = [name for name in names if PREFIX.match(name)]
    # A few features without prefix (spike-ins, transgenes) are usual; many mean a second species.
    if len(prefixed) > 0.95 * len(names):
        bare = [[PREFIX.sub("", text, count=1) for text in texts] for texts in (names, ids)]
        return bare[0], bare[1]
    if len(prefixed) > 0.05 * len(names):
        other = next(name for name in names if not PREFIX.match(name))
        raise IngestError(
            f"{len(prefixed):,} of {len(names):,} genes carry a human genome prefix "
            f"({prefixed[0]}), others do not ({other}): a reference of several species? "
            "Give the counts of the human genes alone."
        )
    return names, ids


def _taken_apart(names: list[str], ids: list[str]) -> tuple[list[str], list[str]]:
    """Split ``symbol_ensembl`` names, where most names are such."""
    for pattern in PAIRS:
        found = [
            pattern.fullmatch(name) if "ENSG" in name and not ENSEMBL.fullmatch(name) else None
            for name in names
        ]
        if sum(match is not None for match in found) > 0.5 * len(names):
            pairs = [
                (match["symbol"], match["id"]) if match else (name, other)
                for match, name, other in zip(found, names, ids, strict=True)
            ]
            return [symbol for symbol, _ in pairs], [code for _, code in pairs]
    return names, ids


def _check_kind(names: list[str]) -> None:
    """Refuse names that are those of no genes."""
    if share(names, NUMBER) > 0.5:
        raise IngestError(
            f"genes are named by numbers ({names[0]}, {names[-1]}): their rows, regions of the genome, or Entrez ids. "
            "Give symbols or Ensembl ids: column 2 or 1 of features.tsv, or an h5ad var column gene_symbols."
        )
    if share(names, TRANSCRIPT) > 0.5:
        raise IngestError(
            f"counts of transcripts ({names[0]}). Sum them by gene (R: tximport with tx2gene; kb count and alevin-fry "
            "give genes), and give that."
        )


def _check_repeats(symbols: list[str]) -> None:
    """Refuse counts that are split over several rows of each gene."""
    times = Counter(symbols)
    repeated = len(symbols) - len(times)
    if repeated > max(FEW, MOST_REPEATED * len(symbols)):
        symbol, most = times.most_common(1)[0]
        raise IngestError(
            f"{len(symbols):,} rows have {len(times):,} symbols ({symbol} {most} times): counts of probes, transcripts "
            "or exons. Give the counts by gene (of Cell Ranger's Flex filtered_feature_bc_matrix, not the matrix of "
            "probes), or their sums."
        )


def _check_species(names: list[str], ids: list[str]) -> None:
    by_id = max(share(names, MOUSE_ID), share(ids, MOUSE_ID))
    by_name = share(names, MOUSE_SYMBOL)
    if len(names) >= FEW and MIXED < max(by_id, by_name) < 1 - MIXED:
        pattern, texts = (MOUSE_ID, [*names, *ids]) if by_id > by_name else (MOUSE_SYMBOL, names)
        example = next(text for text in texts if pattern.fullmatch(text))
        raise IngestError(
            f"{max(by_id, by_name):.0%} of the genes are of mouse ({example}): a reference of several species? Give "
            "the counts of the human cells and genes alone."
        )
    if by_id > 0.5 or (len(names) >= 10 and by_name > 0.5):
        example = next((name for name in names if MOUSE_SYMBOL.fullmatch(name)), names[0])
        raise IngestError(
            f"genes of mouse ({example}), and cd20scope asks about human blood: its markers and programmes "
            "are human genes. Give human counts."
        )
    if (other := share(names, ENSEMBL) - share(names, HUMAN_ID)) > 0.5:
        raise IngestError(
            f"genes of another species ({names[0]}; {other:.0%} are no human ids). Give human counts."
        )


def _check_dates(names: list[str]) -> None:
    dates = [name for name in names if "-" in name and SPREADSHEET.fullmatch(name)]
    if dates:
        raise IngestError(
            f"{len(dates)} genes were turned into dates by a spreadsheet: {', '.join(dates[:6])}"
            f"{', ...' if len(dates) > 6 else ''} (such as MARCH1, now MARCHF1, or SEPT2, now SEPTIN2). Take the names "
            "from the original file; or remove these rows, when it is lost."
        )


def _with_dashes(symbols: list[str], table: GeneTable) -> list[str]:
    """Give back the dashes that R takes from the names of columns (``HLA.DRA``), where the symbol is then in use."""
    present = set(symbols)
    named = [
        name.replace(".", "-")
        if "." in name and name not in table.current and name not in table.outdated
        else ""
        for name in symbols
    ]
    return [
        new if new in table.current and new not in present else name
        for name, new in zip(symbols, named, strict=True)
    ]


def _brought_up_to_date(symbols: list[str], table: GeneTable) -> list[str]:
    """Rename outdated symbols, unless the data hold the gene under its present name too."""
    present = set(symbols)
    wanted = Counter(
        table.outdated[name] for name in present if name in table.outdated and name not in table.current
    )
    # two old names of one gene in the same data say that they are not the same thing there
    safe = {new for new, times in wanted.items() if times == 1 and new not in present}
    return [
        table.outdated[name] if name not in table.current and table.outdated.get(name) in safe else name
        for name in symbols
    ]
