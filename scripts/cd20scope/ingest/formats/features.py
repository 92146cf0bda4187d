"""What the features of a count file are: genes, antibodies and hashtags, or neither; told by their types and names."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cd20scope.counts.matrix import ENSEMBL, IngestError, Strings
from cd20scope.counts.remembered import remembered

GENE, ANTIBODY, OTHER = "gene", "antibody", "other"
TYPES = {
    **dict.fromkeys(
        ("gene expression", "gene", "genes", "gex", "rna", "mrna", "transcriptome", "mrna expression"), GENE
    ),
    **dict.fromkeys(
        ("antibody capture", "antibody", "adt", "ab", "abseq", "protein", "protein expression", "prot", "cite"),
        ANTIBODY,
    ),
    **dict.fromkeys(
        (
            "multiplexing capture", "crispr guide capture", "antigen capture", "custom", "custom capture", "peaks",
            "atac", "hto", "hashtag", "hashtags", "cell hashing", "sample tag", "vdj", "guide", "grna", "peak",
            "chromatin accessibility", "spike in", "ercc",
        ),
        OTHER,
    ),
}  # fmt: skip
"""Words of feature types, in small letters with single spaces: Cell Ranger's own, and those of Seurat, muon and BD.
Any other word, such as a biotype of CELLxGENE (``protein_coding``), is no feature type."""

PROTEINS = re.compile(
    r"total[-_ ]?(?:seq|[abc](?![a-z]))|(?<![a-z0-9])(?:s[at]|p)abo(?![a-z0-9])|(?<![a-z0-9])ahs\d{4}(?!\d)|"
    r"^(?:adt|hto|prot|protein|abseq|ab|anti|cite)[-_.: |].|^anti(?:human|mouse)[-_. ]|"
    r".[-_.: |](?:adt|hto|prot|protein|abseq|ab)$|"
    r"^hto[-_. ]?\d+(?:[-_.: ]|$)|hash[-_ ]?tags?[-_. ]?(?:[a-z]?\d|$)|sample[-_ ]?tag[-_. ]?\d|^cmo[-_]?3\d\d$|"
    r"[-_.:|][acgt]{10,}$|(?<![a-z])isotype(?![a-z])|^(?:mouse|rat|hamster)[-_. ]?ig[gm]\d?|"
    r"^[abc]0\d{3}(?:[-_. |].|$)",
    flags=re.IGNORECASE,
)
"""Antibodies and hashtags by their names: TotalSeq, BD AbSeq (``CD19:SJ25C1|CD19|AHS0030|pAbO``) and
sample tags, CITE-seq-Count (``CD3-CTCATTGTAACTCCT``), CellPlex, prefixes of Seurat, isotype controls. No human gene of
the shipped table has such a name, which a test proves."""

WEAK = ("gene", "genes", "rna", "mrna")
"""Words of :data:`TYPES` that biotypes have, too (``gene``, ``transcript``, ``pseudogene``)."""
MOST_TYPES = 100
"""Different words above which a column names features."""
MISSING = re.compile(r"|nan|<?na>?|none|null|unknown", flags=re.IGNORECASE)
"""Types of features without one, as where files with and without types were put together."""
NO_FEATURES = re.compile(
    r"__(?:no_feature|ambiguous|too_low_aqual|not_aligned|alignment_not_unique)|"
    r"n_(?:unmapped|multimapping|nofeature|ambiguous)|unmapped|unassigned(?:_.*)?|no_match|total_reads|bad_struct|"
    r"(?:row|col|grand|column)?[-_. ]?(?:sum|total)s?|total[-_. ](?:counts?|umis?|reads)|"
    r"n_?(?:count|feature|gene|umi|read)s?(?:[-_.]rna)?|(?:percent|pct)[-_. ].*|"
    r"(?:seurat[-_. ]?)?clusters?(?:[-_. ]?(?:id|nr|no|number))?|(?:rna_snn_)?res[-_.]\d.*|"
    r"(?:t-?sne|umap)[-_. ]?\d|pc_\d+|(?:batch|sample|donor|patient|visit)(?:[-_. ]?id)?|"
    r"(?:s|g2m|doublet)[-_. ]?scores?",
    flags=re.IGNORECASE,
)
"""Rows that sum others, count reads without a gene or describe the cells: HTSeq, STAR, featureCounts, CITE-seq-Count,
spreadsheets, Seurat."""
SPIKE_INS = re.compile(r"ercc[-_.]?\d{5}|sirv[-_.]?\d+\w*|sequin[-_.]?\w+|phix(?:174)?", flags=re.IGNORECASE)
REGIONS = re.compile(
    r"(?:(?:hg19|hg38|grch3[78])[-_]+)?chr(?:\d\d?|[xym]|mt|un\w*)(?:_\w+)?[:_-]\d+[-_]\d+",
    flags=re.IGNORECASE,
)
"""Peaks of open chromatin and other regions of the genome: ``chr1:1000-1500``."""
LEFT_OUT = {
    "sums": "sums and reads without a gene",
    "spike_ins": "spike-ins",
    "regions": "regions of the genome",
}
NO_GENES = re.compile(
    f"(?P<sums>{NO_FEATURES.pattern})|(?P<spike_ins>{SPIKE_INS.pattern})|(?P<regions>{REGIONS.pattern})",
    flags=re.IGNORECASE,
)
"""What names alone tell to be no gene, and the words for it."""
RUN = re.compile(
    r"(?:anti[-_ ]?(?:human|mouse)?[-_ ]?)?(?:cd\d+[a-z]{0,2}|hla\W?[a-z,]+\d?|ig[gamde]\w{0,3}|tcr\w*|isotype\w*)"
    r"(?:[-_./: ].*)?",
    flags=re.IGNORECASE,
)
ONLY_PROTEINS = re.compile(
    r"cd(?:3|8|11[abc]|16|21|23|25|45(?:r[abo])?|56|57|62l|64|66\w{0,3}|95l|103|123|127|158\w?|335)|hla-?dr|"
    r"ig[gamd]\d?[abc]?(?:[-_. ].*)?|tcr\W?(?:ab|gd|v\w+)(?:[-_. ].*)?|"
    r"cd\d+\w?[-_. ](?!as\d|dt$|[io]t\d)[a-z0-9][-\w. ]*",
    flags=re.IGNORECASE,
)
COPY = re.compile(
    r"(?P<name>(?!cd99(?![a-z0-9]))cd\d+[a-z]{0,2}|hla\W?d[pqr][ab]?\d?|tcr\W?\w+|ig[gamde]\w{0,3})[.-]\d{1,2}",
    flags=re.IGNORECASE,
)
"""A surface protein made unique beside the gene, or another antibody, of its name (``CD4.1``), as R and anndata do
where genes and antibodies are put together. CD99 has a copy on the Y chromosome."""
FEWEST_IN_RUN = 3
"""Antibodies by their place: a list of genes that ends in this many names of surface proteins (``CD3``, ``CD19-1``,
``CD45RA``, ``IgG2a``), two of which no gene has. Genes lie in the order of the genome, or of the alphabet."""


@dataclass(frozen=True, eq=False)
class Features:
    """Which features are genes, and which antibodies.

    Attributes
    ----------
    keep, antibodies
        One per feature; what is neither is left out.
    left_out
        How many were left out, by their type.
    """

    keep: npt.NDArray[np.bool_]
    antibodies: npt.NDArray[np.bool_]
    left_out: Mapping[str, int] = field(default_factory=dict)


def known_type(word: str) -> str:
    """Give what a word says of a feature: gene, antibody or other; empty for a word that is no feature type."""
    return TYPES.get(_plain(word), "")


def _plain(word: str) -> str:
    return re.sub(r"[\s_-]+", " ", word).strip().casefold()


def are_types(words: Strings) -> bool:
    """Whether a column of words holds feature types: most of its words are such.

    Words that biotypes have, too, prove nothing beside words that are no types.
    """
    # most files have one type alone
    alike = len(words) > 0 and bool((words == words[0]).all())
    found = {str(words[0]): len(words)} if alike else Counter(words.tolist())
    if len(found) > MOST_TYPES:
        return False
    times = {word: n for word, n in found.items() if not MISSING.fullmatch(word)}
    known = sum(n for word, n in times.items() if known_type(word))
    unknown = sum(times.values()) - known
    strong = any(known_type(word) and _plain(word) not in WEAK for word in times)
    return known > unknown and (strong or not unknown)


def tell_apart(names: Strings, ids: Strings, types: Strings, *, where: str) -> Features:
    """Tell genes and antibodies from each other, and from guides, peaks and sums.

    A feature without a type is a gene, as are all where the words are no feature types. Antibodies and hashtags that
    stand among genes are told by their names.

    Parameters
    ----------
    names
        One per feature.
    ids, types
        One per feature, or empty where the file has none.
    where
        The file, for the error.

    Raises
    ------
    IngestError
        When no feature is a gene.
    """
    n = len(names)
    kinds = np.full(n, GENE, dtype="<U8")
    left_out: Counter[str] = Counter()
    # names, ids and types of a damaged file differ in number, which is refused later
    if len(types) == n and are_types(types):
        # an unknown word among feature types is one that no gene has
        kind_of = {
            word: known_type(word) or (GENE if MISSING.fullmatch(word) else OTHER)
            for word in set(types.tolist())
        }
        kinds = np.array([kind_of[word] for word in types.tolist()], dtype="<U8")
        left_out.update(types[kinds == OTHER].tolist())
    keep, antibodies = kinds == GENE, kinds == ANTIBODY
    proteins, others = _told_by_name(names, ids[:n])
    for i, what in others:
        if keep[i]:
            keep[i] = False
            left_out[what] += 1
    for i in proteins:
        if keep[i]:
            keep[i], antibodies[i] = False, True
    if n and not keep.any():
        found = ", ".join(
            sorted({word for word in set(types.tolist()) if not MISSING.fullmatch(word)})
        ) or ", ".join(names[:4].tolist())
        raise IngestError(
            f"{where}: no feature is a gene, of type 'Gene Expression'; found {found}. Give the file with the gene "
            "counts."
        )
    return Features(keep, antibodies, dict(left_out))


@remembered
def _told_by_name(given: Strings, codes: Strings) -> tuple[list[int], list[tuple[int, str]]]:
    """Positions of antibodies and hashtags, and of rows that are no genes with what they are, by either name."""
    names, ids = given.tolist(), codes.tolist()
    # ids of Ensembl, as most are, need no search, which takes five times as long
    odd = [(i, text) for texts in (names, ids) for i, text in enumerate(texts) if not ENSEMBL.fullmatch(text)]
    proteins = {i for i, text in odd if PROTEINS.search(text)}
    found = ((i, NO_GENES.fullmatch(text)) for i, text in odd)
    others = {i: LEFT_OUT[str(match.lastgroup)] for i, match in found if match}
    end = len(names)
    while end and (RUN.fullmatch(names[end - 1]) or end - 1 in proteins):
        end -= 1
    if (
        len(names) - end >= FEWEST_IN_RUN
        and sum(map(bool, map(ONLY_PROTEINS.fullmatch, names[end:]))) > 1
        and end
    ):
        proteins |= set(range(end, len(names)))
    if copies := _copies(names, ids):
        # among the genes are antibodies, and those whose names no gene has are such, too
        proteins |= copies | {i for i, name in enumerate(names) if ONLY_PROTEINS.fullmatch(name)}
    return sorted(proteins - others.keys()), sorted(others.items())


def _copies(names: Sequence[str], ids: Sequence[str]) -> set[int]:
    """Positions of surface proteins made unique beside a feature of their name; one with an Ensembl id is a gene."""
    held = set(names)
    found = ((i, COPY.fullmatch(name)) for i, name in enumerate(names) if name[-1:].isdigit())
    return {
        i
        for i, match in found
        if match and match["name"] in held and not (i < len(ids) and ENSEMBL.fullmatch(ids[i]))
    }
