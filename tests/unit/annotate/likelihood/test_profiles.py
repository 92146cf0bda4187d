"""Tables of profiles: what is wrong is named."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from likelihood_study import ROOT, decisions, profiles_of, table

from cd20scope.annotate.likelihood import genes, profiles
from cd20scope.annotate.likelihood.profiles import ProfileError

WANTED = [name for names in profiles_of().values() for name in names]


def with_value(values, new):
    """The table with one value of CD3E replaced."""
    changed = values.astype(float)
    changed.loc["CD3E", "Bnaive"] = new
    return changed


def test_shipped_table_is_the_one_of_the_checksum():
    text = (ROOT / "config/profiles.tsv").read_bytes()
    assert hashlib.sha256(text).hexdigest() == (ROOT / "config/profiles.sha256").read_text().split()[0]
    profiles.check_profiles(table(), wanted=WANTED)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop(columns="Th1"), "no profile Th1"),
        (lambda t: t.assign(Astrocyte=1e4), "no population names the profile Astrocyte"),
        (lambda t: np.log2(t + 1), "look like logarithms"),
        (lambda t: with_value(t, -1), "profile Bnaive, gene CD3E: -1"),
        (lambda t: with_value(t, np.nan), "gene CD3E: nan"),
        (lambda t: t / 100, "sums to"),
    ],
)
def test_bad_tables_are_refused(change, words):
    with pytest.raises(ProfileError, match=words):
        profiles.check_profiles(change(table().copy()), wanted=WANTED)


def test_mouse_symbols():
    with pytest.raises(ProfileError, match="as in the mouse"):
        profiles.common_genes(table(), [gene.capitalize() for gene in table().index])


def test_accessions_and_too_few_genes():
    with pytest.raises(ProfileError, match="Ensembl"):
        profiles.common_genes(table(), [f"ENSG{n:011d}" for n in range(500)])
    with pytest.raises(ProfileError, match=r"^50 of the .* below 300"):
        profiles.common_genes(table(), list(table().index[:50]))


def test_reading_either_way(tmp_path):
    path = tmp_path / "own.tsv"
    table().to_csv(path, sep="\t")
    pd.testing.assert_frame_equal(profiles.read_profiles(path), table(), check_names=False)
    table().T.to_csv(path, sep="\t")
    pd.testing.assert_frame_equal(profiles.read_profiles(path), table(), check_names=False)


def test_no_number_and_names_twice(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("gene\ta\nCD3E\t1\nCD4\tmany\n")
    with pytest.raises(ProfileError, match="profile a, gene CD4: 'many' is no number"):
        profiles.read_profiles(path)
    path.write_text("gene\ta\nCD3E\t1\nCD3E\t2\n")
    with pytest.raises(ProfileError, match="gene CD3E occurs twice"):
        profiles.read_profiles(path)


@pytest.mark.parametrize(
    "gene",
    "MS4A1 ISG15 IFIT1 MKI67 FKBP5 IGHM IGKC IGLV2-14 TRBV7-2 XIST RPS4Y1 RPL10 MT-CO1 HLA-DRA JUN HBB".split(),
)
def test_genes_that_move_no_label(gene):
    assert genes.reason_left_out(gene)
    assert gene not in table().index


@pytest.mark.parametrize("gene", "TRAC TRDC TRGV9 FOXP3 CD3E CD8B LYZ GNLY MZB1 C1orf162 MTFP1".split())
def test_genes_that_tell_types(gene):
    assert genes.reason_left_out(gene) == ""


def test_chosen_genes():
    root, *branches = decisions()
    assert "CD74" in profiles.select_genes(table(), root)
    for branch in branches:
        chosen = profiles.select_genes(table(), branch)
        assert "CD74" not in chosen
        level = table().loc[chosen]
        inside = level[list(branch.leaves)].max(axis=1)
        assert (inside > 0.1 * level.drop(columns=list(branch.leaves)).max(axis=1)).all()


def test_soft_threshold_by_loops():
    part = table().loc[["CD3E", "FOXP3", "LYZ"], ["Bnaive", "mTreg", "CMonocyte"]]
    mean, off = profiles.log_profiles(part, list(part))
    for row, gene in enumerate(part.index):
        logs = [np.log(part.loc[gene, name] + 1) for name in part]
        assert mean[row] == pytest.approx(np.mean(logs))
        for column, value in enumerate(logs):
            gap = value - np.mean(logs)
            assert off[row, column] == pytest.approx(np.sign(gap) * max(abs(gap) - 0.5, 0))


def test_profiles_that_a_tree_leaves_out_are_left_out():
    named = {name: leaves for name, leaves in profiles_of().items() if name != "DC"}
    taken = profiles.take_profiles(table(), named, name="mine.tsv")
    assert set(table()) - set(taken) == {"cDC1", "cDC2"}
    with pytest.raises(ProfileError, match=r"mine.tsv: no profile Kupffer, which a population names"):
        profiles.take_profiles(table(), named | {"Kupffer cell": ("Kupffer",)}, name="mine.tsv")
