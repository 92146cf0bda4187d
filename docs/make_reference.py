"""Write config/config.yaml and config/README.md from the schema of the configuration: `make reference`."""

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]

CONFIG_HEAD = """\
## Settings of a run. Only `samples` is needed; every other key is shown with its default, commented out.
## To change a value, take the `#` off its line and off the line of its section.
## Threads, memory and folders belong to the profile and the command line, not here.
"""

README_HEAD = """\
# Configuration

A study is described by one YAML file, given with `--configfile`. It may hold nothing but the sample sheet:

    samples: path/to/samples.tsv

Every other key has a default. `config.yaml` beside this page shows them all, commented out. Unknown keys are refused, with
the key that was probably meant. Paths are looked up from the working directory (`--directory`), then from the folder of the
configuration file.

## Keys

| key | default | meaning |
|---|---|---|
"""

README_TAIL = """
## Catalogues

Three catalogues say what is looked for. Each is checked whole before a run; a path under `catalogues:` replaces one.

| file | holds | schema |
|---|---|---|
| `populations.yaml` | the population tree: markers, Cell Ontology ids, sources, denominators | `workflow/schemas/populations.schema.yaml` |
| `programs.yaml` | gene programmes, and the cells in which each is scored | `workflow/schemas/programs.schema.yaml` |
| `hypotheses.yaml` | the pre-specified hypotheses: endpoint, contrast, direction, margin, family, source | `workflow/schemas/hypotheses.schema.yaml` |

## Sample sheet

`samples.tsv` is tab-separated, one row per count matrix. `sample`, `donor`, `visit` and `path` are needed; paths are relative to
the sheet. `workflow/schemas/samples.schema.yaml` describes every column, needed or not; any other column is carried along.
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
    """Rows of the table of keys."""
    for key, part in schema["properties"].items():
        value = f"`{flow(part['default'])}`" if "default" in part and not part.get("properties") else ""
        yield f"| `{above}{key}` | {value} | {' '.join(part['description'].split())} |"
        if part.get("properties"):
            yield from readme_rows(part, f"{above}{key}.")


def main() -> None:
    """Write both files."""
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
    config = CONFIG_HEAD + "\n".join(config_lines(schema)) + "\n"
    (ROOT / "config/config.yaml").write_text(config, encoding="utf-8")
    readme = README_HEAD + "\n".join(readme_rows(schema)) + "\n" + README_TAIL
    (ROOT / "config/README.md").write_text(readme, encoding="utf-8")


if __name__ == "__main__":
    main()
