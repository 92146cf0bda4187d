import numpy as np
import pandas as pd
import pytest

from cd20scope.simulate import cells, cohort, leaves

VISITS = ["baseline", "week2", "month6"]


def test_layout_has_one_missing_visit_and_both_formats():
    sheet = cohort.cohort_layout(8, visits=VISITS)
    assert len(sheet) == 23
    assert set(sheet.loc[sheet["donor"] == "D08", "visit"]) == {"baseline", "week2"}
    assert sheet["path"].str.endswith(".h5").sum() == 12
    assert not sheet.duplicated(["donor", "visit"]).any()
    assert (sheet.groupby("batch")["visit"].nunique() == 3).all()


def test_a_placebo_arm_stands_beside_the_treated():
    sheet = cohort.cohort_layout(4, visits=VISITS, controls=3)
    arms = sheet.groupby("donor")["arm"].agg("first")
    assert arms.to_dict() == dict.fromkeys(("D01", "D02", "D03", "D04"), "ocrelizumab") | dict.fromkeys(
        ("P01", "P02", "P03"), "placebo"
    )
    assert (sheet[sheet["arm"] == "placebo"].groupby("donor").size() == 3).all()
    assert "arm" not in cohort.cohort_layout(4, visits=VISITS)


def test_csf_comes_last_and_is_of_the_treated_at_the_first_and_last_visit():
    plain = cohort.cohort_layout(4, visits=VISITS, controls=2)
    sheet = cohort.cohort_layout(4, visits=VISITS, controls=2, csf=4)
    pd.testing.assert_frame_equal(sheet.head(len(plain)).drop(columns="tissue"), plain.drop(columns="tissue"))
    csf = sheet.tail(len(sheet) - len(plain))
    assert set(csf["tissue"]) == {"CSF"}
    assert set(csf["arm"]) == {"ocrelizumab"}
    # the last donor has no last visit
    assert csf["visit"].value_counts().to_dict() == {"baseline": 4, "month6": 3}
    assert not sheet["sample"].duplicated().any()
    assert not sheet["path"].duplicated().any()
    assert set(plain["tissue"]) == {"PBMC"}


@pytest.fixture(scope="module")
def catalogues(populations, programs, profiles):
    return {"populations": populations, "programs": programs, **profiles}


@pytest.fixture(scope="module")
def shares(catalogues):
    sheet = cohort.cohort_layout(6, visits=VISITS)
    out = {}
    for plan in ("treated", "untreated"):
        _, samples = cohort.simulate_cohort(sheet, visits=VISITS, plan=plan, cells=500, seed=3, **catalogues)
        truth = {name: np.array(sample.truth) for name, sample in samples.items()}
        out[plan] = {name: np.isin(labels, ["B naive", "B memory"]).mean() for name, labels in truth.items()}
    return out


def test_csf_changes_no_blood_sample_and_has_few_cells_mostly_cd4(catalogues):
    drawn = {}
    for csf in (0, 2):
        sheet = cohort.cohort_layout(2, visits=VISITS, csf=csf)
        _, drawn[csf] = cohort.simulate_cohort(
            sheet, visits=VISITS, plan="treated", cells=600, seed=3, **catalogues
        )
    for name, sample in drawn[0].items():
        np.testing.assert_array_equal(sample.counts, drawn[2][name].counts)
    tapped, blood = drawn[2]["D01_baseline_csf"], drawn[2]["D01_baseline"]
    assert len(tapped.truth) < 0.4 * len(blood.truth)

    def share(sample, *populations):
        return np.isin(sample.truth, populations).mean()

    assert share(tapped, "CD4 naive", "CD4 memory") > 1.3 * share(blood, "CD4 naive", "CD4 memory")
    assert share(tapped, "Monocyte") < 0.5 * share(blood, "Monocyte")


@pytest.mark.slow
def test_treatment_depletes_and_no_treatment_does_not(shares):
    for donor in ("D01", "D02", "D03"):
        assert shares["treated"][f"{donor}_week2"] < 0.2 * shares["treated"][f"{donor}_baseline"]
        assert shares["untreated"][f"{donor}_week2"] > 0.4 * shares["untreated"][f"{donor}_baseline"]


