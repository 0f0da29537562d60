"""Each row of the table, byte by byte, to a server on SQLite and to one on PostgreSQL."""

import re
from typing import Any

import pytest
from django.conf import settings

from userprofile.tests.api.doors import EMAIL, RIGHT
from userprofile.tests.hostile import bodies, framing, headers, paths, tokens, values
from userprofile.tests.hostile.conftest import Node
from userprofile.tests.hostile.table import Hostile
from userprofile.tests.hostile.wire import Answer, exchange

TABLE = [*framing.ROWS, *headers.ROWS, *bodies.ROWS, *values.ROWS, *paths.ROWS, *tokens.ROWS]


def ask(node: Node, row: Hostile) -> list[Answer]:
    expected = 0 if row.status is None else 1 + len(row.then)
    return exchange(
        node.server.port, row.bytes, expected=expected, hangs_up=row.hangs_up, has_body=row.has_body
    )


@pytest.fixture
def chosen(row: Hostile, nodes: list[Node], request: pytest.FixtureRequest) -> list[Node]:
    found: list[Node] = request.getfixturevalue("proxied_nodes") if row.is_proxied else nodes
    return found


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    """By their kinds, the rows of the databases as they were after the last request."""
    return {}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_hostile_request_is_refused_alike_on_both_databases(
    row: Hostile, chosen: list[Node], seen: dict[str, Any]
) -> None:
    answers = {node.database.kind: ask(node, row) for node in chosen}

    expected = [] if row.status is None else [row.status, *row.then]
    for kind, given in answers.items():
        assert [answer.status for answer in given] == expected, (kind, given)
        assert all(answer.status < 500 for answer in given)
        if given and row.has_body:
            judge_body(given[0].json(), row)
            assert all(isinstance(answer.json(), dict) for answer in given)
    assert len({tuple(answer.body for answer in given) for given in answers.values()}) == 1, answers

    before, now = dict(seen), {node.database.kind: node.database.rows() for node in chosen}
    seen |= now
    assert row.stores or not before or before == now


def judge_body(body: dict[str, Any], row: Hostile) -> None:
    if "code" in body:  # problem details
        assert {"type", "title", "status", "detail", "code"} <= set(body), body
        return
    assert row.key in body, body
    assert set(body) <= {row.key, "details"}, body
    assert isinstance(body[row.key], str), body
    assert not row.sentence or body[row.key] == row.sentence, body
    assert not row.field or list(body["details"]) == [row.field], body


def test_no_log_repeats_what_was_sent(nodes: list[Node]) -> None:
    for row in headers.ROWS:
        if headers.SECRET.encode() in row.bytes:
            for node in nodes:
                ask(node, row)
    for node in nodes:
        assert [word for word in (headers.SECRET, EMAIL, RIGHT, tokens.GOOD) if word in node.server.log] == []


def test_no_two_rows_are_the_same() -> None:
    assert (
        len({row.name for row in TABLE}) == len({(row.bytes, row.is_proxied) for row in TABLE}) == len(TABLE)
    )


def test_the_document_counts_the_table() -> None:
    document = (settings.BASE_DIR / "docs" / "security.md").read_text(encoding="utf-8")
    found = re.search(r"([0-9]+) hostile requests", document)
    assert found is not None
    assert int(found[1]) == len(TABLE) >= 150
