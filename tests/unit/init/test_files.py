"""Count files found in a folder, and what they are called."""

from pathlib import Path

import pytest

from cd20scope.init import copies, files, paths, tables


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("lab/P01_BL/outs/filtered_feature_bc_matrix.h5", "P01_BL"),
        ("lab/P01_BL/outs/filtered_gene_bc_matrices/GRCh38", "P01_BL"),
        ("lab/run/outs/per_sample_outs/P01_BL/count/sample_filtered_feature_bc_matrix.h5", "P01_BL"),
        ("lab/P01_BL_filtered_feature_bc_matrix.h5", "P01_BL"),
        ("lab/GSM1_P01_BL_matrix.mtx.gz", "GSM1_P01_BL"),
        ("lab/pt1.M6.h5ad", "pt1.M6"),
        ("lab/filtered_feature_bc_matrix.h5", "lab"),
    ],
)
def test_names_of_count_files(tmp_path, path, name):
    assert paths.name_of(tmp_path / path, tmp_path / "lab") == name


def test_one_form_of_counts_per_place_and_the_unfiltered_beside_it(tmp_path):
    given = [
        "a/outs/filtered_feature_bc_matrix.h5",
        "a/outs/filtered_feature_bc_matrix/matrix.mtx.gz",
        "a/outs/raw_feature_bc_matrix.h5",
        "a/outs/raw_feature_bc_matrix/matrix.mtx.gz",
        "a/outs/molecule_info.h5",
        "b/filtered_gene_bc_matrices/GRCh38/matrix.mtx",
        "b/raw_gene_bc_matrices/GRCh38/matrix.mtx",
        "c/raw_feature_bc_matrix.h5",
        "c/metadata.csv",
        "results/ingest/a.h5ad",
        "results/preflight/preflight.html",
    ]
    touch(tmp_path, *given)
    (tmp_path / "loop").symlink_to(tmp_path)
    seen = list(files._candidates(tmp_path, [], []))
    raw = [path for path in seen if files._is_unfiltered(path)]
    kept = files._best_of_each([path for path in seen if path not in raw])
    assert [str(path.relative_to(tmp_path)) for path in kept] == [given[0], str(Path(given[5]).parent)]
    beside = [files._raw_beside(path, raw) for path in kept]
    assert beside == [tmp_path / given[2], tmp_path / Path(given[6]).parent]
