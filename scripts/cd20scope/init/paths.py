"""Names of count files: what of their paths tells them apart."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from cd20scope.init.names import ACCESSION, find_visits, take_apart

ENDINGS = re.compile(
    r"[-_.]?(sample_)?(filtered|raw)?[-_]?((feature|gene)s?_bc_matri(x|ces)(_h5)?|matrix|quants_mat|cells_x_genes|dge|"
    r"(rsec|dbec)?_?molspercell(_mex)?)?(\.(h5|hdf5|h5ad|h5mu|loom|rds|zarr|mtx|csv|tsv|txt))?(\.gz)?$",
    flags=re.IGNORECASE,
)
PLACES = re.compile(
    r"(sample_)?(filtered|raw)_(feature|gene)_bc_matri(x|ces)|outs?|outputs?|count|counts|counts_(un)?filtered|"
    r"per_sample_outs|multi|GRCh38.*|hg19|hg38|(filtered|raw)(_matrix)?|cellranger.*|matrix|data|gene(full.*)?|solo\.out|"
    r"velocyto|af_quant|alevin|quants?(_mat)?|cells_x_genes|sensitivity_\d|dge(_(un)?filtered)?|all-sample|"
    r"cellbender.*|soupx.*",
    flags=re.IGNORECASE,
)
"""Folders and files that tools make in every sample, which name none."""
MOST_ALIKE = 2
"""Files that may have one name of their own: libraries of a visit in several folders."""
DEPTH = 99
"""Parts of a path, more than any has."""
OWN = re.compile(r"[-_.](solo\.out|outs?|counts?|cellranger|results?)$", flags=re.IGNORECASE)
"""What tools put behind the name of a sample to make that of a folder."""


def name_of(path: Path, top: Path) -> str:
    """Name what a count file holds: by its own name, or by the nearest folder that is not Cell Ranger's."""
    own = path.name if path.is_dir() and not path.suffix else ENDINGS.sub("", path.name)
    if own and not PLACES.fullmatch(own):
        return own
    for folder in path.parents:
        if not PLACES.fullmatch(folder.name):
            return OWN.sub("", folder.name) or "sample"
        if folder == top:
            break
    return top.name or "sample"


def names_of(paths: Sequence[Path], top: Path) -> list[str]:
    """Name count files: by their own names where these tell donor and visit, else by what differs in their paths.

    Parameters
    ----------
    paths
        Of the files.
    top
        The folder that is searched.
    """
    own = [name_of(path, top) for path in paths]
    joined = max((_joined(paths, top, depth=depth) for depth in (DEPTH, 1, 0)), key=_n_read)
    # a name that several folders have says what the tool does
    times = Counter(own)
    own = [name if times[name] <= MOST_ALIKE else other for name, other in zip(own, joined, strict=True)]
    read_own, read_joined = _n_read(own), _n_read(joined)
    if read_own == len(own) or (read_own >= read_joined and len(set(own)) == len(own)):
        return own
    return joined if read_joined > read_own or len(set(joined)) > len(set(own)) else own


def _n_read(names: Sequence[str]) -> int:
    read = take_apart(names)
    return sum(name in read for name in names)


def _joined(paths: Sequence[Path], top: Path, *, depth: int) -> list[str]:
    """Join the parts of each path that are not the same in all of them, and the others but for the last ``depth``."""
    parts = [_parts(path, top) for path in paths]
    times = Counter(part for own in parts for part in set(own))
    names = []
    for own in parts:
        last = len(own) - depth
        kept = [part for i, part in enumerate(own) if times[part] < len(parts) or i < last]
        # of folders that repeat the name of the one above, the one that says most
        kept = [
            part
            for i, part in enumerate(kept)
            if not any(part in other and (part != other or i > j) for j, other in enumerate(kept) if i != j)
        ]
        telling = [part for part in kept if not ACCESSION.fullmatch(f"{part}_")]
        names.append("_".join(telling or kept) or own[-1] if own else top.name or "sample")
    return names


def _parts(path: Path, top: Path) -> list[str]:
    """Give the parts of a path below the top that tools do not write alike in every sample."""
    below = path.relative_to(top).parts if path.is_relative_to(top) else path.parts
    own = (
        [*below[:-1], below[-1] if path.is_dir() and not path.suffix else ENDINGS.sub("", below[-1])]
        if below
        else []
    )
    bare = [ACCESSION.sub("", OWN.sub("", part)) or part for part in own]
    return [part for part in bare if part and (not PLACES.fullmatch(part) or find_visits(part))]
