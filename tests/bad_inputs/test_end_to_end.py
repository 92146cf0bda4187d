"""One mistake of each kind, as a user meets it: Snakemake from a shell stops before there is any result."""

import pytest

from bad_inputs.refusals import assert_refused, earlier_results
from bad_inputs.test_count_files import FILES
from bad_inputs.test_study_files import PARSED
from workflow.running import snakemake

PLANNED = {
    "sheet": PARSED["an unknown visit"],
    "configuration": PARSED["a key misspelt within"],
    "catalogue": PARSED["an unknown population"],
}
LOOKED_AT = {
    "one count file": FILES["log-normalised"],
    "two count files": FILES["the same library twice"],
}


def run_refused(study, spoil, words, *arguments):
    spoil(study)
    before = earlier_results(study)
    process = snakemake(*arguments, directory=study, config=study / "study.yaml")
    assert process.returncode != 0
    assert_refused(process.stdout + process.stderr, words)
    assert not list((study / "results").glob("ingest/*.h5ad")), "a sample was read whole"
    assert earlier_results(study) == before


@pytest.mark.parametrize("kind", PLANNED)
def test_a_mistake_in_a_text_stops_the_run(study, kind):
    run_refused(study, *PLANNED[kind])


@pytest.mark.parametrize("kind", LOOKED_AT)
def test_a_mistake_in_the_counts_stops_the_preflight_and_leaves_its_page(study, kind):
    run_refused(study, *LOOKED_AT[kind], "results/preflight/passed.txt")
    page = (study / "results/preflight/preflight.html").read_text(encoding="utf-8")
    assert "1 error stops the run." in page
