"""Matrices, tables and HDF5 files as other tools and archives write them."""

import gzip

import h5py
import numpy as np
import pytest
from count_files import BARCODES, IDS, N_CELLS, SYMBOLS, UNIQUE, assert_counts, counts, write_mtx

from cd20scope.counts.matrix import IngestError
from cd20scope.ingest import look, read
from cd20scope.ingest.formats import detect, tenx_mtx
from cd20scope.ingest.formats.text_table import is_wide

GENES = ["MS4A1", "CD3D", "LYZ", "GNLY", "B2M"]
IDS_OF = [f"ENSG{number:011d}" for number in range(900, 905)]


def dense():
    return np.random.default_rng(3).poisson(1.2, (N_CELLS, len(GENES)))


def lines(path, *texts):
    path.write_text("".join(f"{text}\n" for text in texts))


def cells_down(path, values):
    """Write cells x genes, row by row."""
    rows, columns = np.nonzero(values)
    entries = [f"{r + 1} {c + 1} {values[r, c]}" for r, c in zip(rows, columns, strict=True)]
    head = [
        "%%MatrixMarket matrix coordinate real general",
        f"{values.shape[0]} {values.shape[1]} {len(entries)}",
    ]
    lines(path, *head, *entries)


def alevin_fry(folder):
    cells_down(folder / "quants_mat.mtx", dense())
    lines(folder / "quants_mat_rows.txt", *BARCODES)
    lines(folder / "quants_mat_cols.txt", *GENES)


def kallisto(folder):
    cells_down(folder / "cells_x_genes.mtx", dense())
    lines(folder / "cells_x_genes.barcodes.txt", *BARCODES)
    lines(folder / "cells_x_genes.genes.txt", *IDS_OF)
    lines(folder / "cells_x_genes.genes.names.txt", *GENES)


def parse(folder):
    cells_down(folder / "DGE.mtx", dense())
    rows = [f"{name},s{i % 2},human" for i, name in enumerate(BARCODES)]
    lines(folder / "cell_metadata.csv", "bc_wells,sample,species", *rows)
    named = zip(IDS_OF, GENES, strict=True)
    lines(folder / "all_genes.csv", "gene_id,gene_name,genome", *(f"{i},{n},hg38" for i, n in named))


@pytest.mark.parametrize("write", [alevin_fry, kallisto, parse])
@pytest.mark.parametrize("inside", [True, False])
def test_cells_in_rows(tmp_path, write, inside):
    write(tmp_path)
    place = tmp_path if inside else next(tmp_path.glob("*.mtx"))
    assert detect.sniff_format(place) == "10x_mtx"
    found = read.read_sample(place)
    np.testing.assert_array_equal(found.matrix.toarray(), dense())
    assert found.barcodes.tolist() == BARCODES
    assert found.genes["gene"].tolist() == GENES
    header, seen = look.look(place, sample="S1", n_cells=10)
    assert header.n_cells == N_CELLS
    np.testing.assert_array_equal(seen.cells.toarray(), dense()[:10])


def test_what_a_list_of_cells_says_tells_samples_apart(tmp_path):
    parse(tmp_path)
    found = read.read_sample(tmp_path, cells="sample=s1")
    np.testing.assert_array_equal(found.matrix.toarray(), dense()[1::2])


def headed(text):
    return "ENSEMBL\tSYMBOL\tBIOTYPE\n" + text.replace("Gene Expression", "protein_coding")


def quoted(text):
    return "".join("\t".join(f'"{part}"' for part in line.split("\t")) + "\n" for line in text.splitlines())


def numbered(text):
    rows = [f"{i}\t{line}" for i, line in enumerate(text.splitlines(), start=1)]
    return "\n".join(["id\tname\ttype", *rows]) + "\n"


@pytest.mark.parametrize("change", [headed, quoted, numbered, lambda text: headed(quoted(text))])
def test_headers_and_quotes_of_lists_of_names(tmp_path, change):
    folder = write_mtx(tmp_path / "x", counts(), zipped=False)
    features = folder / "features.tsv"
    features.write_text(change(features.read_text()))
    (folder / "barcodes.tsv").write_text("x\n" + quoted((folder / "barcodes.tsv").read_text()))
    assert_counts(read.read_sample(folder), counts())


def test_the_first_cells_of_a_matrix_written_gene_by_gene_are_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(tenx_mtx, "PER_CELL", 1)
    folder = write_mtx(tmp_path / "x", counts(), zipped=False)
    path = folder / "matrix.mtx"
    head, entries = path.read_text().splitlines()[:3], path.read_text().splitlines()[3:]
    entries.sort(key=lambda line: tuple(map(int, line.split()[:2])))
    lines(path, *head, *entries)
    _, seen = look.look(folder, sample="S1", n_cells=10)
    np.testing.assert_array_equal(seen.cells.toarray(), counts()[:10])


def table(values, *, names=GENES, extra=()):
    """Genes in rows; ``extra`` are columns before the cells: name and values."""
    head = ["", *(name for name, _ in extra), *BARCODES]
    rows = [[name, *(own[i] for _, own in extra), *map(str, values[:, i])] for i, name in enumerate(names)]
    return ["\t".join(row) for row in (head, *rows)]


