"""Rules of the catalogue on claims of no change, other denominators and small programmes."""

import pytest

from cd20scope.study.catalogue import ConfigError


@pytest.fixture
def load(reload):
    return reload


def row(data, name):
    (entry,) = [entry for entry in data["hypotheses"]["hypotheses"] if entry["id"] == name]
    return entry


def problem(load, edited):
    with pytest.raises(ConfigError) as caught:
        load("hypotheses", edited["hypotheses"])
    (one,) = caught.value.problems
    return one


def test_no_change_may_oppose_a_change_with_another_margin_and_family(load, edited):
    same = row(edited, "Treg-share-same-m6")
    assert (same["direction"], same["opposes"]) == ("none", "Treg-share-m6")
    assert same["family"] != row(edited, "Treg-share-m6")["family"]
    same["margin"] = 1.5
    assert load("hypotheses", edited["hypotheses"]) == edited["hypotheses"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"contrast": "week2-baseline"}, '"Treg-share-m6" is not the same test, contrast differ.'),
        ({"denominator": "PBMC"}, '"Treg-share-m6" is not the same test, denominator differ.'),
        ({"strength": "strong"}, "none cannot go with strength strong and endpoint abundance."),
    ],
)
def test_no_change_is_of_the_same_share_and_plain(load, edited, changes, expected):
    row(edited, "Treg-share-same-m6").update(changes)
    assert (
        f"(Treg-share-same-m6) > {'direction' if 'strength' in changes else 'opposes'}: {expected}"
        in problem(load, edited)
    )


def test_two_claims_of_no_change_do_not_oppose_each_other(load, edited):
    row(edited, "Treg-share-m6")["direction"] = "none"
    assert '"Treg-share-m6" claims the same direction' in problem(load, edited)


def test_a_biphasic_claim_has_a_direction(load, edited):
    row(edited, "T-act-biphasic")["direction"] = "none"
    assert "none cannot go with strength plain and endpoint biphasic" in problem(load, edited)


@pytest.mark.parametrize("name", ["Th17-m6", "T-act-biphasic"])
def test_other_denominators_are_for_shares(load, edited, name):
    row(edited, name)["other_denominators"] = ["T cells"]
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
    row(edited, "Treg-share-m6").update(
        population=population, denominator=denominator, other_denominators=[other]
    )
    row(edited, "Treg-share-same-m6").update(population=population, denominator=denominator)
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
