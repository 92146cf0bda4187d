"""Judges of a cell's label: which are used, and what their labels mean in the population tree.

Besides the markers of this workflow a CellTypist model, a labelled reference or labels already in the input may
judge. Each speaks its own words; a mapping in the configuration brings them to populations and subsets. All that a
mistake in the configuration can break is looked at here, while Snakemake parses the workflow; hence nothing but the
standard library, pandas and yaml.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from cd20scope.schema import UNASSIGNED
from cd20scope.study import catalogue
from cd20scope.study.selectors import subset_selector
from cd20scope.study.strict_yaml import ConfigError, unknown

METHODS = ("markers", "celltypist", "reference", "obs")
"""What ``annotate.method`` may name."""

PICKLE = (
    "A CellTypist model is a pickle, and reading one runs whatever code it holds, so only a file whose checksum you "
    "state is opened"
)


class JudgeError(ValueError):
    """A file that a judge cannot use; the message has the file, the reason and what to do."""


def methods(given: str | list[str]) -> list[str]:
    """Judges in the order of the configuration; the first decides."""
    return [given] if isinstance(given, str) else list(given)


def check_settings(settings: Mapping[str, Any], *, populations: Mapping[str, Any]) -> None:
    """Check the judges of the section ``annotate`` beyond what its schema can.

    Parameters
    ----------
    settings
        The section, defaults filled in.
    populations
        The population tree.

    Raises
    ------
    ConfigError
        With every problem: a judge without its section, a model without checksum, a label that is mapped to what
        is no population or subset.
    """
    problems = [
        f"annotate > method: {judge} needs a section annotate > {judge}. Add it; config/README.md lists its keys."
        for judge in methods(settings["method"])
        if judge != "markers" and judge not in settings
    ]
    if "celltypist" in settings and "sha256" not in settings["celltypist"]:
        problems.append(
            f"annotate > celltypist: the key sha256 is missing. {PICKLE}. Take the checksum from the place that "
            "you trust for the model (sha256sum prints that of a file)."
        )
    known = targets(populations)
    for judge in METHODS:
        for label, target in settings.get(judge, {}).get("labels", {}).items():
            if target not in known:
                problems.append(
                    f"annotate > {judge} > labels > {label}: {unknown('population', target, known)}"
                )
    if problems:
        raise ConfigError("configuration", problems)


def read_label_map(path: Path, *, populations: Mapping[str, Any]) -> dict[str, str]:
    """Read a shipped translation of a model's labels, fitted to a population tree.

    Parameters
    ----------
    path
        YAML: population, "population / subset" or nothing by label.
    populations
        The population tree. A label of a subset that it lacks means the population; one of a population that it
        lacks means nothing.

    Returns
    -------
    dict
        Population, "population / subset" or unassigned by every label of the model.
    """
    known = targets(populations)
    stored: dict[str, str] = yaml.safe_load(path.read_text(encoding="utf-8"))
    fitted = {}
    for label, target in stored.items():
        nearest = [name for name in (target, target.split(" / ")[0]) if name in known]
        fitted[label] = nearest[0] if nearest else UNASSIGNED
    return fitted


def check_sum(path: Path | str, *, sha256: str, why: str = "") -> None:
    """Stop unless a file has the checksum that was stated for it.

    Raises
    ------
    JudgeError
    """
    with Path(path).open("rb") as file:
        require_sum(hashlib.file_digest(file, "sha256").hexdigest(), sha256=sha256, name=str(path), why=why)


def require_sum(found: str, *, sha256: str, name: str, why: str = "") -> None:
    """Stop unless a checksum is the one that was stated.

    Raises
    ------
    JudgeError
    """
    if found != sha256.lower():
        raise JudgeError(
            f"{name}: its sha256 is {found}, the configuration states {sha256}. {why + '. ' if why else ''}"
            "Fetch the file again, or correct the key if another file is meant and trusted."
        )


def targets(populations: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """List what a label may be mapped to: each population, each "population / subset", and unassigned."""
    found = {name: (name, UNASSIGNED) for name in catalogue.lineage_of(populations)}
    for node in populations["nodes"]:
        if node["level"] == "subset":
            found[subset_selector(node)] = (node["parent"], node["name"])
    return {**found, UNASSIGNED: (UNASSIGNED, UNASSIGNED)}


def translate(
    labels: Iterable[str], *, mapping: Mapping[Any, str], populations: Mapping[str, Any]
) -> pd.DataFrame:
    """Bring the words of a judge to the population tree.

    Parameters
    ----------
    labels
        All labels of the judge.
    mapping
        Population or "population / subset" by label. A label that is the name of one needs no entry; any other
        without entry means nothing here.
    populations
        The population tree.

    Returns
    -------
    pandas.DataFrame
        ``population`` and ``subset``, indexed by label; unassigned where the label means nothing.
    """
    names, known = [str(label) for label in labels], targets(populations)
    words = {str(label): target for label, target in mapping.items()}
    leaves = [known.get(words.get(name, name), (UNASSIGNED, UNASSIGNED)) for name in names]
    return pd.DataFrame(leaves, index=pd.Index(names, name="label"), columns=["population", "subset"])


def check_mapping(
    labels: Iterable[str], *, mapping: Mapping[Any, str], populations: Mapping[str, Any], judge: str
) -> None:
    """Stop when a mapping names labels that the judge does not have, or leaves all of its labels without meaning.

    Parameters
    ----------
    labels, mapping, populations
        As for :func:`translate`.
    judge
        Its key in the configuration, for the error.

    Raises
    ------
    ConfigError
        With the nearest label to each that is unknown.
    """
    names = [str(label) for label in labels if label]
    strange = [str(label) for label in mapping if str(label) not in names]
    problems = [unknown("label", label, names) for label in strange]
    meaning = translate(names, mapping=mapping, populations=populations)["population"]
    if not strange and (meaning == UNASSIGNED).all():
        problems.append(
            "none of the labels is the name of a population, and none is mapped to one. Map them; they are: "
            f"{', '.join(names) or 'none'}."
        )
    if problems:
        raise ConfigError(f"annotate > {judge} > labels", problems)
