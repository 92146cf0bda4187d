"""Works that the methods of a run rest on, by the key under which their text cites them, and the numbers they get."""

from markupsafe import Markup

from cd20scope.report import wording

REFERENCES = {
    "Anscombe": "Anscombe FJ. On estimating binomial response relations. Biometrika 1956. "
    "doi:10.1093/biomet/43.3-4.461",
    "Badia": "Badia-i-Mompel P et al. decoupleR. Bioinformatics Advances 2022. doi:10.1093/bioadv/vbac016",
    "Benjamini": "Benjamini Y, Hochberg Y. Controlling the false discovery rate. J R Stat Soc B 1995. "
    "doi:10.1111/j.2517-6161.1995.tb02031.x",
    "Berger": "Berger RL. Multiparameter hypothesis testing and acceptance sampling. Technometrics 1982. "
    "doi:10.1080/00401706.1982.10487790",
    "Clopper": "Clopper CJ, Pearson ES. The use of confidence or fiducial limits. Biometrika 1934. "
    "doi:10.1093/biomet/26.4.404",
    "Dominguez": "Domínguez Conde C et al. Cross-tissue immune cell analysis (CellTypist). Science 2022. "
    "doi:10.1126/science.abl5197",
    "Guo": "Guo C et al. On calibration of modern neural networks. 2017. doi:10.48550/arXiv.1706.04599",
    "Haldane": "Haldane JBS. The estimation and significance of the logarithm of a ratio of frequencies. Ann Hum Genet "
    "1956. doi:10.1111/j.1469-1809.1955.tb01285.x",
    "Holm": "Holm S. A simple sequentially rejective multiple test procedure. Scand J Stat 1979;6:65-70.",
    "Katz": "Katz D et al. Obtaining confidence intervals for the risk ratio. Biometrics 1978. doi:10.2307/2530610",
    "Kitagawa": "Kitagawa EM. Components of a difference between two rates. J Am Stat Assoc 1955. "
    "doi:10.1080/01621459.1955.10501299",
    "Kobak": "Kobak D, Linderman GC. Initialization is critical for preserving global data structure in both t-SNE and "
    "UMAP. Nat Biotechnol 2021. doi:10.1038/s41587-020-00809-z",
    "Korsunsky": "Korsunsky I et al. Harmony. Nat Methods 2019. doi:10.1038/s41592-019-0619-0",
    "Love": "Love MI, Huber W, Anders S. DESeq2. Genome Biol 2014. doi:10.1186/s13059-014-0550-8",
    "McInnes": "McInnes L, Healy J, Melville J. UMAP. 2018. doi:10.48550/arXiv.1802.03426",
    "Molder": "Mölder F et al. Sustainable data analysis with Snakemake. F1000Research 2021. "
    "doi:10.12688/f1000research.29032.2",
    "Muzellec": "Muzellec B et al. PyDESeq2. Bioinformatics 2023. doi:10.1093/bioinformatics/btad547",
    "Schuirmann": "Schuirmann DJ. A comparison of the two one-sided tests procedure. J Pharmacokinet Biopharm 1987. "
    "doi:10.1007/BF01068419",
    "Smyth": "Smyth GK. Linear models and empirical Bayes methods. Stat Appl Genet Mol Biol 2004. "
    "doi:10.2202/1544-6115.1027",
    "Stoeckius": "Stoeckius M et al. CITE-seq. Nat Methods 2017. doi:10.1038/nmeth.4380",
    "Student": "Student. The probable error of a mean. Biometrika 1908. doi:10.1093/biomet/6.1.1",
    "Tirosh": "Tirosh I et al. Dissecting the multicellular ecosystem of metastatic melanoma. Science 2016. "
    "doi:10.1126/science.aad0501",
    "Wilcoxon": "Wilcoxon F. Individual comparisons by ranking methods. Biometrics Bulletin 1945. doi:10.2307/3001968",
    "Wolf": "Wolf FA, Angerer P, Theis FJ. Scanpy. Genome Biol 2018. doi:10.1186/s13059-017-1382-0",
    "Young": "Young MD, Behjati S. SoupX. GigaScience 2020. doi:10.1093/gigascience/giaa151",
}


class Citations:
    """Numbers works in the order in which a text cites them."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def cite(self, *keys: str) -> Markup:
        """Cite works: a link to each entry of the list, by its number.

        Raises
        ------
        KeyError
            For a key that :data:`REFERENCES` has not.
        """
        links = []
        for key in keys:
            if key not in self.keys:
                REFERENCES[key]  # a missing one is an error here, not an empty line of the list
                self.keys.append(key)
            links.append(Markup('<a href="#ref-{0}">{1}</a>').format(key, self.keys.index(key) + 1))
        return Markup("[{}]").format(Markup(", ").join(links))

    def listed(self) -> list[tuple[str, Markup]]:
        """List the works cited so far, key and entry, in the order of their numbers."""
        return [(key, wording.link_dois(REFERENCES[key])) for key in self.keys]
