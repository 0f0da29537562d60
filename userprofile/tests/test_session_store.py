"""Sessions are kept under a hash of their cookie, and all that is done with a session goes by its cookie."""

from datetime import timedelta

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.test import Client

from config.session_store import SessionStore
from userprofile.clock import now
from userprofile.mechanisms import retention
from userprofile.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def store() -> SessionStore:
    made = SessionStore()
    made["who"] = "kim"
    made.save()
    return made


def opened(cookie: str | None) -> str | None:
    """Who the session of this cookie says that it is."""
    return SessionStore(cookie).get("who")


def cookie_of(store: SessionStore) -> str:
    assert store.session_key is not None
    return store.session_key


def test_the_cookie_opens_its_session(store: SessionStore) -> None:
    assert opened(cookie_of(store)) == "kim"
    assert SessionStore().exists(cookie_of(store))


def test_what_the_table_holds_opens_nothing(staff: User) -> None:
    browser, thief = Client(), Client()
    browser.force_login(staff)
    stolen = Session.objects.get().session_key
    assert len(stolen) == 40
    thief.cookies["sessionid"] = stolen
    assert (browser.get("/admin/").status_code, thief.get("/admin/").status_code) == (200, 302)
    assert SessionStore(stolen).session_key is None


def test_a_changed_session_is_written_to_its_row(store: SessionStore) -> None:
    store["who"] = "lee"
    store.save()
    assert opened(cookie_of(store)) == "lee"
    assert Session.objects.count() == 1


def test_a_new_key_takes_the_data_along_and_the_old_one_opens_nothing(store: SessionStore) -> None:
    former = cookie_of(store)
    store.cycle_key()
    assert (opened(former), opened(cookie_of(store))) == (None, "kim")
    assert Session.objects.count() == 1


def test_a_flushed_session_is_gone(store: SessionStore) -> None:
    former = cookie_of(store)
    store.flush()
    assert (opened(former), Session.objects.count()) == (None, 0)


def test_a_session_that_was_ended_meanwhile_is_not_written_again(store: SessionStore) -> None:
    SessionStore().delete(cookie_of(store))
    with pytest.raises(UpdateError):
        store.save()
    assert not Session.objects.exists()


@pytest.mark.parametrize("cookie", [None, "", "short", "!" + "a" * 39, "a" * 31 + "\0", "ä" * 32])
def test_what_cannot_be_a_key_is_none(cookie: str | None) -> None:
    store = SessionStore(cookie)
    assert store.session_key is None
    assert store.load() == {}
    assert not store.exists("")
    store.delete()


def test_an_expired_session_opens_nothing_and_is_pruned(store: SessionStore) -> None:
    Session.objects.update(expire_date=now() - timedelta(seconds=1))
    again = SessionStore(cookie_of(store))
    assert (again.get("who"), again.session_key) == (None, None)
    assert retention.prune(at=now())["Django sessions"] == 1
