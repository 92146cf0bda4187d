"""YAML that would not end, or whose keys are no text, told before it is used."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from cd20scope.study.text import TextError, read_text

Place = tuple[str | int, ...]
Problem = tuple[Place, str]

MOST_NODES = 100_000
"""Values of a file with its aliases written out; the largest shipped catalogue has 4,000."""
DEEPEST = 40


def check_size(root: yaml.Node | None) -> None:
    """Refuse text that a few aliases make endless: values that hold themselves, or many times as many as are written.

    Raises
    ------
    ValueError
    """
    sizes: dict[int, int] = {}

    def size(node: yaml.Node, above: frozenset[int]) -> int:
        if id(node) in above:
            raise ValueError(f"line {node.start_mark.line + 1}: a value that holds itself")
        if len(above) > DEEPEST:
            raise ValueError(f"line {node.start_mark.line + 1}: nested more than {DEEPEST} deep")
        if id(node) not in sizes:
            inside = above | {id(node)}
            parts = (
                [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else []
            )
            parts = node.value if isinstance(node, yaml.SequenceNode) else parts
            sizes[id(node)] = 1 + sum(size(part, inside) for part in parts)
        if sizes[id(node)] > MOST_NODES:
            raise ValueError(
                f"line {node.start_mark.line + 1}: more than {MOST_NODES:,} values, aliases written out"
            )
        return sizes[id(node)]

    if root is not None:
        size(root, frozenset())


def check_file(path: Path) -> None:
    """Check that a file is YAML that ends, before Snakemake reads it: it names neither file nor line.

    Raises
    ------
    TextError
    """
    text = read_text(path)
    try:
        check_size(yaml.compose(text, Loader=yaml.SafeLoader))
        yaml.safe_load(text)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise TextError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None


def odd_keys(node: yaml.Node | None, place: Place) -> Iterator[Problem]:
    """Find keys that are no text: YAML takes 0 and yes for other things, and they would fit no name."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.tag not in ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"):
                shown = key.value if isinstance(key, yaml.ScalarNode) else "a list or mapping"
                yield (*place, shown), f"the key {shown} is no text. Put it in quotes."
            else:
                yield from odd_keys(value, (*place, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            yield from odd_keys(value, (*place, i))
