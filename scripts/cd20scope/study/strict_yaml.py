"""YAML that people write by hand: read against a schema, with every mistake answered at once and in words.

A message says the line, the place, what was found, what was probably meant and what to do.
"""

import copy
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml

from cd20scope.study.nearest import nearest
from cd20scope.study.yaml_bounds import Place, Problem, check_size, odd_keys

if TYPE_CHECKING:
    import jsonschema


class ConfigError(ValueError):
    """A configuration or catalogue cannot be used; the message lists every problem, ``problems`` holds each."""

    def __init__(self, name: str, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__("\n  - ".join([f"{name}: {count}", *self.problems]))


def read(
    text: str,
    *,
    schema: Mapping[str, Any],
    name: str,
    rules: Callable[[Mapping[str, Any]], Iterable[Problem]] = lambda _: (),
) -> dict[str, Any]:
    """Parse YAML text and check it.

    Parameters
    ----------
    text
        The text of the file.
    schema
        JSON schema (draft 2020-12) of a mapping; where a pattern fails, the ``description`` beside it says
        what was expected; ``former`` beside ``properties`` says of each key of an earlier version what to do.
    name
        File name for messages.
    rules
        Further checks. They see None in place of each value that failed the schema, so that one run shows the
        mistakes of both kinds.

    Returns
    -------
    The parsed text, nothing added and nothing changed.

    Raises
    ------
    ConfigError
        With all problems found, in the order of the file.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        check_size(root)
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # ValueError: a date that is none, a number of too many digits
        raise ConfigError(name, [f"not readable as YAML, {error}. Correct the text there."]) from error
    if not isinstance(data, dict):
        keys = ", ".join(schema.get("required", schema["properties"]))
        raise ConfigError(name, [f"found {show(data)} instead of a mapping. Start from the keys {keys}."])
    if odd := list(odd_keys(root, ())):
        raise ConfigError(name, [f"line {_line(root, place)}, {message}" for place, message in odd])
    broken = list(_validator()(schema).iter_errors(data))
    problems = [*_repeated_keys(root, ()), *(problem for error in broken for problem in _explain(error))]
    problems += rules(_blanked(copy.deepcopy(data), broken))
    found = sorted({(_line(root, place), _words(data, place), message) for place, message in problems})
    if found:
        raise ConfigError(name, [f"line {line}, {words}: {message}" for line, words, message in found])
    return data


def _validator() -> "type[jsonschema.Draft202012Validator]":
    """JSON schema in which a number is finite, as no bound holds nan, and a whole number is written as one."""
    import jsonschema  # only where a file is checked: every job imports this module

    draft = jsonschema.Draft202012Validator
    types = draft.TYPE_CHECKER.redefine("number", _is_number).redefine("integer", _is_integer)
    strict: type[jsonschema.Draft202012Validator] = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
        draft, type_checker=types
    )
    return strict


def _is_number(_: object, value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_integer(_: object, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def unknown(what: str, found: object, known: Iterable[str]) -> str:
    """Message for a name that is not among those known, with the nearest of them."""
    names = list(known)
    word = str(found).lower()
    near = [name for name in [nearest(word, names)] if name]
    near += [name for name in names if name.lower().startswith(word) or word.startswith(name.lower())]
    if near:
        return f'unknown {what} {show(found)}. Did you mean "{near[0]}"?'
    return f"unknown {what} {show(found)}. Choose from: {', '.join(names)}."


def show(value: object) -> str:
    """Text of a value for a message, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str, skipkeys=True)
    return text if len(text) <= 80 else f"{text[:77]}..."


def repeated(items: Iterable[Any]) -> list[Any]:
    """Items that occur more than once, each told once, in the order of their first repetition."""
    seen: list[Any] = []
    twice: list[Any] = []
    for item in items:
        (twice if item in seen and item not in twice else seen).append(item)
    return twice


