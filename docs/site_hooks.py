"""What the site shows beside the pages of this folder: texts of the repository, the library's API and an example.

MkDocs calls these functions (``hooks`` of ``mkdocs.yml``). Pages link to each other as in the repository; here these
links are brought to the site.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Link, Navigation, Section
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "config/README.md": "configuration.md",
    "config/profiles.md": "profiles.md",
}
"""Texts outside this folder that are pages of the site."""
LIBRARY = ROOT / "scripts/cd20scope"
EXAMPLE = {
    "results/report/report.html": ("example/report.html", "Example report"),
    "results/preflight/preflight.html": ("example/preflight.html", "Example preflight"),
}
"""Pages of the built-in cohort, shown where ``make demo`` has made them."""
LINK = re.compile(r"(\]\()([^):#\s]+)((?:#[^)\s]*)?\))")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the API to the navigation: one page per room of the library."""
    rooms = {"API of the library": [{room.name: f"api/{room.name}.md"} for room in rooms_of_library()]}
    next(part for part in config.nav if "Develop" in part)["Develop"].append(rooms)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add texts of the repository, files that pages link to, the API and the example."""
    sources = {path: f"docs/{path}" for path in (file.src_uri for file in files.documentation_pages())}
    sources |= {page: name for name, page in PAGES.items()}
    for name, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / name).read_text(encoding="utf-8")))
    for name in sorted({name for page, source in sources.items() for name in linked(source)}):
        files.append(File.generated(config, f"repository/{name}", content=(ROOT / name).read_bytes()))
    for page, text in api_pages():
        files.append(File.generated(config, page, content=text))
    for name, (page, _) in EXAMPLE.items():
        if (ROOT / name).exists():
            files.append(File.generated(config, page, content=(ROOT / name).read_bytes()))
    return files


def linked(source: str) -> Iterator[str]:
    """Files of the repository, no pages of the site, that a text links to."""
    for _, target, _ in LINK.findall((ROOT / source).read_text(encoding="utf-8")):
        name = os.path.normpath(PurePosixPath(source).parent / target)
        if name not in PAGES and not name.startswith("docs/") and (ROOT / name).is_file():
            yield name


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Bring links between files of the repository to the site."""
    source = {page: name for name, page in PAGES.items()}.get(page.file.src_uri, f"docs/{page.file.src_uri}")

    def bring(match: re.Match[str]) -> str:
        name = os.path.normpath(PurePosixPath(source).parent / match[2])
        target = PAGES.get(name) or name.removeprefix("docs/")
        if not name.startswith("docs/") and name not in PAGES:
            target = f"repository/{name}"
        here = PurePosixPath(page.file.src_uri).parent
        return f"{match[1]}{os.path.relpath(target, here)}{match[3]}"

    return LINK.sub(bring, markdown)


def rooms_of_library() -> list[Path]:
    """Folders of the library, one per step."""
    return sorted(path.parent for path in LIBRARY.glob("*/__init__.py"))


def api_pages() -> Iterator[tuple[str, str]]:
    """One page per room of the library, each module below its name."""
    for room in rooms_of_library():
        parts = [f"# {room.name}\n"]
        for path in sorted(room.rglob("*.py")):
            module = ".".join(path.relative_to(LIBRARY.parent).with_suffix("").parts)
            if path.name != "__init__.py":
                parts.append(f"::: {module}\n")
        yield f"api/{room.name}.md", "\n".join(parts)


def on_nav(nav: Navigation, **_: object) -> Navigation:
    """Add the designs, a part of a page, and the example to the navigation."""
    use = next(item for item in nav.items if isinstance(item, Section) and item.title == "Use")
    use.children.insert(1, Link("Designs", "your-data.html#designs"))
    example = [Link(title, page) for name, (page, title) in EXAMPLE.items() if (ROOT / name).exists()]
    use.children[3:3] = example
    return nav


ROLE = re.compile(r":(?:func|class|mod|data|meth|attr|exc):<code>~?([^<]+)</code>")


def on_page_content(html: str, **_: object) -> str:
    """Show names in docstrings without the marks of Sphinx."""
    return ROLE.sub(lambda match: f"<code>{match[1].rsplit('.', 1)[-1]}</code>", html)
