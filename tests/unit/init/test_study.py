"""What init guesses of whole studies, and that the sheets which it writes can be read."""

from pathlib import Path

import pytest
import yaml
from init_studies import (
    DONORS,
    NOISE,
    TEMPLATE,
    VISITS,
    as_read,
    columns,
    file_named,
    found,
    grid,
    guessed,
)

from cd20scope.init import text as init_text
from cd20scope.init.found import Found


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


@pytest.mark.parametrize(
    ("name", "sure"), [("drawn_at", "sure"), ("Blood draw time", "likely"), ("collection_time", "check")]
)
def test_the_time_of_the_draw_is_guessed(tmp_path, name, sure):
    times = ["09:30" if visit == "0M" else "14:00" for visit in VISITS]
    study = guessed(found({name: times, "donor": DONORS, "visit": VISITS}))
    assert next(guess.sure for guess in study.guesses if guess.what == "drawn_at") == sure
    assert as_read(study, tmp_path / "study")["drawn_at"].tolist() == ["09:30", "14:00", "14:00"] * 3


def test_a_time_that_is_no_time_of_day_is_left_out(tmp_path):
    months = [visit.replace("M", " months") for visit in VISITS]
    study = guessed(found({"draw_time": months, "donor": DONORS, "visit": VISITS}))
    assert "drawn_at" not in as_read(study, tmp_path / "study")
    assert any("looks like drawn_at and was left out" in note for note in study.notes)


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


def test_fluid_and_blood_stand_in_one_sheet_with_their_tissue(tmp_path):
    study = guessed(*map(file_named, ["P1_PBMC_BL", "P1_CSF_BL", "P1_PBMC_W2"]))
    table = as_read(study, tmp_path / "study").set_index("sample")["tissue"]
    assert table.to_dict() == {"P1_CSF_BL": "CSF", "P1_PBMC_BL": "blood", "P1_PBMC_W2": "blood"}
    assert any("samples of several tissues (blood: 2, CSF: 1): a run answers its" in n for n in study.notes)
    only = guessed(*map(file_named, ["P1_CSF_BL", "P1_CSF_W2"]))
    assert not any("several tissues" in note for note in only.notes)


def test_cells_of_two_tissues_in_one_file_are_two_samples(tmp_path):
    donors, visits, sites = DONORS * 2, VISITS * 2, ["PBMC"] * len(DONORS) + ["CSF"] * len(DONORS)
    study = guessed(found({"donor": donors, "visit": visits, "site": sites}))
    table = as_read(study, tmp_path / "study")
    assert len(table) == 2 * len(set(zip(DONORS, VISITS, strict=True)))
    assert table["cells"][0] == "donor=P1; visit=0M; site=CSF"
    assert set(table["tissue"]) == {"blood", "CSF"}
    # a centre is no tissue
    centres = guessed(found({"donor": donors, "visit": visits, "site": ["Basel", "Kiel"] * len(DONORS)}))
    assert all("tissue" not in row.extras for row in centres.rows)


@pytest.mark.parametrize(
    ("column", "levels", "sure"),
    [
        ("arm", ["ocrelizumab", "placebo", "ocrelizumab"], "sure"),
        ("Treatment Arm", ["verum", "placebo", "verum"], "sure"),
        ("group", ["MS", "healthy", "MS"], "check"),
        ("treatment", ["rituximab", "untreated", "rituximab"], "check"),
    ],
)
def test_arms_are_guessed_with_their_sureness(tmp_path, column, levels, sure):
    level = dict(zip(dict.fromkeys(DONORS), levels, strict=True))
    study = guessed(found({"donor": DONORS, "visit": VISITS, column: [level[name] for name in DONORS]}))
    (guess,) = [guess for guess in study.guesses if guess.what == "arm"]
    assert guess.sure == sure
    table = as_read(study, tmp_path / "study")
    assert table.groupby("donor")["arm"].first().to_dict() == level


def test_columns_that_only_look_like_arms_are_not_taken():
    per_donor = {name: ["Basel", "Kiel", "Bern"][i] for i, name in enumerate(dict.fromkeys(DONORS))}
    study = guessed(found({"donor": DONORS, "visit": VISITS, "group": [per_donor[name] for name in DONORS]}))
    assert not any(guess.what == "arm" for guess in study.guesses)
    changing = ["untreated" if visit == "0M" else "treated" for visit in VISITS]
    study = guessed(found({"donor": DONORS, "visit": VISITS, "treatment": changing}))
    assert not any(guess.what == "arm" for guess in study.guesses)
    assert any("looks like arm was left out" in n and "a donor is in one arm" in n for n in study.notes)


def test_an_arm_without_a_usual_word_is_to_be_filled_in():
    level = dict(zip(dict.fromkeys(DONORS), "ABA", strict=True))
    study = guessed(found({"donor": DONORS, "visit": VISITS, "arm": [level[name] for name in DONORS]}))
    assert any("the treated arm: the column arm has the levels A, B" in text for text in study.todo)


def test_days_and_dose_are_guessed(tmp_path):
    days = {"0M": "0", "2W": "14", "6M": "182"}
    study = guessed(
        found(
            {
                "donor": DONORS,
                "visit": VISITS,
                "days_since_infusion": [days[visit] for visit in VISITS],
                "dose_mg": ["0" if visit == "0M" else "300" for visit in VISITS],
            }
        )
    )
    table = as_read(study, tmp_path / "study")
    assert table["days_since_first_infusion"].tolist() == ["0", "14", "182"] * 3
    assert table["dose"].tolist() == ["0", "300", "300"] * 3
    sure = {guess.what: guess.sure for guess in study.guesses}
    assert (sure["days_since_first_infusion"], sure["dose"]) == ("sure", "sure")


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
    told = init_text.format_summary(
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
