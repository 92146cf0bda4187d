"""Words for times brought to the visits of the study."""

from init_studies import STUDY

from cd20scope.init import visits as init_visits


def assigned(words, *, seen=None, said=None):
    reads = words if isinstance(words, dict) else {word: word for word in words}
    return init_visits.assign_visits(
        reads, by_donor=seen or {"P1": set(reads)}, study=STUDY, given=said or {}
    )


def test_times_are_brought_to_the_nearest_visit_or_become_their_own():
    visits = assigned(["screening baseline", "day 3", "2 weeks", "M3", "24w", "1 year"])
    assert visits.names == {
        "baseline": ["screening baseline"],
        "day3": ["day 3"],
        "week2": ["2 weeks"],
        "month3": ["M3"],
        "month6": ["24w"],
        "year1": ["1 year"],
    }
    assert visits.unknown == []


def test_of_two_words_of_a_donor_the_nearer_one_is_the_visit():
    assert assigned(["BL", "day12", "day14"]).names["week2"] == ["day14"]
    assert list(assigned(["BL", "day12", "day14"]).names) == ["baseline", "day12", "week2", "month6"]
    other = assigned(["day12", "day14"], seen={"P1": {"day12"}, "P2": {"day14"}})
    assert other.names["week2"] == ["day12", "day14"]


def test_three_visits_of_a_series_are_guessed_by_order_and_two_are_not():
    three = assigned(["V1", "V2", "V3"])
    assert list(three.names.values()) == [["V1"], ["V2"], ["V3"]]
    assert {guess.sure for guess in three.guesses} == {"check"}
    two = assigned(["V1", "V2"])
    assert two.names["baseline"] == ["V1"]
    assert two.unknown == ["V2"]


def test_a_word_without_a_time_is_given_none():
    visits = assigned(["pre", "post"])
    assert visits.names == {"baseline": ["pre"], "week2": [], "month6": []}
    assert visits.unknown == ["post"]
    said = assigned(["pre", "post"], said={"post": "month6"})
    assert said.names["month6"] == ["post"]
    assert said.unknown == []


def test_healthy_controls_are_no_baseline_where_there_is_one():
    visits = assigned(["BL", "control"], seen={"P1": {"BL"}, "HC1": {"control"}})
    assert visits.unknown == ["control"]
    assert assigned(["ctrl", "stim"]).names["baseline"] == ["ctrl"]
