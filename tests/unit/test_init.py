"""What init guesses: names taken apart, visits told by time and order, columns chosen, sheets that can be read."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cd20scope import init_columns, init_files, init_names, init_text, init_visits, sheet, sheet_checks
from cd20scope.cell_choice import parse_cells
from cd20scope.init import guess_study
from cd20scope.init_files import Found
from cd20scope.init_rows import Answers

ROOT = Path(__file__).resolve().parents[2]
STUDY = {
    "baseline": ["0M", "base", "BL", "tbase", "t0M", "pre"],
    "week2": ["W2", "2W", "wk2", "0.5M"],
    "month6": ["M6", "6M", "06mo", "t6M", "t06mo"],
}
TEMPLATE = (ROOT / "config/config.yaml").read_text()


def text(values):
    return np.array(values, dtype=np.str_)


def columns(table, barcodes=None):
    n = len(next(iter(table.values())))
    names = text([f"{'ACGT' * 3}-1"] * n if barcodes is None else barcodes)
    return init_columns.read_columns(
        {name: lambda v=values: text(v) for name, values in table.items()}, names
    )


def found(table, **known):
    n = len(next(iter(table.values())))
    return Found(Path("all.h5ad"), "h5ad", "all", columns(table, **known), n)


def guessed(*files, **answers):
    return guess_study(files, study=STUDY, answers=Answers(**answers))


def file_named(name):
    return Found(Path(f"{name}.h5"), "10x_h5", name, n_cells=5)


def as_read(study, folder):
    """Write both files and read them as the workflow does."""
    folder.mkdir(exist_ok=True)
    for row in study.rows:
        (folder.parent / row.file.path).touch()
    rows = [row for row in study.rows if not row.file.path.is_absolute()]
    assert rows == study.rows
    written = init_text.sheet_text(study, folder=folder)
    written = written.replace(str(Path.cwd()), str(folder.parent))
    (folder / "samples.tsv").write_text(written)
    config = yaml.safe_load(init_text.config_text(study, TEMPLATE, config="study.yaml", folder="."))
    assert config["samples"] == "samples.tsv"
    visits, donors = config["visits"], config.get("donors", {})
    return sheet.read_sheet(folder / "samples.tsv", visits=visits, donors=donors)


@pytest.mark.parametrize(
    ("name", "donor", "visit"),
    [
        ("P01_baseline", "P01", "baseline"),
        ("MS-03_w2", "MS-03", "w2"),
        ("pt1.M6", "pt1", "M6"),
        ("P01_0.5M", "P01", "0.5M"),
        ("P01W2", "P01", "W2"),
        ("baseline_P01", "P01", "baseline"),
        ("GSM4567890_P01_day14", "P01", "day14"),
        ("MS03-pre-treatment", "MS03", "pre-treatment"),
        ("PBMC_P01_V2", "P01", "V2"),
        ("P01_t06mo_S3_L001", "P01", "t06mo"),
        ("subject 4 week 24", "subject 4", "week 24"),
        ("P01_2W_rep2", "P01", "2W"),
        ("D101_d0", "D101", "d0"),
        ("20190304_P5_M06", "P5", "M06"),
    ],
)
def test_one_name(name, donor, visit):
    parts = init_names.take_apart([name])[name]
    assert (parts.donor, parts.visit) == (donor, visit)


@pytest.mark.parametrize("name", ["MS03", "sampleA", "GSM4567890", "CD4", "M6", "NovaSeq"])
def test_a_name_without_donor_or_visit_is_not_read(name):
    assert init_names.take_apart([name]) == {}


def test_library_and_tissue_are_told_from_the_donor():
    read = init_names.take_apart(["P01_CSF_BL_lane2", "P01_PBMC_BL_lane1"])
    assert read["P01_CSF_BL_lane2"] == init_names.Parts("P01", "BL", "lane2", "CSF")
    assert read["P01_PBMC_BL_lane1"] == init_names.Parts("P01", "BL", "lane1", "blood")


WORDS = {
    "baseline": ["0M", "BL", "baseline", "pre", "day0", "W0", "d0"],
    "week2": ["2W", "W2", "wk2", "day14", "d14"],
    "month6": ["6M", "M6", "month6", "d180", "week26"],
}


NAMES = st.from_regex(r"(P|MS-|pt|D|HD0|S)[1-9][0-9]?", fullmatch=True)


@given(
    donors=st.lists(NAMES, min_size=2, max_size=6, unique=True),
    words=st.tuples(*(st.sampled_from(own) for own in WORDS.values())),
    separator=st.sampled_from(["_", ".", "-"]),
    visit_first=st.booleans(),
)
def test_names_made_of_donor_and_visit_are_taken_apart_and_their_visits_told(
    donors, words, separator, visit_first
):
    # D1 reads like a day and S1 like nothing: only the grid of donors and visits tells them
    pairs = list(itertools.product(donors, words))
    names = [separator.join(pair[::-1] if visit_first else pair) for pair in pairs]
    study = guessed(*map(file_named, names))
    assert {(row.donor, row.visit) for row in study.rows} == set(pairs)
    assert study.visits.unknown == []
    told = {word: visit for visit, own in study.visits.names.items() for word in own}
    for visit, word in zip(STUDY, words, strict=True):
        assert told.get(word, word) == visit


@given(st.lists(st.text(min_size=0, max_size=12), max_size=12))
def test_safe_names_are_names_of_samples_and_no_two_are_one_file(names):
    taken = set()
    safe = [init_names.safe_name(name, taken) for name in names]
    assert all(re.fullmatch(sheet_checks.SAMPLE, name, flags=re.ASCII) for name in safe)
    assert len({name.casefold() for name in safe}) == len(names)


def test_spellings_of_a_donor_are_one_donor_unless_they_share_a_visit():
    seen = {"MS-03": {"BL"}, "ms3": {"W2"}, "P1": {"BL"}, "P01": {"BL"}, "P10": {"BL"}}
    assert init_names.spellings(seen) == {"MS-03": ["ms3"]}


def assigned(words, *, seen=None, said=None):
    reads = words if isinstance(words, dict) else {word: word for word in words}
    return init_visits.assign_visits(reads, seen=seen or {"P1": set(reads)}, study=STUDY, given=said or {})


def test_times_are_brought_to_the_nearest_visit_or_become_their_own():
    visits = assigned(["screening baseline", "day 3", "2 weeks", "M3", "24w", "1 year"])
    assert visits.names == {
        "baseline": ["screening baseline"],
        "day3": ["day 3"],
        "week2": ["2 weeks"],
        "month3": ["M3"],
        "month6": ["24w"],
        "year1": ["1 year"],
    }
    assert visits.unknown == []


def test_of_two_words_of_a_donor_the_nearer_one_is_the_visit():
    assert assigned(["BL", "day12", "day14"]).names["week2"] == ["day14"]
    assert list(assigned(["BL", "day12", "day14"]).names) == ["baseline", "day12", "week2", "month6"]
    other = assigned(["day12", "day14"], seen={"P1": {"day12"}, "P2": {"day14"}})
    assert other.names["week2"] == ["day12", "day14"]


def test_three_visits_of_a_series_are_guessed_by_order_and_two_are_not():
    three = assigned(["V1", "V2", "V3"])
    assert list(three.names.values()) == [["V1"], ["V2"], ["V3"]]
    assert {guess.sure for guess in three.guesses} == {"check"}
    two = assigned(["V1", "V2"])
    assert two.names["baseline"] == ["V1"]
    assert two.unknown == ["V2"]


def test_a_word_without_a_time_is_given_none():
    visits = assigned(["pre", "post"])
    assert visits.names == {"baseline": ["pre"], "week2": [], "month6": []}
    assert visits.unknown == ["post"]
    said = assigned(["pre", "post"], said={"post": "month6"})
    assert said.names["month6"] == ["post"]
    assert said.unknown == []


def test_healthy_controls_are_no_baseline_where_there_is_one():
    visits = assigned(["BL", "control"], seen={"P1": {"BL"}, "HC1": {"control"}})
    assert visits.unknown == ["control"]
    assert assigned(["ctrl", "stim"]).names["baseline"] == ["ctrl"]


def grid(donors, visits, each=4):
    pairs = [pair for pair in itertools.product(donors, visits) for _ in range(each)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


DONORS, VISITS = grid(["P1", "P2", "P10"], ["0M", "2W", "6M"])
NOISE = {
    "n_counts": [str(i / 7) for i in range(len(DONORS))],
    "cell_type": ["B", "T"] * (len(DONORS) // 2),
    "leiden": ["0", "1", "2"] * (len(DONORS) // 3),
    "donor_age": ["30"] * 12 + ["40"] * 24,
}


@pytest.mark.parametrize(
    "donor", ["donor", "donor_id", "PatientID", "Subject", "individual", "participant.name"]
)
@pytest.mark.parametrize("visit", ["visit", "timepoint", "Time Point", "treatment", "any"])
def test_columns_are_chosen_by_name_and_content(donor, visit):
    roles = init_columns.choose_roles(columns({**NOISE, visit: VISITS, donor: DONORS}))
    assert (roles.donor.name, roles.visit.name) == (donor, visit)


def test_a_cell_annotation_is_no_donor_though_it_crosses_visits():
    roles = init_columns.choose_roles(columns({**NOISE, "visit": VISITS}))
    assert roles.donor is None


def test_a_sample_named_in_a_column_is_not_a_visit(tmp_path):
    files = [
        Found(Path(f"{path}.h5ad"), "h5ad", path, columns({"orig.ident": [name] * 4}), 4)
        for path, name in (("a", "MS01_BL"), ("b", "MS01_W2"), ("c", "MS02_BL"))
    ]
    table = as_read(guessed(*files), tmp_path / "study")
    assert table["donor"].tolist() == ["MS01", "MS01", "MS02"]
    assert table["visit_as_given"].tolist() == ["BL", "W2", "BL"]


def test_a_condition_that_no_donor_has_twice_is_no_visit():
    condition = ["MS"] * 24 + ["HC"] * 12
    roles = init_columns.choose_roles(columns({"donor": DONORS, "condition": condition}))
    assert roles.visit is None
    roles = init_columns.choose_roles(columns({"donor": DONORS, "condition": condition, "group": VISITS}))
    assert roles.visit.name == "group"


def test_equal_columns_are_no_tie_and_different_ones_are_told():
    copy = [f"ID {name}" for name in DONORS]
    roles = init_columns.choose_roles(columns({"donor": DONORS, "subject": copy, "visit": VISITS}))
    assert [guess.sure for guess in roles.guesses] == ["sure", "sure"]
    other = ["X", "Y"] * (len(DONORS) // 2)
    roles = init_columns.choose_roles(columns({"donor": DONORS, "subject": other, "visit": VISITS}))
    assert roles.guesses[0].sure == "check"
    assert "as likely: 'subject'" in roles.guesses[0].why or "as likely: 'donor'" in roles.guesses[0].why


def test_columns_that_the_sheet_cannot_name_are_left_out():
    table = {
        "donor": DONORS,
        "a=b": DONORS,
        "semi": [f"{name};x" for name in DONORS],
        "ids": list(map(str, range(36))),
    }
    assert [column.name for column in columns(table)] == ["donor", "ids"]
    many = {"donor": [f"P{i}" for i in range(600)], "visit": ["BL", "W2"] * 300}
    assert [column.name for column in columns(many)] == ["visit"]


def test_one_file_of_all_samples(tmp_path):
    extras = {
        "gender": ["female" if name != "P2" else "Male" for name in DONORS],
        "hours_since_steroid": ["24" if visit == "2W" else "0" for visit in VISITS],
        "batch": ["b1", "b2"] * (len(DONORS) // 2),
        "ALC": ["1.4"] * len(DONORS),
    }
    study = guessed(found({**NOISE, **extras, "donor": DONORS, "visit": VISITS}))
    table = as_read(study, tmp_path / "study")
    assert table["sample"].tolist()[:4] == ["P1_0M", "P1_2W", "P1_6M", "P2_0M"]
    assert table["visit"].tolist() == ["baseline", "week2", "month6"] * 3
    assert table["cells"][1] == "donor=P1; visit=2W"
    assert table["sex"].tolist() == ["F"] * 3 + ["M"] * 3 + ["F"] * 3
    assert table["hours_since_steroid"].tolist() == ["0", "24", "0"] * 3
    assert "batch" not in table
    assert "lymphocytes_per_ul" not in table
    assert any(
        "'batch' looks like batch and was left out: it differs between cells" in note for note in study.notes
    )
    assert any("thousands per microlitre" in note for note in study.notes)


def test_days_as_plain_numbers_read_by_the_unit_of_their_column(tmp_path):
    donors, days = grid(["1", "2"], ["0", "14", "180"])
    table = as_read(guessed(found({"patient": donors, "day": days})), tmp_path / "study")
    assert table["visit"].tolist() == ["baseline", "week2", "month6"] * 2
    assert table["cells"][0] == "patient=1; day=0"


def test_samples_whose_names_say_it(tmp_path):
    names = [f"{donor}_{visit}" for donor, visit in zip(DONORS, VISITS, strict=True)]
    table = as_read(guessed(found({"orig.ident": names, **NOISE})), tmp_path / "study")
    assert table["donor"].tolist() == ["P1"] * 3 + ["P2"] * 3 + ["P10"] * 3
    assert table["cells"][0] == "orig.ident=P1_0M"


def test_a_column_of_visits_and_names_that_hold_the_donor(tmp_path):
    donors, visits = grid(["A1", "A2"], ["ctrlA", "W2"])
    names = [f"{visit}_{donor}" for donor, visit in zip(donors, visits, strict=True)]
    study = guessed(found({"sample_id": names, "condition": visits}), visits={"ctrlA": "baseline"})
    table = as_read(study, tmp_path / "study")
    assert sorted(set(table["donor"])) == ["A1", "A2"]
    assert table["visit"].tolist() == ["baseline", "week2"] * 2


def test_cells_of_nobody_are_left_out_and_told():
    donors = [*DONORS, "doublet", "unassigned", "", "nan"]
    study = guessed(found({"donor": donors, "visit": [*VISITS, "0M", "0M", "2W", "2W"]}))
    assert {row.donor for row in study.rows} == {"P1", "P2", "P10"}
    assert study.notes[0].startswith("4 cells belong to nobody")


def test_a_file_whose_cells_are_all_of_nobody_is_one_sample():
    study = guessed(found({"donor": ["P1", "nan"] * 4, "visit": ["nan", "BL"] * 4}))
    assert [(row.cells, row.n_cells, row.visit) for row in study.rows] == [("", 8, "?")]


def test_doublets_in_a_named_library_are_in_no_sample():
    wells = [f"{donor}_{visit}_{i % 2}" for i, (donor, visit) in enumerate(zip(DONORS, VISITS, strict=True))]
    whole = guessed(found({"donor": DONORS, "visit": VISITS, "library": wells}))
    assert {row.cells.split("=")[0] for row in whole.rows} == {"library"}
    study = guessed(
        found({"donor": [*DONORS, "doublet"], "visit": [*VISITS, "0M"], "library": [*wells, wells[0]]})
    )
    assert sum(row.n_cells for row in study.rows) == len(DONORS)
    assert all(row.cells.startswith("donor=") for row in study.rows)


def test_libraries_of_one_draw_are_named_and_told(tmp_path):
    wells = [f"well{i // 2}" for i in range(len(DONORS))]
    study = guessed(found({"donor": DONORS, "visit": VISITS, "library_id": wells}))
    table = as_read(study, tmp_path / "study")
    assert len(table) == 18
    assert table["library"].tolist()[:3] == ["well0", "well1", "well2"]
    assert any(guess.what == "libraries of P1, baseline" for guess in study.guesses)
    lanes = guessed(*map(file_named, ["P1_BL_lane1", "P1_BL_lane2", "P1_W2_lane1"]))
    assert [row.library for row in lanes.rows] == ["lane1", "lane2", ""]


def test_libraries_of_cellranger_aggr_are_told_by_the_barcode():
    barcodes = [f"{'ACGT' * 4}-{i % 3 + 1}" for i in range(9)]
    study = guessed(found({"n": ["0.5"] * 9}, barcodes=barcodes))
    assert [row.cells for row in study.rows] == ["barcode=*-1", "barcode=*-2", "barcode=*-3"]
    assert [row.visit for row in study.rows] == ["?"] * 3
    assert len(study.todo) == 2


def test_prefixes_of_merged_objects_are_names_of_samples(tmp_path):
    barcodes = [f"{donor}_{visit}_{'ACGT' * 4}-1" for donor, visit in zip(DONORS, VISITS, strict=True)]
    table = as_read(guessed(found({"n": ["0.5"] * len(DONORS)}, barcodes=barcodes)), tmp_path / "study")
    assert table["cells"][0] == "barcode=P1_0M_*-1"
    assert table["visit"].tolist() == ["baseline", "week2", "month6"] * 3


def test_prefixes_that_name_kinds_of_cells_are_no_samples():
    barcodes = [f"{kind}_{'ACGT' * 4}-1" for kind in ("bcells", "nk") for _ in range(4)]
    study = guessed(found({"n": ["0.5"] * 8}, barcodes=barcodes))
    assert [(row.cells, row.n_cells) for row in study.rows] == [("", 8)]


def test_fluid_is_set_apart_from_blood():
    study = guessed(*map(file_named, ["P1_PBMC_BL", "P1_CSF_BL", "P1_PBMC_W2"]))
    assert [row.sample for row in study.rows] == ["P1_PBMC_BL", "P1_PBMC_W2"]
    written = init_text.sheet_text(study, folder=Path("study")).splitlines()
    assert [line for line in written if line.startswith("# P1_CSF_BL\tP1\tBL")]
    only = guessed(*map(file_named, ["P1_CSF_BL", "P1_CSF_W2"]))
    assert len(only.rows) == 2


IDS = st.text(
    st.characters(codec="utf-8", exclude_characters=";\x85\u2028\u2029", exclude_categories=["Cs", "Cc"]),
    min_size=1,
    max_size=8,
).filter(lambda name: name == name.strip() and not init_columns.NOBODY.fullmatch(name))


@given(
    donors=st.lists(IDS, min_size=2, max_size=5, unique_by=str.casefold),
    visits=st.tuples(*(st.sampled_from(own) for own in WORDS.values())),
)
def test_any_names_of_donors_give_a_sheet_that_is_read(tmp_path_factory, donors, visits):
    many, words = grid(donors, visits, each=1)
    study = guessed(found({"donor": many, "visit": words}))
    table = as_read(study, tmp_path_factory.mktemp("lab") / "study")
    assert len(table) == len(donors) * 3
    assert sorted(table["visit"]) == sorted(["baseline", "week2", "month6"] * len(donors))
    asked = {(cells["donor"], cells["visit"]) for cells in map(parse_cells, table["cells"])}
    assert asked == set(zip(many, words, strict=True))


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"all.h5ad: no column 'who' .*found donor, visit"):
        guessed(found({"donor": DONORS, "visit": VISITS}), donor_column="who")


def test_the_configuration_shows_every_key_and_what_is_to_be_filled_in():
    study = guessed(*map(file_named, ["P1_pre", "P1_post"]))
    written = init_text.config_text(study, TEMPLATE, config="study.yaml", folder="my study")
    assert "## TO FILL IN: which visit is 'post'?" in written
    assert yaml.safe_load(written) == {
        "samples": "samples.tsv",
        "visits": {"baseline": ["pre"], "week2": [], "month6": []},
    }
    for block in TEMPLATE.split("\n\n")[4:]:
        assert block.strip() in written
    with pytest.raises(ValueError, match="0 blocks 'visits'"):
        init_text.config_text(study, "samples: x", config="a", folder="b")


def test_what_is_told_names_each_guess_and_its_sureness():
    files = [file_named("P1_V1"), file_named("P1_V2"), file_named("P1_V3")]
    told = init_text.told(
        guessed(*files),
        files,
        [(Path("x.h5"), "no counts")],
        data=Path("lab"),
        sheet=Path("s"),
        config=Path("c"),
    )
    assert "Read lab: 3 10x_h5, 15 cells" in told
    assert "CHECK   visit V1" in told
    assert "3 samples of 1 donor\n" in told
    assert "left out x.h5: no counts" in told


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("lab/P01_BL/outs/filtered_feature_bc_matrix.h5", "P01_BL"),
        ("lab/P01_BL/outs/filtered_gene_bc_matrices/GRCh38", "P01_BL"),
        ("lab/run/outs/per_sample_outs/P01_BL/count/sample_filtered_feature_bc_matrix.h5", "P01_BL"),
        ("lab/P01_BL_filtered_feature_bc_matrix.h5", "P01_BL"),
        ("lab/GSM1_P01_BL_matrix.mtx.gz", "GSM1_P01_BL"),
        ("lab/pt1.M6.h5ad", "pt1.M6"),
        ("lab/filtered_feature_bc_matrix.h5", "lab"),
    ],
)
def test_names_of_count_files(tmp_path, path, name):
    assert init_files.name_of(tmp_path / path, tmp_path / "lab") == name


def test_one_form_of_counts_per_place_and_the_unfiltered_beside_it(tmp_path):
    paths = [
        "a/outs/filtered_feature_bc_matrix.h5",
        "a/outs/filtered_feature_bc_matrix/matrix.mtx.gz",
        "a/outs/raw_feature_bc_matrix.h5",
        "a/outs/raw_feature_bc_matrix/matrix.mtx.gz",
        "a/outs/molecule_info.h5",
        "b/filtered_gene_bc_matrices/GRCh38/matrix.mtx",
        "b/raw_gene_bc_matrices/GRCh38/matrix.mtx",
        "c/raw_feature_bc_matrix.h5",
        "c/metadata.csv",
        "results/ingest/a.h5ad",
        "results/preflight/preflight.html",
    ]
    touch(tmp_path, *paths)
    (tmp_path / "loop").symlink_to(tmp_path)
    seen = list(init_files._candidates(tmp_path, []))
    raw = [path for path in seen if init_files.RAW.search(init_files._own_name(path))]
    kept = init_files._best_of_each([path for path in seen if path not in raw])
    assert [str(path.relative_to(tmp_path)) for path in kept] == [paths[0], str(Path(paths[5]).parent)]
    beside = [init_files._raw_beside(path, raw) for path in kept]
    assert beside == [tmp_path / paths[2], tmp_path / Path(paths[6]).parent]


def test_what_is_guessed_alike_in_several_files_is_told_once(tmp_path):
    files = [
        Found(Path(f"{name}.h5ad"), "h5ad", name, columns({"donor": [donor] * 4, "visit": [visit] * 4}), 4)
        for name, donor, visit in (("a", "P1", "0M"), ("b", "P1", "6M"), ("c", "P2", "0M"))
    ]
    study = guessed(*files)
    assert [guess.what for guess in study.guesses] == ["donor", "visit", "visit 0M", "visit 6M"]
    assert study.guesses[0].why == "in 3 files, as in a.h5ad: 1 value (P1)"
    table = as_read(study, tmp_path / "study")
    assert table["sample"].tolist() == ["a", "b", "c"]
    assert "cells" not in table


POOL = [
    *(
        "donor",
        "Patient ID",
        "visit",
        "time",
        "condition",
        "sample",
        "orig.ident",
        "batch",
        "sex",
        "age",
        "tissue",
    ),
    *("library_id", "leiden", "response", "ALC", "hours_since_steroid", "x"),
]
VALUES = [
    *(
        "P1",
        "P2",
        "P1_BL",
        "P2_W2",
        "BL",
        "W2",
        "M6",
        "post",
        "V1",
        "V2",
        "0",
        "14",
        "CSF",
        "PBMC",
        "ctrl",
        "female",
    ),
    *("nan", "", "doublet", "a,b", "é'\"", "<script>", "..", "p1", "D1_D14", "3.5", "# x", "1e3", "yes", "~"),
]


@given(
    table=st.dictionaries(
        st.sampled_from(POOL),
        st.lists(st.sampled_from(VALUES), min_size=8, max_size=8),
        min_size=1,
        max_size=5,
    ),
    prefix=st.sampled_from(["", "P1_BL_", "a-"]),
)
def test_any_table_gives_a_sheet_that_is_read_unless_something_is_to_be_filled_in(
    tmp_path_factory, table, prefix
):
    barcodes = [f"{prefix}{'ACGT' * 4}-{i % 2 + 1}" for i in range(8)]
    study = guessed(found(table, barcodes=barcodes))
    assert study.rows or study.apart
    assert sum(row.n_cells for row in [*study.rows, *study.apart]) <= 8
    folder = tmp_path_factory.mktemp("lab") / "study"
    if any("the visit" in text for text in study.todo):
        with pytest.raises(sheet.SheetError, match="is no visit of this study"):
            as_read(study, folder)
    else:
        assert len(as_read(study, folder)) == len(study.rows)
