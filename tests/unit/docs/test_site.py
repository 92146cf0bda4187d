"""The site holds every page, and links of the pages lead to headings, in the repository as on the site.

That it is built without a warning is seen by `.ci/run`, in the environment of the site.
"""

import ast
import os
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
HOOKS = ast.parse((ROOT / "docs/site_hooks.py").read_text(encoding="utf-8"))
PAGES = next(
    ast.literal_eval(node.value)
    for node in HOOKS.body
    if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "PAGES"
)
"""Texts outside docs/ that are pages of the site, and their names there."""
TEXTS = [*sorted((ROOT / "docs").glob("*.md")), *(ROOT / name for name in PAGES)]


class Loader(yaml.SafeLoader):
    """Reads the settings of the site; what they ask Python for is left out."""


Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


def pages_of(nav):
    """Pages that a navigation names, in their order."""
    for entry in nav:
        for value in entry.values():
            yield from [value] if isinstance(value, str) else pages_of(value)


def test_the_navigation_names_every_page_once():
    settings = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader)
    named = list(pages_of(settings["nav"]))
    own = [path.name for path in (ROOT / "docs").glob("*.md")]
    assert sorted(named) == sorted([*own, *PAGES.values()])
    assert settings["strict"] is True
    assert settings["theme"]["font"] is False


def anchors(path):
    """Anchors of the headings of a text, as a repository shows them."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_to_headings_lead_to_one(path):
    text = path.read_text(encoding="utf-8")
    wrong = []
    for target, anchor in re.findall(r"\]\(([^):#\s]*)#([^)\s]+)\)", text):
        page = Path(os.path.normpath(path.parent / target)) if target else path
        if page.suffix == ".md" and anchor not in anchors(page):
            wrong.append(f"{target}#{anchor}")
    assert wrong == []


def test_a_wrong_anchor_would_be_seen():
    assert "what-results-depend-on" in anchors(ROOT / "docs/cluster.md")
    assert "what-results-hang-on" not in anchors(ROOT / "docs/cluster.md")


def test_pins_of_the_site_name_no_host():
    text = (ROOT / "requirements-docs.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert text.count("--hash=sha256:") > text.count("==")


def test_the_study_of_200_samples_is_computed_from_the_measured_times():
    number = r"([\d.]+)"
    pages = [
        " ".join((ROOT / f"docs/{name}.md").read_text(encoding="utf-8").split())
        for name in ("performance", "cluster")
    ]
    measured = re.search(
        rf"{number} seconds of one core for a sample of 1,000 cells.*? and {number} seconds for 22,000 cells.*?"
        rf"{number} minutes of job time at 45,000 cells and {number} minutes at one million",
        pages[0],
    )
    repeated = re.search(
        rf"{number} and {number} seconds of one core for a sample of 1,000 and 22,000 cells; "
        rf"{number} and {number} minutes for the joint steps",
        pages[1],
    )
    assert repeated.groups() == measured.groups()
    small, large, few, many = map(float, measured.groups())
    sample = small + (large - small) * (8_000 - 1_000) / (22_000 - 1_000)
    joint = few + (many - few) * (1_600_000 - 45_000) / (1_000_000 - 45_000)
    assert f"half of {sample:.0f} s" in pages[1]
    assert f"{joint:.0f} min in all" in pages[1]
    assert f"= {200 * (round(sample) + 10) / 60:.0f} minutes for the samples" in pages[1]
