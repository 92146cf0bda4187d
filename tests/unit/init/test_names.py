"""Names of samples taken apart: donor, visit, library, tissue."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from init_studies import STUDY, WORDS, file_named, guessed

from cd20scope.init import names as init_names
from cd20scope.study import sheet_checks


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
