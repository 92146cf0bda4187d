"""Words for visits assigned to the visits of the study: by time, by meaning, or by order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cd20scope.init.names import Guess, Word, read_visit

NEAR, FAR = 0.1, 0.2
"""Parts of a visit's time by which a sample may miss it: without a word, and with one."""


@dataclass
class Visits:
    """The study's visits, and what became of the words found.

    Attributes
    ----------
    names
        Visits in the order of time, each with the words found for it; visits that no hypothesis speaks of among them.
    unknown
        Words that could be any visit.
    guesses
        One per word that was given a visit.
    """

    names: dict[str, list[str]]
    unknown: list[str] = field(default_factory=list)
    guesses: list[Guess] = field(default_factory=list)


def assign_visits(
    words: Mapping[str, str],
    *,
    by_donor: Mapping[str, set[str]],
    study: Mapping[str, Sequence[str]],
    given: Mapping[str, str],
) -> Visits:
    """Assign the words found to visits.

    A word without a time, such as ``post``, is never given one: the verdicts would speak of a time that is not known.

    Parameters
    ----------
    words
        As the data write them, each with how it reads: ``14`` of a column ``day`` reads ``day14``.
    by_donor
        Words of each donor. Two words of one donor are two visits.
    study
        Visits of the hypotheses in the order of time, with their other names. A name states the time.
    given
        Words with the visit that the user gave.
    """
    plan = _Plan(by_donor, study)
    wanted = {word.casefold(): visit for word, visit in given.items()}
    known = {name.casefold(): visit for visit, others in study.items() for name in (visit, *others)}
    read = {raw: read_visit(text) for raw, text in words.items()}
    for raw in words:
        if raw.casefold() in wanted:
            plan.put(raw, wanted[raw.casefold()], "sure", "as you said")
    for raw, text in words.items():
        for name in (raw, text):
            if name.casefold() in known:
                plan.put(raw, known[name.casefold()], "sure", "one of its usual names")
    # the nearest first, so that of two words of a donor the other one gives way
    timed = [(raw, word) for raw, word in read.items() if word and word.days is not None]
    for raw, word in sorted(timed, key=lambda item: min(plan.distances(item[1]))):
        plan.put_timed(raw, word)
    for kind, place in (("untreated", plan.put_untreated), ("series", plan.put_series)):
        some = [(raw, word) for raw, word in read.items() if word and word.kind == kind]
        _left(some, plan, place)
    return plan.finish(list(words))


def _left(
    found: list[tuple[str, Word]], plan: "_Plan", place: Callable[[list[tuple[str, Word]]], None]
) -> None:
    some = [(raw, word) for raw, word in found if raw not in plan.visit_of]
    if some:
        place(some)


class _Plan:
    """What is assigned so far."""

    def __init__(self, by_donor: Mapping[str, set[str]], study: Mapping[str, Sequence[str]]) -> None:
        self.by_donor, self.study = by_donor, list(study)
        self.visit_of: dict[str, str] = {}
        self.days = {visit: word.days for visit in study if (word := read_visit(visit))}
        self.guesses: list[Guess] = []

    def put(self, raw: str, visit: str, sure: str, why: str) -> bool:
        """Assign a word, unless a donor has another word for that visit."""
        if raw in self.visit_of:
            return False
        others = {other for other, name in self.visit_of.items() if name == visit}
        if any(raw in own and own & others for own in self.by_donor.values()):
            return False
        self.visit_of[raw] = visit
        self.guesses.append(Guess(f"visit {raw}", visit, sure, why))
        return True

    def distances(self, word: Word) -> list[float]:
        """Distance from each visit of the study, as a part of that visit's time."""
        days = word.days or 0.0
        return [
            (0.0 if days == 0 else 99.0) if not own else abs(days - own) / own for own in self._study_days()
        ]

    def _study_days(self) -> list[float]:
        return [self.days.get(visit) or 0.0 for visit in self.study]

    def put_timed(self, raw: str, word: Word) -> None:
        distances = self.distances(word)
        far = min(distances)
        nearest = self.study[distances.index(far)]
        days = word.days or 0.0
        if far <= NEAR and self.put(raw, nearest, "sure", f"{days:.0f} days" if days else "says so"):
            return
        if NEAR < far <= FAR and self.put(raw, nearest, "likely", f"{days:.0f} days, the nearest visit"):
            return
        if days and raw not in self.visit_of:
            self.days[word.own_name] = days
            self.put(raw, word.own_name, "likely", f"{days:.0f} days: a visit that no hypothesis asks about")

    def put_untreated(self, found: list[tuple[str, Word]]) -> None:
        if self.study[0] in self.visit_of.values():
            return
        for raw, _ in found:
            self.put(raw, self.study[0], "check", "untreated cells; is it the draw before treatment?")

    def put_series(self, found: list[tuple[str, Word]]) -> None:
        ordered = sorted(found, key=lambda item: item[1].rank)
        if not self.visit_of and len(ordered) == len(self.study):
            for (raw, _), visit in zip(ordered, self.study, strict=True):
                self.put(
                    raw, visit, "check", f"by its order alone, as the study has {len(self.study)} visits"
                )
            return
        if self.study[0] not in self.visit_of.values():
            first, word = ordered[0]
            sure = "check" if word.rank else "likely"
            self.put(first, self.study[0], sure, "the first of its series")

    def finish(self, words: list[str]) -> Visits:
        # a visit that the user named alone has its place from its name, or else the last
        used = [*self.study, *dict.fromkeys(self.visit_of.values())]
        for visit in used:
            if visit not in self.days and (word := read_visit(visit)) and word.days is not None:
                self.days[visit] = word.days
        ordered = sorted(dict.fromkeys(used), key=lambda visit: self.days.get(visit) or self._fallback(visit))
        names = {
            visit: [raw for raw in words if self.visit_of.get(raw) == visit and raw != visit]
            for visit in ordered
        }
        return Visits(names, [raw for raw in words if raw not in self.visit_of], self.guesses)

    def _fallback(self, visit: str) -> float:
        return 0.0 if visit == self.study[0] else float("inf")
