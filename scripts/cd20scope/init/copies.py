"""Count files that hold the same cells: one is taken, the others are named."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations, islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cd20scope.counts.matrix import Genes, IngestError, Strings
from cd20scope.ingest.empty_droplets import SEQUENCE, sequences
from cd20scope.ingest.formats.source import Source
from cd20scope.ingest.gene_names import NO_TABLE
from cd20scope.ingest.look import Look
from cd20scope.ingest.places import best_raw
from cd20scope.ingest.same_cells import are_same, count_nearest
from cd20scope.init.columns import choose_roles
from cd20scope.init.found import Found
from cd20scope.init.names import take_apart

VARIANTS = re.compile(
    r"cellbender|soupx|decontx|corrected|denoised|genefull\w*|dbec|ambient|background|downsampled|velocyto|unfiltered|"
    r"(after|post)[-_]?qc|subset",
    flags=re.IGNORECASE,
)
"""Words for counts that were corrected, or made in another way, beside those that Cell Ranger or STAR makes."""
SHARED = 0.9
"""Part of the smaller file's barcodes in the other one, from which their cells are compared."""
COMPARED = 60
"""Cells that are compared."""
FEWEST = 20
"""Barcodes of a file below which nothing is said."""
PROBES = 20
"""Barcodes of each file that are looked for in all others."""


def bases_of(barcodes: Strings) -> frozenset[str]:
    """Give the bases of barcodes; empty where they have none, as the names of wells, which all plates share."""
    found = sequences(barcodes)
    return frozenset(found.tolist()) if len(found) and SEQUENCE.fullmatch(str(found[0])) else frozenset()


def set_copies_apart(files: Sequence[Found]) -> list[Found]:
    """Mark the files whose cells another file holds too.

    Of two, the one stays that tells donors and visits; then the one that was not corrected or counted in another way;
    then the smaller one, which is a sample or has been filtered.

    Returns
    -------
    The files in their order, with ``copy_of`` where another one stays.
    """
    read = take_apart(file.name for file in files)
    marked = {file.path: file for file in files}
    pairs = _candidates(files)
    alike = [files[i] for i in sorted({i for pair in pairs for i in pair})]
    told = {file.path: file.name in read or _has_roles(file) for file in alike}
    holders = Counter(base for file in alike for base in file.bases)
    # a file of all samples stays when some of its samples lie in no other file
    alone = {file.path: _has_roles(file) and _part_alone(file, holders) > 1 - SHARED for file in alike}
    for one, other in ((files[i], files[j]) for i, j in pairs):
        variants = _are_variants(one.path, other.path)
        ranks = {
            file.path: (not told[file.path], not alone[file.path], variant, file.n_cells, str(file.path))
            for file, variant in zip((one, other), variants, strict=True)
        }
        better, worse = sorted((one, other), key=lambda file: ranks[file.path])
        if marked[worse.path].copy_of or marked[better.path].copy_of:
            continue
        if _is_variant(better, worse) or _same(one, other):
            marked[worse.path] = replace(worse, copy_of=better.path)
    return [marked[file.path] for file in files]


def _candidates(files: Sequence[Found]) -> list[tuple[int, int]]:
    """Pairs that may hold the same cells: tables of one folder, and files that have barcodes of another."""
    places: dict[tuple[Path, str], list[int]] = {}
    probes: dict[str, list[int]] = {}
    for i, file in enumerate(files):
        if file.format == "table":
            places.setdefault((file.path.parent, file.format), []).append(i)
        for base in islice(file.bases, PROBES):
            probes.setdefault(base, []).append(i)
    hits = Counter(
        (min(i, j), max(i, j), i)
        for j, file in enumerate(files)
        for base in file.bases & probes.keys()
        for i in probes[base]
        if i != j
    )
    found = {(i, j) for (i, j, _), n in hits.items() if n >= PROBES // 2}
    found |= {pair for own in places.values() for pair in combinations(own, 2)}
    return sorted(found)


def _part_alone(file: Found, holders: Mapping[str, int]) -> float:
    return sum(holders[base] == 1 for base in file.bases) / max(len(file.bases), 1)


def _has_roles(file: Found) -> bool:
    roles = choose_roles(file.columns)
    return bool(roles.donor and roles.visit)


def _are_variants(one: Path, other: Path) -> list[bool]:
    """Whether each path has a word of :data:`VARIANTS` in the parts that are not those of the other."""
    parts = [set(path.parts) for path in (one, other)]
    return [any(VARIANTS.search(part) for part in own - parts[1 - i]) for i, own in enumerate(parts)]


def _is_variant(better: Found, worse: Found) -> bool:
    """Whether two tables of one folder have one name but for a word of :data:`VARIANTS`."""
    if better.path.parent != worse.path.parent or (better.format, worse.format) != ("table", "table"):
        return False
    variant = re.compile(rf"[-_.]?({VARIANTS.pattern}|rsec)", flags=re.IGNORECASE)
    plain = [variant.sub("", file.path.name) for file in (better, worse)]
    return plain[0] == plain[1]


def _same(one: Found, other: Found) -> bool:
    fewest = min(len(one.bases), len(other.bases))
    common = sorted(one.bases & other.bases) if fewest >= FEWEST else []
    if fewest < FEWEST or len(common) < SHARED * fewest:
        return False
    try:
        looks = [_look(file, common[:COMPARED]) for file in (one, other)]
    except IngestError:
        # values that are no counts, such as fractions that a correction leaves, cannot be compared
        return True
    nearest, n = count_nearest(*looks)
    return are_same(nearest, n, shared=len(common), of=fewest, sample=common[0])


def _look(file: Found, wanted: Sequence[str]) -> Look:
    """Read some cells of a file, by the bases of their barcodes."""

    def take(source: Source, genes: Genes, _: sparse.csr_matrix) -> Look:
        rows: npt.NDArray[np.int64] = np.flatnonzero(np.isin(sequences(source.barcodes), wanted))
        counts = source.load(rows)[:, np.flatnonzero(source.keep)]
        return Look(file.name, source.barcodes[rows], genes["gene"].astype(np.str_), counts)

    if file.format == "seurat":
        raise IngestError(f"{file.path}: a file of R")
    return best_raw(Path(file.path), file.format, take, place="", cells="", table=NO_TABLE)