def test_sums_and_columns_about_genes_are_left_out_of_a_table(tmp_path):
    extra = (("Length", ["900"] * 5), ("chr", ["chr1"] * 5))
    total = "\t".join(["Total", "900", "", *map(str, dense().sum(axis=1))])
    none = "\t".join(["__no_feature", "0", "", *["5000"] * N_CELLS])
    lines(tmp_path / "x.tsv", "# featureCounts v2", *table(dense(), extra=extra), none, total)
    found = read.read_sample(tmp_path / "x.tsv")
    np.testing.assert_array_equal(found.matrix.toarray(), dense())
    header, _ = look.look(tmp_path / "x.tsv", sample="S1")
    assert (header.n_cells, header.n_genes) == (N_CELLS, len(GENES))
    assert "2 sums and reads without a gene" in header.left_out
    assert "Length, chr" in header.left_out


def test_symbols_beside_ids_name_the_genes_of_a_table(tmp_path):
    lines(tmp_path / "x.tsv", *table(dense(), names=IDS_OF, extra=(("gene_name", GENES),)))
    found = read.read_sample(tmp_path / "x.tsv")
    assert found.genes["gene"].tolist() == GENES
    assert found.genes["gene_id"].tolist() == IDS_OF
    np.testing.assert_array_equal(found.matrix.toarray(), dense())


def test_antibodies_of_a_table_of_cells(tmp_path):
    names = [*GENES, "CD19:SJ25C1|CD19|AHS0030|pAbO"]
    protein = np.full((N_CELLS, 1), 300)
    rows = [
        ",".join([str(i), *map(str, own)]) for i, own in enumerate(np.hstack([dense(), protein]).tolist())
    ]
    lines(tmp_path / "x.csv", "## written by a tool", ",".join(["Cell_Index", *names]), *rows)
    found = read.read_sample(tmp_path / "x.csv")
    np.testing.assert_array_equal(found.matrix.toarray(), dense())
    assert found.protein.to_numpy().tolist() == protein.tolist()


def test_a_wide_table_of_numbers_looks_like_counts(tmp_path):
    lines(tmp_path / "x.tsv", *table(dense()))
    assert is_wide(tmp_path / "x.tsv")
    lines(tmp_path / "y.tsv", "sample\tdonor\tvisit", "s1\tD1\tbaseline")
    assert not is_wide(tmp_path / "y.tsv")


@pytest.mark.parametrize(
    ("groups", "told"),
    [
        (["assays", "meta.data"], "SeuratDisk.*LoadH5Seurat"),
        (["posterior_noise_log_prob"], "CellBender's posterior"),
        (["barcode_idx", "umi"], "molecule_info"),
        (["assay001"], "HDF5Array"),
    ],
)
def test_other_hdf5_files_are_named_with_the_command_that_converts_them(tmp_path, groups, told):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for name in groups:
            file.create_group(name)
    with pytest.raises(IngestError, match=told):
        detect.sniff_format(tmp_path / "x.h5")


def test_a_packed_h5ad_file_is_told_how_to_unpack(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w"):
        pass
    packed = tmp_path / "x.h5ad.gz"
    packed.write_bytes(gzip.compress((tmp_path / "x.h5").read_bytes()))
    with pytest.raises(IngestError, match="gunzip"):
        detect.sniff_format(packed)


def test_loom_with_attributes_of_scope(tmp_path):
    path = tmp_path / "x.loom"
    with h5py.File(path, "w") as file:
        file["matrix"] = counts().T
        file["layers/spliced"] = counts().T
        file["row_attrs/Gene"] = np.array(SYMBOLS, dtype="S")
        file["row_attrs/Accession"] = np.array(IDS, dtype="S")
        file["row_attrs/Regulons"] = np.zeros(len(SYMBOLS), dtype=[("TBX21", "i8")])
        file["col_attrs/CellID"] = np.array(BARCODES, dtype="S")
        file["col_attrs/Embedding"] = np.zeros((N_CELLS, 2))
        file["col_attrs/Clusterings"] = np.zeros(N_CELLS, dtype=[("0", "i8"), ("1", "i8")])
        file["col_attrs/donor"] = np.array(["D1", "D2"] * (N_CELLS // 2), dtype="S")
    assert_counts(read.read_sample(path), counts(), genes=UNIQUE, ids=IDS)
    with detect.open_sources(path, format="loom") as sources:
        assert [source.place for source in sources] == ["matrix"]
        assert set(sources[0].columns) == {"CellID", "donor"}


def test_molecules_that_alevin_fry_counts_apart_are_refused(tmp_path):
    cells_down(tmp_path / "quants_mat.mtx", np.ones((N_CELLS, 6), dtype=int))
    lines(tmp_path / "quants_mat_rows.txt", *BARCODES)
    lines(tmp_path / "quants_mat_cols.txt", "CD3D", "LYZ", "CD3D-U", "LYZ-U", "CD3D-A", "LYZ-A")
    with pytest.raises(IngestError, match=r"of 2 genes apart \(USA mode"):
        read.read_sample(tmp_path)


def test_a_workspace_of_r_is_told_how_to_write_its_object(tmp_path):
    (tmp_path / "x.RData").write_bytes(gzip.compress(b"RDX3\nX\n\x00\x00\x00\x03"))
    with pytest.raises(IngestError, match=r"a workspace of R .*saveRDS"):
        detect.sniff_format(tmp_path / "x.RData")
