"""Write one small sample in every format that labs hand in, right or wrong in chosen parts."""

import gzip
import warnings

import h5py
import numpy as np
import pandas as pd
from scipy import sparse

SYMBOLS = ["MS4A1", "CD3D", "LYZ", "TBCE", "TBCE", "MIR1302-2HG", "GNLY"]
IDS = [f"ENSG{number:011d}" for number in range(len(SYMBOLS))]
UNIQUE = ["MS4A1", "CD3D", "LYZ", "TBCE", "TBCE-1", "MIR1302-2HG", "GNLY"]
N_CELLS = 30
BARCODES = [
    f"{'ACGTACGTACGT'[i % 4 :]}TTTTGGGG{'ACGT'[i // 4 % 4]}{'ACGT'[i // 16]}-1" for i in range(N_CELLS)
]

ANTIBODIES = ["CD3", "CD19_TotalSeqB", "CD20_TotalSeqB", "HLA-A/B/C", "CD3", "Mouse_IgG1_isotype_Ctrl"]
ANTIBODIES_READ = ["CD3", "CD19_TotalSeqB", "CD20_TotalSeqB", "HLA-A_B_C", "CD3-1", "Mouse_IgG1_isotype_Ctrl"]


def counts():
    """Cells x genes."""
    return np.random.default_rng(0).poisson(0.8, (N_CELLS, len(SYMBOLS))).astype(np.int32)


def antibody_counts():
    """Cells x antibodies; the first of them catches nothing in the first cell."""
    dense = np.random.default_rng(1).poisson(20, (N_CELLS, len(ANTIBODIES))).astype(np.int32)
    dense[0, 0] = 0
    return dense


def with_antibodies(protein):
    """Keywords that write genes, then a hashtag of its own type, then antibodies into one matrix."""
    hashtag = np.full((N_CELLS, 1), 5)
    added = ["Hashtag1", *ANTIBODIES]
    return {
        "dense": np.hstack([counts(), hashtag, protein]),
        "names": [*SYMBOLS, *added],
        "ids": [*IDS, *(f"id of {number}" for number in range(len(added)))],
        "types": ["Gene Expression"] * len(SYMBOLS)
        + ["Multiplexing Capture"]
        + ["Antibody Capture"] * len(ANTIBODIES),
    }


def write_10x_h5(
    path, dense, *, version=3, names=SYMBOLS, ids=IDS, types=None, barcodes=BARCODES, dtype=np.int32
):
    by_gene = sparse.csc_matrix(np.asarray(dense).T)
    with h5py.File(path, "w") as file:
        group = file.create_group("matrix" if version == 3 else "GRCh38")
        group["barcodes"] = np.array(barcodes, dtype="S")
        group.create_dataset("data", data=by_gene.data.astype(dtype), compression="gzip")
        group["indices"], group["indptr"] = by_gene.indices.astype(np.int64), by_gene.indptr.astype(np.int64)
        group["shape"] = np.array(by_gene.shape, dtype=np.int32)
        if version == 2:
            group["genes"], group["gene_names"] = np.array(ids, dtype="S"), np.array(names, dtype="S")
            return path
        features = group.create_group("features")
        features["name"] = np.array(names, dtype="S")
        if ids is not None:
            features["id"] = np.array(ids, dtype="S")
            features["feature_type"] = np.array(types or ["Gene Expression"] * len(names), dtype="S")
            features["genome"] = np.full(len(names), b"GRCh38")
    return path


def write_mtx(
    folder, dense, *, version=3, zipped=True, names=SYMBOLS, ids=IDS, types=None, barcodes=BARCODES
):
    folder.mkdir(exist_ok=True)
    if ids is None:
        rows = list(names)
    elif version == 2:
        rows = [f"{i}\t{n}" for i, n in zip(ids, names, strict=True)]
    else:
        types = types or ["Gene Expression"] * len(names)
        rows = [f"{i}\t{n}\t{t}" for i, n, t in zip(ids, names, types, strict=True)]

    def put(name, content):
        (folder / f"{name}{'.gz' if zipped else ''}").write_bytes(
            gzip.compress(content) if zipped else content
        )

    put("features.tsv" if version == 3 else "genes.tsv", "".join(f"{row}\n" for row in rows).encode())
    put("barcodes.tsv", "".join(f"{barcode}\n" for barcode in barcodes).encode())
    matrix = sparse.coo_matrix(np.asarray(dense).T)
    kind = "integer" if matrix.dtype.kind in "iu" else "real"
    lines = [
        f"%%MatrixMarket matrix coordinate {kind} general",
        "%",
        f"{matrix.shape[0]} {matrix.shape[1]} {matrix.nnz}",
    ]
    lines += [f"{r + 1} {c + 1} {v}" for r, c, v in zip(matrix.row, matrix.col, matrix.data, strict=True)]
    put("matrix.mtx", "".join(f"{line}\n" for line in lines).encode())
    return folder


def write_h5ad(
    path, X, *, names=UNIQUE, barcodes=BARCODES, var=None, layers=None, raw=None, obsm=None, uns=None
):
    import anndata

    frame = pd.DataFrame(var or {}, index=np.array(names))
    obs = pd.DataFrame(index=np.array(barcodes))
    adata = anndata.AnnData(X, obs=obs, var=frame, layers=layers, obsm=obsm, uns=uns)
    if raw is not None:
        adata.raw = anndata.AnnData(raw, obs=adata.obs, var=frame)
    with warnings.catch_warnings(action="ignore"):
        adata.write_h5ad(path)
    return path


def assert_counts(found, dense, *, genes=UNIQUE, ids=IDS):
    matrix = found.matrix
    assert isinstance(matrix, sparse.csr_matrix)
    assert matrix.dtype == np.int32
    assert matrix.has_sorted_indices
    assert (matrix.data > 0).all()
    np.testing.assert_array_equal(matrix.toarray(), dense)
    assert found.barcodes.tolist() == BARCODES
    assert list(found.genes) == ["gene", "gene_id"]
    assert found.genes["gene"].tolist() == list(genes)
    assert found.genes["gene_id"].tolist() == list(ids)
