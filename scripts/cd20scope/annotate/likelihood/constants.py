"""Every constant of the likelihood, with its reason and the range over which the results hold.

Ranges were walked one constant at a time over sorted cells (bead sorts), cells gated by protein and two annotated
sets; inside them macro-F1 moves by less than .02 and no B cell is lost.
"""

THRESHOLD = 0.5
"""Natural log units taken off every difference of a profile from the mean profile. Smaller differences are those of
platforms, not of cells. Range .3 to .7."""
ROOT_GENES = 100
"""Genes of largest difference taken for each ordered pair of lineages. Range 50 to 200."""
BRANCH_GENES = 60
"""The same for each ordered pair of populations within a branch. Range 50 to 120."""
MARGIN = 3
"""The shipped table holds so many times as many genes, for those that a study lacks."""
MIN_LEVEL = 5.0
"""Transcripts per million that a gene must reach in one class of a decision. Range 2 to 10."""
MIN_CELLS = 3
"""Cells in which a gene must be seen."""
FOREIGN_LEVEL = 0.1
"""Within a branch a gene must reach this part of its highest level in any other lineage, or soup and doublets
of that lineage speak. Range .05 to .3."""
MIN_GENES = 20
"""Genes that must speak for a class against each other class of its decision; a class with fewer is not told.
The sets it was measured on hold 42 for platelets and 60 or more for all others."""
MIN_COMMON = 300
"""Genes of the table that a study must hold; the sets it was measured on hold 2,200 to 4,500."""

STEPS = 20
"""Steps of expectation and maximisation; the labels of the last two differ in less than 1 of 1,000 cells."""
MOVE_FROM = 8
"""Step from which profiles may move: before it they would move to wrong cells. Range 5 to 12."""
SOUP_SHARE = 0.05
"""Part of a cell's molecules taken for soup where it was not estimated. Range .02 to .10."""
LEAST_SOUP, MOST_SOUP = 0.01, 0.3
"""Bounds on the estimated share: some soup is in every droplet; above the upper one droplets are no cells."""
OFFSET_MOLECULES = 20.0
"""Molecules that hold the efficiency of a gene (platform against table) at 1. Range 5 to 100."""
OFFSET_LIMIT = 50.0
"""Largest efficiency of a gene, and one over the least."""
PROFILE_MOLECULES = 100.0
"""Molecules that hold a gene of one profile at the table: fewer let Treg take in memory cells (Treg without
FOXP3, of cells with it called: .70 at 30, .83 at 100), many more do not follow the study. Range 60 to 200."""
HEALTHY_PART = 0.5
"""Part of the class weights within a branch that healthy blood sets: by the cells alone Treg ran away to .94
of CD4 at 370 molecules a cell. Range .3 to .7."""
HEALTHY = {
    "CD4 naive": 0.21,
    "CD4 memory": 0.18,
    "Treg": 0.03,
    "CD8 naive": 0.08,
    "CD8 memory": 0.10,
    "MAIT": 0.02,
    "gdT": 0.02,
    "NK": 0.09,
    "B naive": 0.055,
    "B memory": 0.03,
    "Monocyte": 0.17,
    "DC": 0.015,
}
"""Shares of healthy blood mononuclear cells (textbook ranges; Hao 2021, doi:10.1016/j.cell.2021.04.048)."""
LEAST_WEIGHT = 1e-6
"""Weight that no leaf falls below, so that a class absent from the sketch can be told in a later sample."""
OVERDISPERSION = 1.0
"""phi of the variance ``mu + phi mu^2`` of a gene's counts in cells of one kind, within a branch: a likelihood
without it lets a few loud genes decide (macro-F1 .010 lower, calibration error twice as large). Range .5 to 2."""
ROOT_OVERDISPERSION = 0.2
"""The same at the root, where many genes tell lineages apart and a B call of a shallow cell needs the loud ones.
Range .1 to .3."""

B_MARGIN = 4.0
"""Natural log odds by which the B lineage must exceed every other to be called. At 4 fewer than 1 of 1,000
other cells are called; from 6 on, 1 of 100 B cells more is lost at 550 molecules a cell. Range 3 to 6."""
DOUBLET_MARGIN = 9.0
"""Natural log odds by which a mixture of two lineages must exceed every single profile: 6 for certainty as for
B cells and log 20 for doublets being about one cell in twenty. Range 8 to 12."""
DOUBLET_FRACTIONS = (0.3, 0.5, 0.7)
"""Parts of a doublet's molecules that come from its first lineage."""
DOUBLET_LEAVES = 3
"""Heaviest profiles of a lineage that make doublets."""
DOUBLET_PAIRS = (("B", "T+NK"), ("B", "Myeloid"), ("T+NK", "Myeloid"))
"""Pairs of lineages; others are too rare in blood, and platelets stick to cells without making them two."""

SHARPNESS = 0.3
"""Power to which posteriors within a branch are taken, renormalised: genes of one cell are not independent, so a
likelihood is surer than it is right. Keeps the most probable class. Sums are made of posteriors as they are.
Range .2 to .4."""
MIN_THINNED = 500
"""Molecules a cell (median over T cells) below which a visit is too shallow for T populations: it stays out
and pulls no other visit down. F1 of Treg on sorted cells: .67, .62, .58, .46, .30 at 3,360, 1,680, 840, 610
and 420 molecules. Range 400 to 800."""
MIN_T_CELLS = 20
"""T cells of a sample below which the median of their molecules is not trusted."""
THIN_SALT = b"cd20scope thinning 1"
"""Fixed text hashed with each barcode, so that a cell is thinned the same in every run."""

SUBSET_MARKERS = 2
"""Markers of a subset that a cell must show: one molecule of one gene is soup or chance."""
SUBSET_EVIDENCE = 0.3
"""Least evidence for a subset, in natural log units of molecules per 10,000: a marker in five seen once in a
cell of 3,000 molecules. Range .2 to .5."""
SUBSET_MARGIN = 0.3
"""By how much it must exceed every sibling. Range .2 to .5."""
