"""Names of genes, from whatever files call them to symbols in use."""

from pathlib import Path

import numpy as np
import pytest

from cd20scope.annotate import labels, soup
from cd20scope.counts import matrix
from cd20scope.ingest import gene_names

TABLE = gene_names.parse_table(
    (Path(__file__).parents[3] / "config/genes.tsv").read_text(encoding="utf-8"), name="config/genes.tsv"
)
SYMBOLS = ["MS4A1", "CD3E", "LYZ", "NKG7", "FOXP3", "MT-CO1"]
IDS = [next(gene_id for gene_id, gene in TABLE.symbols.items() if gene == symbol) for symbol in SYMBOLS]


def tidy(names, ids=()):
    return gene_names.tidy_genes(
        np.array(names), np.array(list(ids), dtype=np.str_), where="x.h5", table=TABLE
    )


@pytest.mark.parametrize(
    "names",
    [
        SYMBOLS,
        IDS,
        [f"{gene_id}.{version}" for version, gene_id in enumerate(IDS, start=3)],
        [f"GRCh38_{name}" for name in SYMBOLS],
        [f"hg19_{gene_id}" for gene_id in IDS],
        [f"{a}_{b}" for a, b in zip(SYMBOLS, IDS, strict=True)],
        [f"{b}_{a}" for a, b in zip(SYMBOLS, IDS, strict=True)],
        [f"{b}.7|{a}" for a, b in zip(SYMBOLS, IDS, strict=True)],
        [f"{gene_id}{version}" for version, gene_id in enumerate(IDS, start=9)],
        [name.replace("-", ".") for name in SYMBOLS],
        ["CD20", "CD3epsilon", "LYZ", "NKG7", "SCURFIN", "MT-CO1"],
    ],
)
def test_every_way_of_naming_ends_in_the_symbol(names):
    assert tidy(names)["gene"].tolist() == SYMBOLS


def test_ids_stay_beside_the_symbols_without_their_version():
    assert tidy([f"{gene_id}.9" for gene_id in IDS])["gene_id"].tolist() == IDS
    assert tidy(SYMBOLS, [f"{gene_id}.9" for gene_id in IDS])["gene"].tolist() == SYMBOLS


def test_an_outdated_symbol_stays_where_the_present_one_is_there_too():
    assert tidy(["CD20", "MS4A1", "CD3E"])["gene"].tolist() == ["CD20", "MS4A1", "CD3E"]


def test_an_id_that_no_table_knows_stays_an_id():
    assert tidy([*IDS, "ENSG09999999999"])["gene"].tolist() == [*SYMBOLS, "ENSG09999999999"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (
            ["Ms4a1", "Cd3e", "Lyz2", "Nkg7", "Foxp3", "Cd79a", "Gnly", "B2m", "Actb", "Cd74"],
            "genes of mouse",
        ),
        ([f"ENSMUSG{i:011d}" for i in range(12)], "genes of mouse"),
        ([f"ENSDARG{i:011d}" for i in range(12)], "genes of another species"),
        ([*SYMBOLS, "1-Mar", "2-Sep"], r"2 genes were turned into dates by a spreadsheet: 1-Mar, 2-Sep"),
        ([*SYMBOLS, "Mar-01"], "1 genes were turned into dates"),
        (["1", "2", "30"], r"named by numbers \(1, 30\)"),
        (["0.0", "1.0", "2.0"], "named by numbers"),
        ([f"ENST{i:011d}.3" for i in range(12)], r"counts of transcripts \(ENST00000000000\.3\).*Sum them"),
        (["NM_001101", "NM_004048.4", "NR_002819"], "counts of transcripts"),
        ([f"ENSG09{i:09d}" for i in range(12)], "none of them is in the table"),
    ],
)
def test_names_that_are_of_no_use(names, words):
    with pytest.raises(matrix.IngestError, match=words) as error:
        tidy(names)
    assert str(error.value).startswith("x.h5: ")


KNOWN = sorted(TABLE.symbols.items(), key=lambda pair: pair[1])[:1000]


@pytest.mark.parametrize("beside", [0, 1])
@pytest.mark.parametrize("n_mouse", [100, 1000, 5000])
def test_genes_of_mouse_among_those_of_human(n_mouse, beside):
    ids, symbols = zip(*KNOWN, strict=True)
    ids = [*ids, *(f"ENSMUSG{i:011d}" for i in range(n_mouse))]
    symbols = [*symbols, *(f"Gene{i}a" for i in range(n_mouse))]
    with pytest.raises(
        matrix.IngestError, match=r"% of the genes are of mouse \((Gene0a|ENSMUSG00000000000)\)"
    ):
        tidy(symbols, ids if beside else ())


def test_a_few_genes_of_mouse_are_transgenes():
    names = [symbol for _, symbol in KNOWN] + ["Trp53", "Cas9", "Cd19"]
    assert tidy(names)["gene"].tolist() == names


def test_several_rows_of_each_gene_are_refused():
    symbols = [symbol for _, symbol in KNOWN]
    probes = [f"{i}|{s}|{n}" for n in range(2) for i, s in KNOWN]
    with pytest.raises(
        matrix.IngestError, match=r"2,000 rows have 1,000 symbols \(.* 2 times\): counts of probes"
    ):
        tidy([*symbols, *symbols], probes)
    # small RNAs share their symbols in references with all genes
    assert tidy([*symbols, *["Y_RNA"] * 90])["gene"].tolist()[-2:] == ["Y_RNA-88", "Y_RNA-89"]


def test_a_point_stays_where_no_symbol_has_a_dash():
    assert tidy(["AC007325.4", "HLA.DRA", "HLA-DRA", "MT.ND1"])["gene"].tolist() == [
        "AC007325.4", "HLA.DRA", "HLA-DRA", "MT-ND1",
    ]  # fmt: skip


def test_the_table_knows_every_gene_that_is_asked_for(populations, programs):
    wanted = {gene for node in populations["nodes"] for key in ("markers", "negative") for gene in node[key]}
    wanted |= {gene for entry in programs["programs"] for gene in entry["genes"]}
    wanted |= {gene for panel, _ in soup.FOREIGN.values() for gene in panel}
    wanted |= {*labels.B_ONLY, *gene_names.FEMALE, *gene_names.MALE}
    assert wanted <= TABLE.current
    # an old name never leads to two genes, nor takes a name that is in use
    assert not TABLE.outdated.keys() & TABLE.current
    assert set(TABLE.outdated.values()) <= TABLE.current
    assert len(set(TABLE.symbols.values())) == len(TABLE.symbols) > 19_000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gene\tid\nA\tB\n", "needs the columns gene, gene_id, other_names"),
        ("", "found nothing"),
        ("gene\tgene_id\tother_names\nA\tE1\tX\nB\tE2\tX\n", r"row 3: 'X' is given to B but also means A"),
        ("gene\tgene_id\tother_names\nA\tE1\tB\nB\tE2\t\n", r"row 2: 'B' is given to A but also means B"),
    ],
)
def test_a_table_that_cannot_be_used(text, words):
    with pytest.raises(matrix.IngestError, match=words):
        gene_names.parse_table(text, name="mine.tsv")
