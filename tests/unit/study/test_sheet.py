"""The sample sheet: what is read, and what is said about everything that cannot be."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from sample_sheets import GOOD, VISITS, refusal, write

from cd20scope.study import sheet

ROOT = Path(__file__).parents[3]


def test_good_sheet(folder):
    table = sheet.read_sheet(write(folder, *GOOD), visits=VISITS)
    assert table.columns.tolist() == ["sample", "donor", "visit", "visit_as_given", "path"]
    assert table["sample"].tolist() == ["D1_base", "D1_w2", "D2_base"]
    assert table["path"].tolist() == [str(folder / "a.h5"), str(folder / "b.h5"), str(folder / "sub/c")]
    assert table.index.tolist() == [0, 1, 2]


def test_visits_are_translated_whatever_their_case(folder):
    rows = ("A\tD1\tPRE\ta.h5", "B\tD1\t 2w \tb.h5", "C\tD2\tMonth6\tsub/c")
    table = sheet.read_sheet(write(folder, GOOD[0], *rows), visits=VISITS)
    assert table["visit"].tolist() == ["baseline", "week2", "month6"]
    assert table["visit_as_given"].tolist() == ["PRE", "2w", "Month6"]


def test_any_other_column_is_carried_along(folder):
    rows = [
        GOOD[0] + "\tage\tcentre",
        *(f"{row}\t{age}\tüß" for row, age in zip(GOOD[1:], ("41.5", "", "Unknown"), strict=True)),
    ]
    table = sheet.read_sheet(write(folder, *rows), visits=VISITS)
    assert table["centre"].tolist() == ["üß"] * 3
    assert table["age"].tolist() == ["41.5", "", "unknown"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_marks_line_ends_comments_quotes_and_trailing_tabs(folder, end):
    lines = [
        "# a comment",
        GOOD[0] + "\tnote\t\t",
        '"D1_base"\tD1\tbaseline\ta.h5\t"one, ""two"""',
        "\t\t\t",
        "  # another",
        "D1_w2\tD1\tweek2\tb.h5",
        "",
        " D2_base \tD2\tbaseline\tsub/c\tx\t\t",
    ]
    table = sheet.read_sheet(write(folder, *lines, end=end, encoding="utf-8-sig"), visits=VISITS)
    assert table["sample"].tolist() == ["D1_base", "D1_w2", "D2_base"]
    assert table["note"].tolist() == ['one, "two"', "", "x"]