def _explain(error: "jsonschema.ValidationError") -> Iterator[Problem]:
    """Words for one violation of a schema."""
    place: Place = tuple(error.absolute_path)
    rule = str(error.validator)
    found: Any = error.instance
    limit: Any = error.validator_value
    schema: Any = error.schema
    if found is None and rule in ("type", "enum"):
        yield place, "is empty (null). Write a value, or remove the key where it is optional."
    elif rule == "additionalProperties":
        keys, former = schema["properties"], schema.get("former", {})
        for key in (key for key in found if key not in keys):
            yield (
                (*place, key),
                f"a key of version 0.1. {former[key]}" if key in former else unknown("key", key, keys),
            )
    elif rule == "required":
        yield from ((place, f"the key {key} is missing. Add it.") for key in limit if key not in found)
    elif rule == "enum":
        yield place, unknown("value", found, map(str, limit))
    elif rule == "type":
        wanted = limit if isinstance(limit, str) else " or ".join(limit)
        yield place, f"found {show(found)}, expected {ARTICLES.get(wanted, wanted)}."
    elif rule in ("pattern", "anyOf"):
        yield place, f"found {show(found)}. Expected: {schema.get('description', limit)}"
    elif rule == "uniqueItems":
        yield place, f"{', '.join(map(show, repeated(found)))} listed more than once. Keep one."
    elif rule == "minItems":
        yield place, f"found {len(found)} of at least {limit} entries. Add what is missing."
    elif rule == "minLength":
        yield place, "is empty text. Write a value, or remove the key where it is optional."
    elif rule in ("minimum", "exclusiveMinimum"):
        bound = "at least" if rule == "minimum" else "above"
        yield place, f"found {show(found)}; it must be {bound} {limit}."
    elif rule in ("maximum", "exclusiveMaximum"):
        bound = "at most" if rule == "maximum" else "below"
        yield place, f"found {show(found)}; it must be {bound} {limit}."
    elif rule == "minProperties":
        yield (
            place,
            f"found {len(found)} of at least {limit} entries; what is given here replaces the default whole.",
        )
    else:
        yield place, f"{error.message}."


ARTICLES = {
    "array": "a list",
    "object": "a mapping of keys to values",
    "string": "text (put it in quotes)",
    "integer": "a whole number",
    "number": "a number",
}
"""Types of JSON schema in words."""


ABOUT_A_VALUE = (
    "type",
    "enum",
    "pattern",
    "minLength",
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "exclusiveMaximum",
)
"""Rules of JSON schema after whose violation the value itself cannot be used."""


def _repeated_keys(node: yaml.Node | None, place: Place) -> Iterator[Problem]:
    """Keys written twice in one mapping, of which YAML would silently keep the last."""
    if isinstance(node, yaml.MappingNode):
        for key in repeated(key.value for key, _ in node.value):
            yield (*place, str(key)), "the key is written more than once here. Keep one."
        for key, value in node.value:
            yield from _repeated_keys(value, (*place, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            yield from _repeated_keys(value, (*place, i))


def _blanked(data: dict[str, Any], broken: Sequence["jsonschema.ValidationError"]) -> dict[str, Any]:
    """Put None where a value is of a wrong kind, so that later checks pass over it."""
    for error in broken:
        if error.absolute_path and error.validator in ABOUT_A_VALUE:
            *above, last = error.absolute_path
            at: Any = data
            for step in above:
                at = at[step] if at is not None else None
            if at is not None:
                at[last] = None
    return data


def _line(node: yaml.Node | None, place: Place) -> int:
    """Line of a place in the text; of its nearest ancestor where the place itself is not there."""
    line = node.start_mark.line + 1 if node is not None else 1
    for step in place:
        if isinstance(node, yaml.MappingNode):
            pairs = [(key, value) for key, value in node.value if key.value == step]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            pairs = [(node.value[step], node.value[step])]
        else:
            pairs = []
        if not pairs:
            return line
        # the last of repeated keys is the one that counts
        key, node = pairs[-1]
        line = key.start_mark.line + 1
    return line


def _words(data: Any, place: Place) -> str:  # noqa: ANN401 - any YAML value
    """Say a place in words, as ``nodes[3] (Treg / naive) > markers[0]``."""
    words: list[str] = []
    for step in place:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            data = None
        if isinstance(step, int) and words:
            words[-1] += f"[{step}]{_label(data)}"
        else:
            words.append(str(step))
    return " > ".join(words) or "top level"


def _label(entry: object) -> str:
    """Name of a list entry that has one."""
    if not isinstance(entry, Mapping):
        return ""
    parts = [entry.get("parent")] if entry.get("level") == "subset" else []
    name = " / ".join(str(part) for part in [*parts, entry.get("name", entry.get("id"))] if part is not None)
    return f" ({name})" if name else ""
