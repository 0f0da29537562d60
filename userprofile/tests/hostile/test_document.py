"""schemathesis asks every operation of the OpenAPI document what nobody would, and holds it to its word.

The same requests each time; FUZZ_EXAMPLES is how many are made up for each operation, beside those
that go through the document's bounds one by one.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import schemathesis
from drf_spectacular.generators import SchemaGenerator
from pytest_django import DjangoDbBlocker
from schemathesis.checks import CHECKS

from userprofile.models import User
from userprofile.tests.hostile.conftest import Node, serving, settled, settled_if_there
from userprofile.tests.hostile.fuzzing import how_many
from userprofile.tests.hostile.population import DEMO, DEMO_EMAIL
from userprofile.tests.hostile.table import JSON, get
from userprofile.tests.hostile.wire import exchange
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


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Iterator[Node]:
    """With a database of its own, in PostgreSQL where that is there: these requests change much."""
    folder = tmp_path_factory.mktemp("document")
    with ExitStack() as stack:
        stack.enter_context(django_db_blocker.unblock())
        found = settled_if_there(stack, "postgresql", folder) or [settled(stack, "sqlite", folder)]
        yield stack.enter_context(serving(found, folder))[0]


def credentials(node: Node) -> dict[str, str]:
    """Of a session of their own: the last request may have ended all."""
    with databases.opened(node.database.url):
        token = records.make_session(User(id=DEMO, email=DEMO_EMAIL)).access_token
    return {"Authorization": f"Bearer {token}"}


def judge(case: Any, node: Node, **headers: str) -> None:
    unfit = UNFIT if case.media_type in (None, JSON) else UNFIT_FOR_FORMS
    case.call_and_validate(
        base_url=f"http://127.0.0.1:{node.server.port}",
        headers=headers,
        excluded_checks=[CHECKS.get_one(name) for name in unfit],
    )


@open_doors.parametrize()  # type: ignore[untyped-decorator]
def test_open_door_does_what_the_document_says(case: Any, node: Node) -> None:
    judge(case, node)


@closed_doors.parametrize()  # type: ignore[untyped-decorator]
def test_closed_door_stays_closed_as_the_document_says(case: Any, node: Node) -> None:
    judge(case, node)


@opened_doors.parametrize()  # type: ignore[untyped-decorator]
def test_closed_door_opens_as_the_document_says(case: Any, node: Node) -> None:
    judge(case, node, **credentials(node))


@twins_of_put.parametrize()  # type: ignore[untyped-decorator]
def test_patch_and_post_open_as_put_does(case: Any, node: Node) -> None:
    judge(case, node, **credentials(node))


def test_the_credentials_open_a_closed_door(node: Node) -> None:
    """Otherwise all of that would show nothing: a refused token is answered as the document says, too."""
    for headers, status in (({}, 401), (credentials(node), 200)):
        lines = [f"{name}: {value}" for name, value in headers.items()]
        (answer,) = exchange(node.server.port, get(f"/userprofile/User_update/{DEMO}/", *lines))
        assert answer.status == status, answer