def test_absolute_paths_stay(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "x.h5"
    elsewhere.touch()
    table = sheet.read_sheet(write(folder, *GOOD, f"E\tD3\tweek2\t{elsewhere}"), visits=VISITS)
    assert table["path"].tolist()[-1] == str(elsewhere)


ROW = "D3_w2\tD3\tweek2\td"


@pytest.mark.parametrize(
    ("header", "row", "column", "words"),
    [
        ("", "\tD3\tweek2\tx.h5", "sample", "empty"),
        ("", "D3_w2\t\tweek2\tx.h5", "donor", "empty"),
        ("", "D3_w2\tD3\t \tx.h5", "visit", "empty"),
        ("", "D3_w2\tD3\tweek2", "path", "empty"),
        ("", "D1_w2\tD3\tweek2\tx.h5", "sample", "'D1_w2' is also the sample of row 3"),
        ("", "../w2\tD3\tweek2\tx.h5", "sample", "'../w2' cannot be the name of a sample"),
        ("", ".w2\tD3\tweek2\tx.h5", "sample", "'.w2' cannot"),
        ("", "-w2\tD3\tweek2\tx.h5", "sample", "'-w2' cannot"),
        ("", "w 2\tD3\tweek2\tx.h5", "sample", "'w 2' cannot"),
        ("", "w²\tD3\tweek2\tx.h5", "sample", "'w²' cannot"),
        ("", "w2\tD3,D4\tweek2\tx.h5", "donor", "'D3,D4' cannot be the name of a donor"),
        ("", "D3_w2\tD3\tweek 2\tx.h5", "visit", "'week 2' is no visit of this study"),
        ("", "D3_w2\tD3\tweek 2\tx.h5", "visit", "Did you mean 'week2'?"),
        ("", "D3_w2\tD3\tzzz\tx.h5", "visit", "baseline (or 0M, base, pre); week2 (or 2W); month6."),
        ("", "D3_w2\tD1\t2W\tx.h5", "visit", "donor 'D1' already has visit 'week2', in row 3. If both"),
        ("", "D3_w2\tD3\tweek2\tgone.h5", "path", "gone.h5 is not there"),
        ("", f"D3_w2\tD3\tweek2\t{'x' * 5000}", "path", "x is not there"),
        ("", "D3_w2\tD3\tweek2\tb.h5", "path", "b.h5 is also in row 3"),
        ("", "D3\tD3\tweek2\tx.h5\tmore", "", "5 cells under 4 column names"),
        ("\tformat", "D3\tD3\tweek2\tx.h5\t10xh5", "format", "Did you mean '10x_h5'?"),
        ("\tage", "D3\tD3\tweek2\tx.h5\t41 years", "age", "'41 years' is no number of zero or more"),
        ("\tage", "D3\tD3\tweek2\tx.h5\t-1", "age", "'-1' is no number"),
        ("\tage", "D3\tD3\tweek2\tx.h5\tinf", "age", "'inf' is no number"),
        ("\thours_since_steroid", "D3\tD3\tweek2\tx.h5\t2,5", "hours_since_steroid", "'2,5'"),
        ("\tdays_since_first_infusion", f"{ROW}\tday 4", "days_since_first_infusion", "'day 4' is no"),
        ("\tlymphocytes_per_ul", f"{ROW}\t1.2k", "lymphocytes_per_ul", "'1.2k' is no number"),
        ("\tHours since steroid", f"{ROW}\t1", "Hours since steroid", "name as 'hours_since_steroid'"),
        ("\tvisit_as_given", f"{ROW}\tx", "visit_as_given", "Rename it"),
        ("\tdonor", f"{ROW}\tx", "donor", "named twice"),
        ("\t\tage", f"{ROW}\tx\t4", "", "a column without a name"),
    ],
)  # fmt: skip
def test_one_bad_row(folder, header, row, column, words):
    for name in ("x.h5", "d"):
        (folder / name).touch()
    problems = refusal(folder, GOOD[0] + header, *GOOD[1:], row)
    assert len(problems) == 1
    # What is wrong with a header is told of its row, anything else of the row added.
    of_header = "ename it" in problems[0] or "write this column" in problems[0]
    place = f"row {1 if of_header else 5}" + (f", column {column}" if column else "")
    assert problems[0].startswith(f"{place}: ")
    assert words in problems[0]


def test_every_problem_is_told_at_once_in_the_order_of_the_file(folder):
    lines = ("sample\tdoner\tvisit\tpath\tage", "A\tD1\twk2\tgone.h5\told", "A\tD1\tweek2\ta.h5\t3")
    problems = refusal(folder, *lines)
    assert [line.split(": ")[0] for line in problems] == [
        "row 1",
        "row 2, column age",
        "row 2, column visit",
        "row 2, column path",
        "row 3, column sample",
    ]
    assert problems[0] == (
        "row 1: column 'donor' is missing; found sample, doner, visit, path, age. Did you mean 'doner'? "
        "Name every required column: sample, donor, visit, path."
    )


def test_rows_are_numbered_as_in_the_file(folder):
    problems = refusal(folder, "# one", GOOD[0], "", *GOOD[1:], "# more", "E\tD3\tweek2\tgone.h5")
    assert problems[0].startswith("row 8, column path: ")


def test_libraries_of_one_visit_are_named(folder):
    header = f"{GOOD[0]}\tlibrary"
    rows = ("A\tD1\tbaseline\ta.h5\tL1", "B\tD1\tbaseline\tb.h5\tL2")
    assert sheet.read_sheet(write(folder, header, *rows), visits=VISITS)["library"].tolist() == ["L1", "L2"]
    for second in ("L1", ""):
        (problem,) = refusal(folder, header, rows[0], f"B\tD1\tbaseline\tb.h5\t{second}")
        assert "donor 'D1' already has visit 'baseline', in row 2. If both rows are libraries" in problem


def test_samples_may_share_a_file_when_their_cells_are_named(folder):
    header = f"{GOOD[0]}\tcells"
    rows = ("A\tD1\tbaseline\ta.h5\tdonor=D1; visit=0M", "B\tD1\tweek2\ta.h5\tdonor=D1;visit=W2")
    assert len(sheet.read_sheet(write(folder, header, *rows), visits=VISITS)) == 2
    same = "B\tD1\tweek2\ta.h5\tvisit=0M;donor=D1"
    assert "a.h5 is also in row 2" in refusal(folder, header, rows[0], same)[0]
    (problem,) = refusal(folder, header, rows[0], "B\tD1\tweek2\tb.h5\tdonor")
    assert problem.startswith("row 3, column cells: 'donor' does not read like 'sample_id=P01'")


def test_a_checksum_is_one(folder):
    row = "A\tD1\tbaseline\ta.h5\t{}"
    header = f"{GOOD[0]}\tsha256"
    assert len(sheet.read_sheet(write(folder, header, row.format("0aF" * 21 + "1")), visits=VISITS)) == 1
    (problem,) = refusal(folder, header, row.format("abc"))
    assert "'abc' is no SHA-256" in problem


def test_donors_are_translated(folder):
    path = write(folder, GOOD[0], "A\tpt-1\tbaseline\ta.h5", "B\t001\tweek2\tb.h5")
    table = sheet.read_sheet(path, visits=VISITS, donors={"D1": ["PT-1", "001"]})
    assert table["donor"].tolist() == ["D1", "D1"]
    with pytest.raises(sheet.SheetError, match="gives '001' to 'D1' and to 'D2'"):
        sheet.read_sheet(path, visits=VISITS, donors={"D1": ["pt-1", "001"], "D2": ["001"]})


def test_donor_and_visit_are_read_off_the_sample(folder):
    pattern = "(?P<donor>[^_]+)_(?P<visit>.+)"
    path = write(folder, "sample\tpath", "D1_0M\ta.h5", "D1_2W\tb.h5")
    table = sheet.read_sheet(path, visits=VISITS, pattern=pattern)
    assert table[["donor", "visit"]].to_numpy().tolist() == [["D1", "baseline"], ["D1", "week2"]]
    path = write(folder, "sample\tpath", "D1_0M\ta.h5", "D1-2W\tb.h5")
    with pytest.raises(sheet.SheetError, match=r"row 3, column sample: 'D1-2W' does not fit"):
        sheet.read_sheet(path, visits=VISITS, pattern=pattern)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("",), "empty. Write a header with sample, donor, visit, path"),
        (("# nothing",), "empty."),
        ((GOOD[0],), "no samples below the header"),
        (("sample,donor,visit,path", "A,D1,week2,a.h5"), "row 1: separated by commas"),
    ],
)
def test_no_table(folder, lines, words):
    assert words in refusal(folder, *lines)[0]


