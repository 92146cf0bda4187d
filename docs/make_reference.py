"""Write config/config.yaml and config/README.md from the schema of the configuration: `make reference`."""

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]

CONFIG_HEAD = """\
## Settings of a run. Only `samples` is required; all other keys are shown with their defaults, commented out.
## To change a value, remove the `#` from its line and from the line of its section.
## Threads, memory and folders are set by the profile and the command line.
"""

README_HEAD = """\
# Configuration

A study is described by one YAML file, given with `--configfile`. The sample sheet is enough:

    samples: path/to/samples.tsv

All other keys have defaults, which `config.yaml` in this folder lists. Unknown keys are refused, with a suggestion of the
intended key. Relative paths are searched for in the working directory (`--directory`), then in the folder of the configuration file.

## Keys

| key | default | meaning |
|---|---|---|
"""

README_TAIL = """
## Catalogues

Three catalogues define populations, gene programmes and pre-specified questions. They are checked before a run; a path under `catalogues:`
replaces the shipped file. Populations, lineages and their order come from `populations.yaml`, so a laboratory can add or leave out populations.

| file | content | schema |
|---|---|---|
| `populations.yaml` | population tree: markers, Cell Ontology ids, sources, denominators | `workflow/schemas/populations.schema.yaml` |
| `programs.yaml` | gene programmes and the cells in which they are scored | `workflow/schemas/programs.schema.yaml` |
| `hypotheses.yaml` | pre-specified questions, each with the claims on its estimate: endpoint, contrast, family; direction, margin, source | `workflow/schemas/hypotheses.schema.yaml` |

### Adding or leaving out populations

Copy `populations.yaml`, edit the copy, and name it: `catalogues: {populations: mine.yaml}`. Names of lineages, populations,
subsets and sets are free; their order is that of tables and figures.

- **Add a population**: a node with `level: population`, its `lineage`, markers, the `denominator` of its share, and a Cell
  Ontology id; then its name among the members of the sets that hold it (`PBMC`, `non-B PBMC`, `T cells`, ...).
- **Leave one out**: remove its node, its subsets, and its name from the sets. Programmes are no longer scored in it, and
  questions on it end as "not testable", with that reason. Where a set is left with one population, that population needs
  another denominator.
- **Split one**: give each part a node, and define a set with the old name. Whatever is asked of the old population is then
  asked of the set; its subsets, as `NK / CD56bright`, are gone, and what is asked of them ends as "not testable".
- **Roles** tell the workflow what it must know whatever the names are. Needed: a lineage with `role: B` (with
  `role: plasma` at plasma cells, which the treatment spares), a set with `role: mononuclear`, and one with `role: B cells`.
  T lineages have `CD4 T`, `CD8 T` or `other T`; with them CD20+ T cells and ambient RNA are looked for.
- A lineage left out whole is refused while questions ask about it: give a catalogue without them.
- A name that neither your tree nor the shipped one knows is refused, with its line.
- `colour` sets a colour; a population without one is given one that colour-blind readers can tell from the others. The
  built-in cohort is drawn from your tree too, by `typical_share`.

## Sample sheet

`samples.tsv` is tab-separated, with one row per count matrix. Paths are relative to the sheet; further columns are allowed and kept.
`donor` and `visit` may be left out if `ingest.sample_pattern` is given.

| column | required | meaning |
|---|---|---|
"""


def flow(value: Any) -> str:  # noqa: ANN401 - any YAML value
    """Write a value on one line of YAML."""
    return (
        yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False)
        .removesuffix("\n")
        .removesuffix("\n...")
        .strip()
    )


def comment(text: str, indent: str = "") -> list[str]:
    """Wrap a description into comment lines."""
    return [f"##{indent} {line}" for line in textwrap.wrap(" ".join(text.split()), 112 - len(indent))]


def config_lines(schema: dict[str, Any]) -> Iterator[str]:
    """Lines of config.yaml."""
    for key, part in schema["properties"].items():
        if "default" not in part:
            continue
        yield ""
        yield from comment(part["description"])
        if part.get("properties"):
            yield f"#{key}:"
            for name, below in part["properties"].items():
                if "default" in below:
                    yield from comment(below["description"], "  ")
                    yield f"#  {name}: {flow(below['default'])}"
                else:
                    keys = ", ".join(below["properties"])
                    yield from comment(f"{name}: {{{keys}}}, no default. {below['description']}", "  ")
        elif isinstance(part["default"], dict) and part["default"]:
            yield f"#{key}:"
            yield from (f"#  {name}: {flow(value)}" for name, value in part["default"].items())
        elif key == "samples":
            yield f"{key}: {flow(part['default'])}"
        else:
            yield f"#{key}: {flow(part['default'])}"


def readme_rows(schema: dict[str, Any], above: str = "") -> Iterator[str]:
    """Rows of the table of configuration keys."""
    for key, part in schema["properties"].items():
        value = f"`{flow(part['default'])}`" if "default" in part and not part.get("properties") else ""
        yield f"| `{above}{key}` | {value} | {' '.join(part['description'].split())} |"
        if part.get("properties"):
            yield from readme_rows(part, f"{above}{key}.")


def sheet_rows(schema: dict[str, Any]) -> Iterator[str]:
    """Rows of the table of the sheet's columns."""
    for column, part in schema["properties"].items():
        required = "yes" if column in schema["required"] else ""
        yield f"| `{column}` | {required} | {' '.join(part['description'].split())} |"


def main() -> None:
    """Write both files."""
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
    config = CONFIG_HEAD + "\n".join(config_lines(schema)) + "\n"
    (ROOT / "config/config.yaml").write_text(config, encoding="utf-8")
    sheet = yaml.safe_load((ROOT / "workflow/schemas/samples.schema.yaml").read_text(encoding="utf-8"))
    keys, columns = "\n".join(readme_rows(schema)), "\n".join(sheet_rows(sheet))
    readme = f"{README_HEAD}{keys}\n{README_TAIL}{columns}\n"
    (ROOT / "config/README.md").write_text(readme, encoding="utf-8")


if __name__ == "__main__":
    main()
