"""Rules of the catalogue of questions that a JSON schema cannot express.

One estimate is one question; the claims about it stand beside it. The families must hold the level.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from cd20scope.schema import anchor
from cd20scope.study.families import Family, share_problems
from cd20scope.study.strict_yaml import unknown
from cd20scope.study.yaml_bounds import Place, Problem

EXPLORATORY = "exploratory"
MOST_CONFIRMATORY = 10
"""Most confirmatory questions: with more, the level of each is out of reach of the cohorts that there are."""

ESTIMATE = ("endpoint", "population", "denominator", "program", "component", "contrast")
"""Keys that say what is estimated, beside further names that an endpoint needs: two questions that agree in all of them
are one."""


class OfEndpoint(NamedTuple):
    """What the schema says of the questions on one endpoint, below ``$defs: endpoints``.

    Attributes
    ----------
    needed, refused
        Keys that they need, and those that mean nothing there.
    above
        Margins of their claims are folds and lie above this; 0 where they are no folds.
    most
        Largest margin.
    unit
        Of the margin, in words.
    no_change
        Whether no change may be claimed.
    """

    needed: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    above: float = 0.0
    most: float = math.inf
    unit: str = ""
    no_change: bool = True


type Endpoints = Mapping[str | None, OfEndpoint]


def read_endpoints(schema: Mapping[str, Any]) -> Endpoints:
    """Read from the schema of the questions what each endpoint needs."""
    found: dict[str | None, OfEndpoint] = {}
    for name, own in schema["$defs"]["endpoints"]["properties"].items():
        claim = own["properties"]["claims"]["items"]["properties"]
        found[name] = OfEndpoint(
            needed=tuple(own["required"]),
            refused=tuple(key for key, of_key in own["properties"].items() if of_key is False),
            above=float(claim["margin"].get("exclusiveMinimum", 0)),
            most=float(claim["margin"].get("maximum", math.inf)),
            unit=claim["margin"]["description"],
            no_change="none" in claim.get("direction", {}).get("enum", ["none"]),
        )
    return found


def check_questions(data: Mapping[str, Any], endpoints: Endpoints) -> Iterator[Problem]:
    """Rules of the questions, each problem with its place in the file.

    Parameters
    ----------
    data
        The catalogue.
    endpoints
        From :func:`read_endpoints`.
    """
    if "hypotheses" in data:
        yield (
            ("hypotheses",),
            "a list of hypotheses is the form of files before version 0.2 of the workflow. Write questions, each with "
            "its claims, and families, as in config/hypotheses.yaml.",
        )
    questions = _entries(data, "questions")
    families = _entries(data, "families")
    yield from _check_families(families, questions)
    yield from _check_names(questions)
    yield from _check_estimates(questions, endpoints)
    for i, entry in questions:
        yield from _check_question(("questions", i), entry, endpoints)


def _entries(data: Mapping[str, Any], key: str) -> list[tuple[int, dict[str, Any]]]:
    return [(i, entry) for i, entry in enumerate(data.get(key) or []) if isinstance(entry, dict)]


def _check_families(
    families: list[tuple[int, dict[str, Any]]], questions: list[tuple[int, dict[str, Any]]]
) -> Iterator[Problem]:
    named = [(i, entry) for i, entry in families if entry.get("name") and entry.get("share") is not None]
    at = {entry["name"]: i for i, entry in named}
    if len(at) < len(named):
        yield ("families",), "two families have one name. Rename one, or remove it."
        return
    if EXPLORATORY in at:
        yield (
            ("families", at[EXPLORATORY], "name"),
            f"{EXPLORATORY} is no family with a level. Choose another name.",
        )
    scheme = [
        Family(
            entry["name"],
            float(entry["share"]),
            {name: float(part) for name, part in (entry.get("passes") or {}).items() if part is not None},
        )
        for _, entry in named
    ]
    if scheme:
        yield from ((("families", at[name]), problem) for name, problem in share_problems(scheme))
    confirmatory = []
    for i, entry in questions:
        family = entry.get("family")
        if family is not None and family not in at and family != EXPLORATORY:
            yield ("questions", i, "family"), unknown("family", family, [*at, EXPLORATORY])
        elif family in at:
            confirmatory.append(i)
    for i in confirmatory[MOST_CONFIRMATORY:]:
        yield (
            ("questions", i, "family"),
            f"is confirmatory question {confirmatory.index(i) + 1}; {MOST_CONFIRMATORY} are the most. Make it "
            "exploratory.",
        )


def _check_names(questions: list[tuple[int, dict[str, Any]]]) -> Iterator[Problem]:
    """Ids of claims that are taken, or would have the same place on the page and the same file of their figure."""
    taken: dict[str, str] = {}
    for i, entry in questions:
        for j, claim in enumerate(entry.get("claims") or []):
            name = claim.get("id") if isinstance(claim, dict) else None
            if name is None:
                continue
            place: Place = ("questions", i, "claims", j, "id")
            if j == 0 and entry.get("id") not in (None, name):
                yield place, f'found "{name}"; the first claim has the id of its question, "{entry["id"]}".'
            other = taken.setdefault(anchor(name), f"{i}.{j} {name}").split(" ", 1)
            if other[0] == f"{i}.{j}":
                continue
            if other[1] == name:
                yield place, f'the name "{name}" is taken by a claim above. Rename one.'
            else:
                yield (
                    place,
                    f'"{name}" and "{other[1]}" would have the same place in the report, where only letters and '
                    "digits tell ids apart. Rename one.",
                )


def _check_estimates(questions: list[tuple[int, dict[str, Any]]], endpoints: Endpoints) -> Iterator[Problem]:
    seen: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for i, entry in questions:
        needed = endpoints.get(entry.get("endpoint"), OfEndpoint()).needed
        names = dict.fromkeys((*ESTIMATE, *(name for name in needed if isinstance(entry.get(name), str))))
        key = tuple(str({"component": "total", **entry}.get(name)) for name in names)
        if seen[key]:
            yield (
                ("questions", i),
                f"asks for the same estimate as {seen[key][0]}. One estimate is one question: write this claim among "
                f"the claims of {seen[key][0]}.",
            )
        seen[key].append(str(entry.get("id")))


def _check_question(place: Place, entry: Mapping[str, Any], endpoints: Endpoints) -> Iterator[Problem]:
    name = entry.get("endpoint")
    endpoint = endpoints.get(name, OfEndpoint())
    for key in (key for key in endpoint.needed if key not in entry):
        yield place, f"endpoint {name} needs the key {key}. Add it."
    for key in (key for key in endpoint.refused if key in entry):
        yield (*place, key), f"means nothing for endpoint {name}. Remove it, or change the endpoint."
    yield from _check_contrast(place, entry)
    if "depletion" in endpoint.needed:
        yield from _check_order(place, entry)
    yield from _check_one_test(place, entry)
    seen: dict[str, int] = {}
    for j, claim in enumerate(entry.get("claims") or []):
        if isinstance(claim, dict):
            yield from _check_margin((*place, "claims", j), claim, endpoint)
            yield from _check_claim((*place, "claims", j), claim, name, endpoints)
            direction = claim.get("direction")
            if direction is not None and seen.setdefault(direction, j) != j:
                yield (
                    (*place, "claims", j, "direction"),
                    f"{direction} is claimed above already. Name both sources in that claim.",
                )


def _check_one_test(place: Place, entry: Mapping[str, Any]) -> Iterator[Problem]:
    """Ask that the claims of a change read one test: all plain with one margin, or a single strong one."""
    changes = [
        (j, claim)
        for j, claim in enumerate(entry.get("claims") or [])
        if isinstance(claim, dict) and claim.get("direction") in ("up", "down")
    ]
    for j, claim in changes[1:]:
        if "strong" in (claim.get("strength"), changes[0][1].get("strength")):
            yield (
                (*place, "claims", j, "strength"),
                "a strong claim is a test of its own and stands alone among the claims of a change. Make both plain, "
                "or remove one.",
            )
        elif (
            None not in (margins := (claim.get("margin"), changes[0][1].get("margin")))
            and len(set(margins)) > 1
        ):
            yield (
                (*place, "claims", j, "margin"),
                f"found {margins[0]}; both directions are one test with one margin, {margins[1]} above.",
            )


def _check_contrast(place: Place, entry: Mapping[str, Any]) -> Iterator[Problem]:
    later, hyphen, earlier = str(entry.get("contrast")).partition("-")
    if hyphen and later == earlier:
        yield (*place, "contrast"), f"compares {later} with itself. Write later-earlier."


def _check_order(place: Place, entry: Mapping[str, Any]) -> Iterator[Problem]:
    """Ask that the order claim has three visits: both contrasts start before treatment, and end differently."""
    first = str((entry.get("depletion") or {}).get("first"))
    (early, hyphen, before), (last, _, start) = (
        contrast.partition("-") for contrast in (first, str(entry.get("contrast")))
    )
    if hyphen and (before != start or early == last):
        message = (
            f'"{first}" and the contrast "{last}-{start}" need the same earlier visit and two later ones.'
        )
        yield (*place, "depletion", "first"), f"{message} Write first visit-{start}."


def _check_margin(place: Place, claim: Mapping[str, Any], endpoint: OfEndpoint) -> Iterator[Problem]:
    margin = claim.get("margin")
    if margin is not None and endpoint.above and margin <= endpoint.above:
        yield (
            (*place, "margin"),
            f"found {margin}; a {endpoint.unit} must be above {endpoint.above:g} (1.2 is 20 %).",
        )
    if margin is not None and margin > endpoint.most:
        yield (
            (*place, "margin"),
            f"found {margin}; it is in {endpoint.unit}, of which {endpoint.most:g} are the most. "
            "Write it in that unit.",
        )


def _check_claim(
    place: Place, claim: Mapping[str, Any], endpoint: str | None, endpoints: Endpoints
) -> Iterator[Problem]:
    strength = claim.get("strength")
    no_change = endpoints.get(endpoint, OfEndpoint()).no_change
    if claim.get("direction") == "none" and (strength == "strong" or not no_change):
        others = " or ".join(str(name) for name, other in endpoints.items() if other.no_change)
        yield (
            (*place, "direction"),
            f"none cannot go with strength {strength} and endpoint {endpoint}. Use strength plain and "
            f"endpoint {others}: it claims the size of one change.",
        )
    source = claim.get("source")
    if source is not None and not source.strip():
        yield (*place, "source"), 'is blank. Name the study, or write "this project\'s question".'
