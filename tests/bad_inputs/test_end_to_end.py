"""One mistake of each kind, as a user meets it: a whole run is asked for and stops before any sample is read."""

import pytest

from bad_inputs.refusals import assert_refused, earlier_results
from bad_inputs.test_count_files import FILES
from bad_inputs.test_study_files import PARSED
from workflow.running import snakemake

KINDS = {
    "sheet": PARSED["an unknown visit"],
    "configuration": PARSED["a key misspelt within"],
    "catalogue": PARSED["an unknown population"],
    "count file": FILES["log-normalised"],
    "two count files": FILES["the same library twice"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_mistake_stops_the_run(study, kind):
    spoil, words = KINDS[kind]
    spoil(study)
    before = earlier_results(study)
    process = snakemake(directory=study, config=study / "study.yaml")
    assert process.returncode != 0
    assert_refused(process.stdout + process.stderr, words)
    assert not list((study / "results").glob("ingest/*.h5ad")), "a sample was read whole"
    assert earlier_results(study) == before
    if "count file" in kind:
        page = (study / "results/preflight/preflight.html").read_text(encoding="utf-8")
        assert "1 errors stop the run." in page