@pytest.mark.parametrize(("plan", "rises"), [("treated", False), ("time", True), ("untreated", False)])
@pytest.mark.slow
def test_time_changes_the_t_cells_of_all_and_treatment_takes_b_cells_of_the_treated(catalogues, plan, rises):
    sheet = cohort.cohort_layout(2, visits=VISITS, controls=4)
    _, samples = cohort.simulate_cohort(sheet, visits=VISITS, plan=plan, cells=1500, seed=5, **catalogues)
    counts = pd.DataFrame({name: pd.Series(sample.truth).value_counts() for name, sample in samples.items()})
    b = counts.loc[["B naive", "B memory"]].fillna(0).sum()
    treg = counts.loc["Treg"] / counts.loc[["CD4 naive", "CD4 memory", "Treg"]].sum()
    placebo = [f"P{i:02d}" for i in range(1, 5)]

    def ratio(of, donors):
        return np.exp(np.mean([np.log(of[f"{d}_month6"] / of[f"{d}_baseline"]) for d in donors]))

    assert 0.7 < ratio(b, placebo) < 1.4
    assert (ratio(treg, placebo) > 1.4) == rises
    if plan != "untreated":
        assert b["D02_month6"] < 0.3 * b["D02_baseline"]


def test_one_donor_repopulates_early(shares):
    assert shares["treated"]["D05_month6"] > 0.1 * shares["treated"]["D05_baseline"]
    assert shares["treated"]["D05_week2"] < 0.1 * shares["treated"]["D05_baseline"]


def test_planted_effects_are_listed_with_contrast_and_direction(populations, programs):
    both = {"populations": populations, "programs": programs}
    assert cohort.planted("untreated", visits=VISITS, **both) == []
    found = cohort.planted("treated", visits=VISITS, **both)
    assert {
        "population": "Treg",
        "program": None,
        "contrast": "month6-baseline",
        "direction": "up",
        "factor": 1.8,
    } in found
    assert {entry["contrast"] for entry in found if entry["population"] == "B naive"} == {
        "week2-baseline",
        "month6-baseline",
    }


def levels(catalogues, seed=0):
    return leaves.leaf_levels(**catalogues, rng=np.random.default_rng(seed))


def test_programme_genes_move_by_the_planted_factor(catalogues, populations, programs):
    genes, names, before = levels(catalogues)
    after = before.copy()
    at = {gene: position for position, gene in enumerate(genes)}
    lists = {entry["name"]: [at[gene] for gene in entry["genes"]] for entry in programs["programs"]}
    cohort._reprogram(after, names, lists, populations)
    treg = [row for row, (population, _) in enumerate(names) if population == "Treg"]
    factor = next(
        entry["factor"]
        for entry in cohort.planted("treated", visits=VISITS, populations=populations, programs=programs)
        if entry["program"] == "Treg suppressive"
    )
    np.testing.assert_allclose(np.exp((after - before)[treg, at["CTLA4"]]), factor)
    others = [row for row, (population, _) in enumerate(names) if population not in ("Treg", "CD4 memory")]
    assert not (after - before)[others].any()


def test_a_leaf_has_the_levels_of_its_profile(catalogues, profiles):
    genes, names, log_level = levels(catalogues)
    level = pd.DataFrame(np.exp(log_level), index=[profile for _, profile in names], columns=genes)
    table = profiles["table"]
    assert set(level.index) == set(table.columns)
    expected = table.T.loc[level.index].clip(lower=leaves.BACKGROUND)
    np.testing.assert_allclose(level[table.index], expected, rtol=1e-9)


def test_genes_that_the_table_lacks_follow_markers_and_programmes(catalogues, profiles):
    genes, names, log_level = levels(catalogues)
    level = pd.DataFrame(np.exp(log_level), index=pd.MultiIndex.from_tuples(names), columns=genes)
    assert not {"MS4A1", "IGHD", "CD69", "XIST", "RPL3"} & set(profiles["table"].index)
    np.testing.assert_allclose(level.loc["B naive", "MS4A1"], leaves.MARKER)
    assert (level.loc[["CD4 naive", "Monocyte"], "MS4A1"] == leaves.BACKGROUND).all()
    np.testing.assert_allclose(level.loc["CD4 memory", "CD69"], leaves.PROGRAMME)
    assert (level["RPL3"] > 500).all()


