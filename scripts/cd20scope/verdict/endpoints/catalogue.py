"""The endpoints that there are."""

from typing import Final

from cd20scope.study.themes import Row
from cd20scope.verdict.endpoints.abundance import Abundance
from cd20scope.verdict.endpoints.biphasic import Biphasic
from cd20scope.verdict.endpoints.endpoint import Endpoint
from cd20scope.verdict.endpoints.program import Program

ENDPOINTS: Final[tuple[Endpoint, ...]] = (Abundance(), Program(), Biphasic())
"""In the order of the schema of the hypotheses; a new one is a line here."""

BY_NAME: Final[dict[str, Endpoint]] = {endpoint.name: endpoint for endpoint in ENDPOINTS}

PART_NAMES: Final[dict[str, str]] = {
    part: name for endpoint in ENDPOINTS for part, name in endpoint.part_names.items()
}
"""What the parts of hypotheses with several are changes of."""


def endpoint_of(row: Row) -> Endpoint:
    """Endpoint of a hypothesis: a row of the catalogue or of the table of verdicts."""
    return BY_NAME[row["endpoint"]]
