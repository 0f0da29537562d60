"""schemathesis asks every operation of the OpenAPI document what nobody would, and holds it to its word.

The same requests each time; FUZZ_EXAMPLES is how many are made up for each operation, beside those
that go through the document's bounds one by one.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from drf_spectacular.generators import SchemaGenerator
from schemathesis.checks import CHECKS

from userprofile.models import User
from userprofile.tests.hostile.conftest import Node
from userprofile.tests.hostile.fuzzing import how_many
from userprofile.tests.hostile.population import DEMO, DEMO_EMAIL
from userprofile.tests.hostile.table import JSON
from userprofile.tests.races import databases, records

DOCUMENT = SchemaGenerator().get_schema(request=None, public=True)
CLOSED = r"^/userprofile/(User_update|User&App|user-activity)/|^/application/"
OWN = {"path.user_id": DEMO, "path.application_id": DEMO, "query.email": DEMO_EMAIL}
UNFIT = ["positive_data_acceptance"]  # what fits the schema may still be an address that nobody has
UNFIT_FOR_FORMS = [*UNFIT, "negative_data_rejection"]  # texts alone: "0" is a way to say false there


def checked(parameters: dict[str, Any] | None = None, *, goes_through_bounds: bool = True) -> Any:
    config = {
        "seed": 1,
        "parameters": parameters or {},
        "phases": {"coverage": {"enabled": goes_through_bounds}},
        "generation": {"max-examples": how_many(10), "deterministic": True, "database": "none"},
    }
    return schemathesis.openapi.from_dict(DOCUMENT, config=schemathesis.Config.from_dict(config))


open_doors = checked().exclude(path_regex=CLOSED)
closed_doors = checked(goes_through_bounds=False).include(path_regex=CLOSED)
opened_doors = checked(OWN).include(path_regex=CLOSED, method=["GET", "PUT"])
twins_of_put = checked(OWN, goes_through_bounds=False).include(path_regex=CLOSED, method=["PATCH", "POST"])
statuses: dict[str, Counter[int]] = {"open": Counter(), "closed": Counter(), "opened": Counter()}


@pytest.fixture(scope="module")
def node(nodes: list[Node]) -> Iterator[Node]:
    """The last one, which is PostgreSQL where it is there; `records` writes to its database."""
    with databases.opened(nodes[-1].database.url):
        yield nodes[-1]


def judge(case: Any, node: Node, doors: str, **headers: str) -> None:
    unfit = UNFIT if case.media_type in (None, JSON) else UNFIT_FOR_FORMS
    response = case.call_and_validate(
        base_url=f"http://127.0.0.1:{node.server.port}",
        headers=headers,
        excluded_checks=[CHECKS.get_one(name) for name in unfit],
    )
    statuses[doors][response.status_code] += 1


@open_doors.parametrize()  # type: ignore[untyped-decorator]
def test_open_door_does_what_the_document_says(case: Any, node: Node) -> None:
    judge(case, node, "open")


@closed_doors.parametrize()  # type: ignore[untyped-decorator]
def test_closed_door_stays_closed_as_the_document_says(case: Any, node: Node) -> None:
    judge(case, node, "closed")


@opened_doors.parametrize()  # type: ignore[untyped-decorator]
def test_closed_door_opens_as_the_document_says(case: Any, node: Node) -> None:
    judge(case, node, "opened", **credentials())


@twins_of_put.parametrize()  # type: ignore[untyped-decorator]
def test_patch_and_post_open_as_put_does(case: Any, node: Node) -> None:
    judge(case, node, "opened", **credentials())


def credentials() -> dict[str, str]:
    """Of a session of their own: the last request may have ended all."""
    return {"Authorization": f"Bearer {records.make_session(User(id=DEMO, email=DEMO_EMAIL)).access_token}"}


def test_every_kind_of_answer_was_seen(node: Node) -> None:
    """Otherwise the requests would show nothing: a refused token is answered as the document says, too."""
    assert {200, 400, 404, 405, 415} <= set(statuses["opened"]), statuses
    assert {200, 400, 404, 405, 415} <= set(statuses["open"]), statuses
    assert 401 in statuses["closed"], statuses
    assert 200 not in statuses["closed"], statuses
