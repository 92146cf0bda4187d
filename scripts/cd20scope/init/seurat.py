"""The meta.data of a Seurat object, read by R; what R may not read is refused."""

import hashlib
import io
import subprocess
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from cd20scope.counts.matrix import IngestError
from cd20scope.init.columns import MOST_VALUES


def read_meta(path: Path, *, script: Path, trusted: Collection[str] = ()) -> pd.DataFrame:
    """Read the meta.data of a Seurat object with R.

    Parameters
    ----------
    path
        The .rds file.
    script
        Of R, that prints the table.
    trusted
        SHA-256 of files that R before 4.4, which runs code that they may hold, may read.

    Returns
    -------
    One row per cell, as text; its attribute ``sha256`` is the file's, where it is trusted.

    Raises
    ------
    IngestError
        Also when sums are given and the file's is none of them.
    """
    found = ""
    if trusted:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    if trusted and found not in {each.lower() for each in trusted}:
        raise IngestError(
            f"{path}: its SHA-256 is {found}, which --sha256 does not give. Compare the file with its original."
        )
    # without the .Rprofile of the folder, which is a program
    command = ["Rscript", "--vanilla", str(script), str(path), str(MOST_VALUES)]
    try:
        result = subprocess.run(
            [*command, "trusted" if found else ""], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise IngestError(
            f"{path}: reading Seurat objects needs R with SeuratObject, and Rscript was not found. Install them "
            "(Debian: r-cran-seuratobject; conda: r-seuratobject)."
        ) from None
    if result.returncode:
        raise IngestError(result.stderr.strip())
    meta = pd.read_csv(
        io.StringIO(result.stdout), sep="\t", index_col=0, dtype=str, keep_default_na=False, quoting=3
    )
    meta.attrs["sha256"] = found
    return meta