def test_not_utf8(folder):
    assert "not UTF-8 text, but in UTF-16" in refusal(folder, *GOOD, encoding="utf-16")[0]
    latin = refusal(folder, *(row.replace("D1", "Bjørn") for row in GOOD), encoding="latin-1")[0]
    assert "not UTF-8 text (byte" in latin


def test_sheet_that_is_not_there(tmp_path):
    with pytest.raises(
        sheet.SheetError, match=re.escape(f"{tmp_path / 'no.tsv'}: cannot be read (No such file")
    ):
        sheet.read_sheet(tmp_path / "no.tsv", visits=VISITS)


def test_alias_of_two_visits(folder):
    (problem,) = refusal(folder, *GOOD, visits={"baseline": ["pre"], "week2": ["PRE"]})
    assert problem == "'visits' in the config gives 'PRE' to 'baseline' and to 'week2'. Remove one."


def test_import_is_light_enough_for_parsing():
    code = "import sys; from cd20scope.study import sheet; print({'h5py', 'scipy', 'anndata'} & set(sys.modules))"
    paths = {"PYTHONPATH": str(ROOT / "scripts")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=paths, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


SHA = "0a" * 32


def test_addresses_stay_as_they_are_and_need_a_checksum(folder):
    head = GOOD[0] + "\tsha256"
    rows = ("A\tD1\tbaseline\thttps://host/a.h5\t" + SHA, "B\tD1\tweek2\ts3://bucket/run/b.h5\t" + SHA)
    table = sheet.read_sheet(write(folder, head, *rows), visits=VISITS)
    assert table["path"].tolist() == ["https://host/a.h5", "s3://bucket/run/b.h5"]
    assert [sheet.is_remote(path) for path in (*table["path"], "a.h5", "s3://bucket", "ftp://host/a.h5")] == [
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("path", "sha256", "column", "words"),
    [
        ("https://host/a.h5", "", "sha256", "must be compared with a checksum"),
        ("ftp://host/a.h5", SHA, "path", "no address that files are fetched from"),
        ("s3://bucket", SHA, "path", "no address that files are fetched from"),
        ("s3://bucket/folder/", SHA, "path", "a folder cannot be fetched"),
        ("https://host/x_matrix.mtx.gz", SHA, "path", "a folder cannot be fetched"),
    ],
)
def test_addresses_that_cannot_be_fetched(folder, path, sha256, column, words):
    found = refusal(folder, GOOD[0] + "\tsha256", f"A\tD1\tbaseline\t{path}\t{sha256}")
    assert any(line.startswith(f"row 2, column {column}: ") and words in line for line in found)


def test_one_address_has_one_checksum(folder):
    rows = [
        f"{s}\tD1\t{v}\ts3://b/all.h5ad\tv={v}\t{sha}"
        for s, v, sha in (("A", "0M", SHA), ("B", "2W", "0b" * 32))
    ]
    (line,) = refusal(folder, GOOD[0] + "\tcells\tsha256", *rows)
    assert line.startswith("row 3, column sha256: s3://b/all.h5ad has another SHA-256")


def test_the_unfiltered_matrix_stands_beside_the_filtered_one(folder):
    head = GOOD[0] + "\traw"
    table = sheet.read_sheet(write(folder, head, "A\tD1\tbaseline\ta.h5\tb.h5"), visits=VISITS)
    assert table["raw"].tolist() == [str(folder / "b.h5")]
    for raw, words in (("gone.h5", "gone.h5 is not there"), ("a.h5", "the same file as in the column path")):
        (line,) = refusal(folder, head, f"A\tD1\tbaseline\ta.h5\t{raw}")
        assert line.startswith("row 2, column raw: ")
        assert words in line


def test_a_column_of_samples_twice_where_donors_are_read_off_them(tmp_path):
    path = tmp_path / "samples.tsv"
    path.write_text("sample\tsample\tpath\nP1_0M\tP2_0M\ta.h5\n")
    with pytest.raises(sheet.SheetError, match=r"row 1, column sample: a column named twice"):
        sheet.read_sheet(path, visits=VISITS, pattern="(?P<donor>[^_]+)_(?P<visit>.+)")
