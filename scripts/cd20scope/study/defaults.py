"""Defaults of the configuration, and what a run sets otherwise."""

from collections.abc import Mapping
from typing import Any


def of_schema(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Read the default of every setting that has one, of sections that a run need not have, too.

    Parameters
    ----------
    properties
        Of the JSON schema of the configuration.
    """
    return {
        key: of_schema(value["properties"]) if "properties" in value else value["default"]
        for key, value in properties.items()
        if {"default", "properties"} & set(value)
    }


def differing(
    config: Mapping[str, Any], defaults: Mapping[str, Any], *, above: str = ""
) -> list[tuple[str, str, str]]:
    """List the settings that a run does not leave at their defaults.

    Parameters
    ----------
    config
        Of a run, with the defaults filled in.
    defaults
        From :func:`of_schema`.

    Returns
    -------
    Name with its sections (``verdict.alpha``), default and value of the run as text, in the order of the
    configuration; without a default, that is empty.
    """
    found = []
    for key, value in config.items():
        default = defaults.get(key)
        if isinstance(value, Mapping) and isinstance(default, Mapping | None) and key != "visits":
            found += differing(value, default or {}, above=f"{above}{key}.")
        elif value != default:
            found.append((f"{above}{key}", flow(default), flow(value)))
    return found


def flow(value: object) -> str:
    """Write a value as in a line of the configuration; nothing for none."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {flow(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(flow, value))}]"
    return "" if value is None else str(value)
