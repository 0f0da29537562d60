"""Any JSON at all, as a body and in any field of any door: an answer in JSON, and no fault."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings
from rest_framework.test import APIClient

from application.models import Application
from userprofile.models import User
from userprofile.tests.api.conftest import with_token_of
from userprofile.tests.api.doors import EMAIL, ID, READING_DOORS, Door, each
from userprofile.tests.hostile.fuzzing import ANY_JSON, examples


@pytest.fixture
def come_in(db: None, settings: Settings) -> Callable[[Door], APIClient]:
    """With the throttles on, which look into bodies as well, and let everything pass."""
    settings.THROTTLES = True
    for name in ("THROTTLE_SIGN_IN", "THROTTLE_CODES", "THROTTLE_MAIL", "THROTTLE_SPRAY"):
        setattr(settings, name, (10**6, 60))
    kim = User(id=ID, email=EMAIL, username="kim-0", password="!")
    kim.save()
    Application.objects.create(id=ID, owner=kim)
    signed_in, anybody = with_token_of(kim), APIClient()
    return lambda door: anybody if door.is_open else signed_in


def judge(client: APIClient, door: Door, body: object) -> None:
    method = getattr(client, door.writing_methods[0])
    answer = method(door.path, json.dumps(body), content_type="application/json")
    assert answer.status_code in (200, 400, 401, 403, 404), (body, answer.content)
    assert isinstance(answer.json(), dict)


@examples(40)
@given(body=ANY_JSON)
@each(READING_DOORS)
def test_any_body_is_answered(come_in: Callable[[Door], APIClient], door: Door, body: object) -> None:
    judge(come_in(door), door, body)


@examples(60)
@given(data=st.data())
@each(READING_DOORS)
def test_any_values_in_any_fields_are_answered(
    come_in: Callable[[Door], APIClient], door: Door, data: st.DataObject
) -> None:
    fields = st.sampled_from(sorted(door.body))
    changes = data.draw(st.dictionaries(fields, ANY_JSON, min_size=1, max_size=3))
    judge(come_in(door), door, {**door.body, **changes})
