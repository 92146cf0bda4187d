"""Genes that may not move a label, as data: what treatment, handling, soup, sex or the chemistry changes.

Immunoglobulin and T-cell receptor genes follow the clone, HLA the donor and interferon, MS4A1 the treatment itself
(CD20 is its target: it stays out so that it can judge the labels), ribosomal and mitochondrial genes the chemistry.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

type Names = npt.NDArray[Any] | pd.Index
"""Names of the genes of a sample; an index where they are searched more than once."""

TCR_CONSTANT = frozenset(
    ["TRAC", "TRBC1", "TRBC2", "TRDC", "TRGC1", "TRGC2", "TRDV1", "TRDV2", "TRGV9", "TRAV1-2"]
)
"""T-cell receptor genes that do mark a type: constant parts, and the segments of gamma-delta and MAIT cells."""
PATTERNS = {
    "ribosomal": r"RP[LS]\d|RPLP|RPSA|FAU$|UBA52$|RACK1$|EEF1",
    "mitochondrial": r"MT-|MTRNR|MT(ND|CO|ATP|CYB|RNR)\d*P",
    "immunoglobulin": r"IG[HKL][VDJCMGAE]|IGH[MDEAG]|IGLL5$|JCHAIN$",
    "T-cell receptor": r"TR[ABDG][VDJC]",
    "HLA": r"HLA-|CD74$|B2M$|CIITA$",
    "non-coding": r"LINC\d|MALAT1$|NEAT1$|XIST$|TSIX$|MIR\d|SNOR|RNU|RN7|.*-AS\d?$|.*-IT\d$|.*-DT$",
    "clone name": r"A[CLPFJ]\d{5,}|RP\d+-|CT[ABCD]-|KB-|XX|LOC\d|LL22|FLJ|DKFZ|.*\.\d+$|\d",
    "hemoglobin": r"HB[ABDEGMQZ]\d?$|HB[AG]\d$|AHSP$",
    "histone": r"HIST\d|H[1234][ABCF]?[-C]|H[12]A[CFXZ]",
}
"""Patterns at the start of a symbol."""
SEX = "RPS4Y1 DDX3Y EIF1AY KDM5D UTY USP9Y ZFY TTTY15 NLGN4Y TMSB4Y PRKY TXLNGY".split()
STEROID = (
    "FKBP5 TSC22D3 ZBTB16 PER1 KLF9 DDIT4 SMAP2 ZFP36L2 TXNIP CXCR4 SESN1 IRS2 PIK3IP1 CEBPD CEBPB DUSP1 "
    "CD163 VSIG4 THBS1 ADAMTS2 IL1R2 MT2A MT1X MT1E MT1F MT1G IL18R1 KLF6 NFKBIA ISG20 SOCS1 RGS1"
).split()
"""Genes that glucocorticoids move in blood (Franco 2019, doi:10.1084/jem.20180595; Olnes 2016,
doi:10.1038/srep23002)."""
HANDLING = (
    "FOS JUN FOSB JUNB JUND IER2 IER3 IER5 EGR1 EGR2 EGR3 NR4A1 NR4A2 NR4A3 BTG1 BTG2 ATF3 ZFP36 ZFP36L1 "
    "HSPA1A HSPA1B HSPA8 HSPA6 HSP90AA1 HSP90AB1 HSPE1 HSPD1 HSPB1 HSPH1 DNAJB1 DNAJA1 DNAJB4 PPP1R15A "
    "GADD45B CD69 TNFAIP3 CIRBP RBM3 KLF2 KLF4 MCL1 NFKBIZ RHOB CXCL8 CCL3 CCL4 CCL3L1 CCL4L2 IL1B TNF "
    "PTGS2 SRGN UBC"
).split()
"""Immediate-early, heat-shock and cold-shock genes (van den Brink 2017, doi:10.1038/nmeth.4437; Massoni-Badosa
2020, doi:10.1186/s13059-020-02032-0)."""
CYCLE = (
    "MKI67 TOP2A TYMS RRM1 RRM2 TPX2 PCLAF PCNA MCM2 MCM3 MCM4 MCM5 MCM6 MCM7 MCM10 CDK1 CCNA2 CCNB1 "
    "CCNB2 CCNE2 CDC6 CDC20 CDC45 CDCA2 CDCA3 CDCA5 CDCA7 CDCA8 CDKN3 CENPA CENPE CENPF CENPK CENPM CENPU "
    "CENPW AURKA AURKB BIRC5 BUB1 BUB1B DLGAP5 DTL E2F1 E2F8 ESPL1 EXO1 FEN1 FOXM1 GINS1 GINS2 GMNN GTSE1 "
    "HELLS HMGB2 HMMR KIF11 KIF14 KIF15 KIF18B KIF20A KIF20B KIF23 KIF2C KIF4A MAD2L1 MELK MND1 MYBL2 "
    "NCAPD2 NCAPG NCAPG2 NCAPH NDC80 NUF2 NUSAP1 PBK PLK1 PLK4 POLQ PRC1 PTTG1 RACGAP1 RAD51 RAD51AP1 "
    "SHCBP1 SKA1 SKA3 SPAG5 SPC24 SPC25 STMN1 TACC3 TCF19 TK1 TRIP13 TROAP TTK TUBA1B TUBB TUBB4B UBE2C "
    "UBE2T UHRF1 ZWINT ASPM ASF1B ATAD2 ANLN CKAP2L CKS1B CKS2 CLSPN CHEK1 BRCA1 BRIP1 BLM DHFR DUT ESCO2 "
    "FAM111B FBXO5 HJURP KIFC1 NEIL3 OIP5 ORC6 ORC1 PKMYT1 SGO1 SGO2 SMC2 SMC4 TICRR H2AZ1 H2AFZ HMGN2"
).split()
INTERFERON = (
    "ISG15 ISG20 IFI6 IFI16 IFI27 IFI27L2 IFI30 IFI35 IFI44 IFI44L IFIH1 IFIT1 IFIT1B IFIT2 IFIT3 IFIT5 "
    "IFITM1 IFITM2 IFITM3 MX1 MX2 OAS1 OAS2 OAS3 OASL XAF1 RSAD2 EPSTI1 HERC5 HERC6 USP18 USP41 CMPK2 "
    "DDX58 DDX60 DDX60L RIGI DHX58 EIF2AK2 IRF1 IRF2 IRF7 IRF8 IRF9 LAMP3 LAP3 LGALS3BP LGALS9 LY6E NMI "
    "NUB1 PARP9 PARP10 PARP12 PARP14 PLSCR1 PML PNPT1 PSMB8 PSMB9 PSMB10 PSMA2 PSMA3 PSME1 PSME2 SAMD9 "
    "SAMD9L SAMHD1 SP100 SP110 SP140 STAT1 STAT2 TAP1 TAP2 TAPBP TRAFD1 TRIM5 TRIM14 TRIM21 TRIM22 TRIM25 "
    "TRIM26 TRIM38 TXNIP UBE2L6 WARS WARS1 ZBP1 ZNFX1 ADAR APOL1 APOL2 APOL3 APOL6 APOBEC3A APOBEC3B "
    "APOBEC3F APOBEC3G BATF2 BST2 C19orf66 SHFL C1QA C1QB C1QC CASP1 CASP4 CASP7 CCL2 CCL7 CCL8 CCR1 CD38 "
    "CD40 CD274 CD47 CMTR1 CNP CSF1 CXCL9 CXCL10 CXCL11 ELF1 ETV7 FAM46A TENT5A FCGR1A FCGR1B GBP1 GBP2 "
    "GBP3 GBP4 GBP5 GCH1 GMPR HELZ2 IDO1 IL1RN IL15 IL15RA IL27 IL4R IL6 INHBA JAK2 MARCKS MOV10 MT2A "
    "MVB12A MYD88 NAMPT NCOA7 NOD1 NAPA NUPR1 OGFR PHF11 PLAAT4 RARRES3 RBCK1 RIPK2 RNF213 RNF31 RTP4 "
    "SAT1 SCARB2 SECTM1 SELL SERPING1 SIGLEC1 SLC25A28 SOCS1 SOCS3 SSPN SUB1 TDRD7 TMEM140 TNFSF10 "
    "TNFSF13B TOR1B TYMP VAMP5 VAMP8 XRN1 C3AR1 CLEC4D CTSL CXCL16 FPR2 PDCD1LG2 HESX1 EXT1 DYNLT1 GIMAP6 "
    "CHST12 MARCH1 BCL2L14 FFAR2 SP140L N4BP1 CARD16 CARD17 BLVRA BLZF1 AIM2 CLEC2B MASTL TNFAIP6 FUNDC1 "
    "CALHM6 FAM26F ANKRD22 P2RY14 CCL13 PLA2G4C CYP19A1 GALM ODF3B RNASE2 GZMB PRF1 CACYBP SIGLEC16 SLFN5 "
    "SLFN11 SLFN12 SLFN12L"
).split()
"""Genes that interferon alpha, beta or gamma move in blood cells (HALLMARK_INTERFERON_ALPHA_RESPONSE and
_GAMMA_, Liberzon 2015, doi:10.1016/j.cels.2015.12.004; monocyte genes of Kang 2018, doi:10.1038/nbt.4042)."""
KEPT_MARKERS = frozenset(["SELL", "IL4R", "AIM2", "SSPN", "IRF8", "GIMAP6"])
"""Genes of the lists above that mark a type at rest more than they follow the stimulus."""
ROOT_ONLY = frozenset(["CD74"])
"""Genes that tell lineages and no populations: the invariant chain sets B and myeloid cells apart from T cells a
hundredfold; as an endpoint within a lineage it may move no population."""
TARGET = ("MS4A1",)
OTHER = "CD52 TMSB4X TMSB10 FTL FTH1 ACTB GAPDH PPIA".split()
"""Loud in every cell: their differences are those of chemistry."""
GROUPS: dict[str, tuple[str, ...]] = {
    "target of treatment": TARGET,
    "sex": tuple(SEX),
    "glucocorticoid": tuple(STEROID),
    "handling": tuple(HANDLING),
    "cell cycle": tuple(CYCLE),
    "interferon": tuple(INTERFERON),
    "loud": tuple(OTHER),
}
_LISTED = {gene: group for group, genes in GROUPS.items() for gene in genes if gene not in KEPT_MARKERS}
_PATTERNS = [(group, re.compile(pattern)) for group, pattern in PATTERNS.items()]


def reason_left_out(gene: str) -> str:
    """Name the group for which a gene may not move a label; "" for a gene that may."""
    if gene in _LISTED:
        return _LISTED[gene]
    if gene in TCR_CONSTANT:
        return ""
    return next((group for group, pattern in _PATTERNS if pattern.match(gene)), "")


def may_move_labels(genes: Iterable[str], *, root: bool = False) -> npt.NDArray[np.bool_]:
    """Tell which genes may move a label, boolean, in the order of the genes; ``root``: the label of a lineage."""
    return np.array(
        [not reason_left_out(str(gene)) or (root and gene in ROOT_ONLY) for gene in genes], dtype=bool
    )


def find_genes(names: Sequence[str] | npt.NDArray[np.str_], genes: Names) -> npt.NDArray[np.intp]:
    """Find the positions of names among the genes of a sample; -1 for one that the sample lacks.

    Genes that are searched again and again are given as an index, which keeps its table of names.
    """
    index = genes if isinstance(genes, pd.Index) else pd.Index(genes, dtype=object)
    return np.asarray(index.get_indexer(pd.Index(names, dtype=object)))