def test_a_population_without_a_profile_is_its_lineage_with_its_markers(catalogues, populations, profiles):
    shorter = {k: v for k, v in profiles["profiles_of"].items() if k != "Treg"}
    genes, names, log_level = levels(catalogues | {"profiles_of": shorter})
    level = pd.DataFrame(np.exp(log_level), index=pd.MultiIndex.from_tuples(names), columns=genes)
    treg = level.loc[("Treg", "")]
    assert treg["FOXP3"] == pytest.approx(leaves.FAINTLY)
    marked = {gene for node in populations["nodes"] for gene in node["markers"]}
    plain = [gene for gene in profiles["table"].index if gene not in marked]
    cd4 = level.loc[["CD4 naive", "CD4 memory"], plain]
    assert np.corrcoef(np.log(treg[plain]), np.log(cd4.mean()))[0, 1] > 0.99


def test_a_profile_that_the_table_lacks_is_named(catalogues, profiles):
    with pytest.raises(ValueError, match="no profile Plt, which a population names"):
        levels(catalogues | {"table": profiles["table"].drop(columns="Plt")})


def draw(catalogues, *, seed=1, n=1500, **shares):
    """Cells of one sample from populations in these shares."""
    genes, names, log_level = levels(catalogues)
    share = np.log([shares.get(population.replace(" ", "_"), 1e-12) for population, _ in names])
    sample = cells.draw(
        log_level,
        share + cells.log_split(names),
        np.ones(len(names)),
        names,
        mitochondrial=np.array([], dtype=int),
        spilling=np.array([population in ("B naive", "B memory") for population, _ in names]),
        cells=n,
        rng=np.random.default_rng(seed),
    )
    return genes, sample


def test_the_soup_is_that_of_the_sample_and_rich_in_b_cells(catalogues):
    """MS4A1 in T cells: none without B cells; with a tenth of B cells, three times their part of the soup."""
    of_t = {}
    for b in (1e-12, 0.1):
        genes, sample = draw(catalogues, CD4_memory=1 - b, B_naive=b)
        counts = sample.counts[np.array(sample.truth) == "CD4 memory"]
        of_t[b] = counts[:, genes.index("MS4A1")].sum() / counts.sum()
    own, others = (level / 1e6 for level in (leaves.MARKER, leaves.BACKGROUND))
    spilt = cells.SPILL * 0.1 / (cells.SPILL * 0.1 + 0.9)
    low, high = (others + share * spilt * own for share in cells.SOUP)
    assert of_t[1e-12] < 3 * others
    assert 0.6 * low < of_t[0.1] < 1.8 * high


def test_counts_are_overdispersed_where_genes_are_loud():
    rng = np.random.default_rng(0)
    mean = np.tile([0.001, 2.0, 50.0], (20_000, 1))
    counts = cells._counts(mean.copy(), rng)
    np.testing.assert_allclose(counts.mean(axis=0), mean[0], rtol=0.3)
    expected = mean[0, 1:] + cells.DISPERSION * mean[0, 1:] ** 2
    np.testing.assert_allclose(counts[:, 1:].var(axis=0), expected, rtol=0.06)


def test_samples_differ_in_depth_and_sex_is_told_by_genes(catalogues):
    sheet = cohort.cohort_layout(4, visits=VISITS)
    genes, samples = cohort.simulate_cohort(
        sheet, visits=VISITS, plan="untreated", cells=150, seed=2, **catalogues
    )
    median = [np.median(sample.counts.sum(axis=1)) for sample in samples.values()]
    assert max(median) > 1.25 * min(median)
    for row in sheet.itertuples():
        total = samples[row.sample].counts.sum(axis=0)
        found = {sex: total[[genes.index(gene) for gene in own]].sum() for sex, own in leaves.SEX.items()}
        other = {"F": "M", "M": "F"}[row.sex]
        assert found[row.sex] > 0
        assert found[other] == 0


def test_the_same_seed_gives_the_same_cells(catalogues):
    sheet = cohort.cohort_layout(2, visits=VISITS[:2])
    draws = [
        cohort.simulate_cohort(sheet, visits=VISITS[:2], plan="treated", cells=60, seed=9, **catalogues)[1]
        for _ in range(2)
    ]
    for name, sample in draws[0].items():
        np.testing.assert_array_equal(sample.counts, draws[1][name].counts)
        assert sample.barcodes == draws[1][name].barcodes
