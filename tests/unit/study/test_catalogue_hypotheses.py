"""Rules of the catalogue on claims of no change, other denominators and small programmes."""

import pytest
from catalogue_entries import change, claim, question

from cd20scope.study.catalogue import ConfigError


@pytest.fixture
def load(reload):
    return reload


def problem(load, edited):
    with pytest.raises(ConfigError) as caught:
        load("hypotheses", edited["hypotheses"])
    (one,) = caught.value.problems
    return one


def test_no_change_stands_beside_a_change_with_a_margin_of_its_own(load, edited):
    same = claim(edited["hypotheses"], "Treg-share-same-m6")
    assert same["direction"] == "none"
    assert question(edited["hypotheses"], "Treg-share-same-m6")["id"] == "Treg-share-m6"
    same["margin"] = 1.5
    assert load("hypotheses", edited["hypotheses"]) == edited["hypotheses"]


def test_no_change_is_plain(load, edited):
    change(edited["hypotheses"], "Treg-share-same-m6", {"strength": "strong"})
    expected = "(Treg-share-same-m6) > direction: none cannot go with strength strong and endpoint abundance."
    assert expected in problem(load, edited)


def test_each_direction_is_claimed_once(load, edited):
    change(edited["hypotheses"], "Treg-share-m6", {"direction": "none"})
    assert "> direction: none is claimed above already" in problem(load, edited)


def test_a_biphasic_claim_has_a_direction(load, edited):
    change(edited["hypotheses"], "T-act-biphasic", {"direction": "none"})
    assert "none cannot go with strength plain and endpoint biphasic" in problem(load, edited)


@pytest.mark.parametrize("name", ["Th17-m6", "T-act-biphasic"])
def test_other_denominators_are_for_shares(load, edited, name):
    question(edited["hypotheses"], name)["other_denominators"] = ["T cells"]
    assert "> other_denominators: means nothing for endpoint" in problem(load, edited)


@pytest.mark.parametrize(
    ("population", "denominator", "other", "expected"),
    [
        ("Treg", "CD4 T", "T cells", ""),  # holds it
        ("Treg", "CD4 T", "B cells", ""),  # shares no cell with it
        ("CD4 naive", "CD4 T", "Treg", ""),
        (
            "T cells",
            "PBMC",
            "CD4 T",
            'other_denominators[0]: "CD4 T" holds some cells of "T cells" and not others.',
        ),
        ("Treg", "CD4 T", "Treg", 'other_denominators[0]: "Treg" holds some cells of "Treg" and not others.'),
        (
            "Treg",
            "CD4 T",
            "T cels",
            'other_denominators[0]: unknown selector "T cels". Did you mean "T cells"?',
        ),
    ],
)
def test_another_denominator_holds_the_population_or_none_of_it(
    load, edited, population, denominator, other, expected
):
    question(edited["hypotheses"], "Treg-share-m6").update(
        population=population, denominator=denominator, other_denominators=[other]
    )
    # no two questions may be of one estimate
    questions = edited["hypotheses"]["questions"]
    questions[:] = [
        entry for entry in questions if entry["id"] in ("Treg-share-m6", "B-total-w2", "B-total-m6")
    ]
    if expected:
        with pytest.raises(ConfigError) as caught:
            load("hypotheses", edited["hypotheses"])
        assert [one for one in caught.value.problems if f"(Treg-share-m6) > {expected}" in one]
    else:
        assert load("hypotheses", edited["hypotheses"]) == edited["hypotheses"]


def test_a_programme_may_be_one_gene_but_not_none(load, edited):
    one = edited["programs"]["programs"][0]
    one["genes"] = one["genes"][:1]
    assert load("programs", edited["programs"]) == edited["programs"]
    one["genes"] = []
    with pytest.raises(ConfigError, match=r"genes"):
        load("programs", edited["programs"])
