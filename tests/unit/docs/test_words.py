"""Texts for users: length of the README, commands and paths that exist, and plain language."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TEXTS = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "scripts/cli.py")),
        *(ROOT / name for name in ("config/README.md", "config/config.yaml", "config/demo.yaml")),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "workflow/report").glob("*.rst"),
    ]
)
BANNED = (
    r"(what|as) is (said|told)",
    r"(is|are) (said|told) (of|to)",
    r"\bmade to\b",
    r"\band (its|their) kin\b",
    r"\bfewest\b",
    r"\bmost (cells|patterns)\b",
    r"\bheld against\b",
    r"\basked (again|under)\b",
    r"\blooked up like\b",
    r"\bin disguise\b",
    r"\breader's eye\b",
    r"\bmade anew\b",
    r"\.\./shared",
)
"""Phrases that read as riddles or name a folder that users do not have."""

TOP = "scripts|workflow|docs|config|tests|envs"


def named_paths(text: str) -> set[str]:
    """Paths of the repository in code marks and links; those with placeholders are left out."""
    marked = re.findall(r"`([^`\n]+)`", text) + re.findall(r"\]\(([^)#\s]+)", text)
    paths = {
        word for words in marked for word in words.split() if re.match(rf"(({TOP})/|[A-Z])[\w./-]*$", word)
    }
    return {path for path in paths if "/" in path or path.endswith((".md", ".cff"))}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_texts_for_users_are_plain(path):
    text = " ".join(path.read_text(encoding="utf-8").split())
    found = [match[0] for phrase in BANNED for match in re.finditer(phrase, text, flags=re.I)]
    assert found == []


def test_the_phrases_are_found_where_they_are():
    line = "Ocrelizumab and its kin do what is said of them; the fewest cells are asked under flips."
    assert sum(bool(re.search(phrase, line, flags=re.I)) for phrase in BANNED) == 5


def test_the_readme_fits_120_lines():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_make_command_exists(name):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M))
    text = (ROOT / name).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^ +)make ([a-z-]+)", text, flags=re.M))
    assert len(named) >= 3
    assert named <= targets


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_path_exists(name):
    paths = named_paths((ROOT / name).read_text(encoding="utf-8"))
    assert len(paths) >= 5
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_the_map_names_every_room():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = {path.parent.name for path in (ROOT / "scripts/cd20scope").glob("*/__init__.py")}
    assert rooms == set(re.findall(r"^\| `(\w+)` \|", text.split("## How to add")[0], flags=re.M))


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_links_between_pages_lead_somewhere(path):
    links = re.findall(r"\]\(([^):#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []
