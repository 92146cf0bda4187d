"""Journal English: wordings that readers stumbled over do not come back to templates, captions and modules."""

import re
from pathlib import Path

import pytest
from report_page import FOLDER

ROOT = Path(__file__).resolve().parents[3]
SOURCES = sorted(
    [
        *FOLDER.glob("*.j2"),
        *FOLDER.glob("*.rst"),
        *(ROOT / "scripts/cd20scope/report").rglob("*.py"),
        *(ROOT / "scripts/cd20scope/verdict").rglob("*.py"),
    ]
)
OLD = (
    r"what it is said to do",
    r"\bits kin\b",
    r"\brobustness arms?\b",
    r"\bHolds in\b",
    r"\bthe same verdict in\b",
    r"could not be tested: ",
    r"below what the cells can show",
    r"\bfell to at most\b",
    r"\bwritten down before the run\b",
    r"\bthe chance of any false\b",
    r"\bCould show\b",
    r"\bBeside it\b",
    r"\bAsked</dt>",
    r"\bwent to\b",
    r"\beye only\b",
    r"\bno number (of this report )?rests on\b",
    r"\bwhen pointed at\b",
    r"\b[Cc]learest\b",
    r"\bof like expression\b",
    r"\binterval (holds|excludes) no change\b",
    r"\b[Ee]xplained by steroids\b",
    r"\bpatterns of (exchanged|flipped) visits\b",
    r"\bsupported by chance\b",
    r"\bTime and treatment are one\b",
    r"\btaken over from a B cell\b",
    r"\bSwapped samples</h3>",
    r"\bTables to save\b",
    r"\bstand inside this file\b",
    r"\bOn paper:",
    r"\bNumbers, not shares\b",
    r"\bFractions alone cannot\b",
    r"\blabels that may mislead\b",
    r"\bpre-specified questions\b",
    r"% CI at most\b",
)
"""Wordings, each with a better one in its place; as regular expressions."""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_old_wordings_are_gone(path):
    text = " ".join(path.read_text(encoding="utf-8").split())
    assert [match[0] for phrase in OLD for match in re.finditer(phrase, text)] == []


def test_the_old_wordings_are_found_where_they_are():
    text = "Holds in 7 of 8 robustness arms. Beside it: x. Could show: y. On paper: all. Time and treatment are one"
    assert sum(bool(re.search(phrase, text)) for phrase in OLD) == 6
