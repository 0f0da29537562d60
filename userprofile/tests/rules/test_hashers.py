"""Password hashing: Argon2id, one form of a password, bounded input, and the same time for nobody."""

import importlib

import pytest
from django.contrib.auth.hashers import make_password

import config.wsgi
from userprofile import hashers
from userprofile.hashers import Argon2idPasswordHasher
from userprofile.tests.conftest import PASSWORD


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes that passwords were held against, as they are."""
    hashers.verify("warm up", None)
    seen: list[str] = []
    verify = Argon2idPasswordHasher.verify

    def counted(hasher: Argon2idPasswordHasher, password: str, encoded: str) -> bool:
        seen.append(encoded)
        return bool(verify(hasher, password, encoded))

    monkeypatch.setattr(Argon2idPasswordHasher, "verify", counted)
    return seen


def test_passwords_are_hashed_with_argon2id_at_the_decided_cost() -> None:
    assert hashers.hash_password(PASSWORD).startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


def test_the_right_password_is_right_and_no_other() -> None:
    encoded = hashers.hash_password(PASSWORD)
    assert hashers.verify(PASSWORD, encoded) == (True, False)
    for other in (PASSWORD.lower(), f" {PASSWORD}", PASSWORD + "\u0301", ""):
        assert hashers.verify(other, encoded)[0] is False


def test_one_password_however_the_keyboard_composed_it() -> None:
    encoded = hashers.hash_password("Fjo\u0308rd-7x")
    assert hashers.verify("Fj\u00f6rd-7x", encoded)[0]
    assert hashers.verify("Ｆｊｏ\u0308ｒｄ-7x", encoded)[0]


def test_an_old_hash_is_verified_and_to_be_made_anew() -> None:
    old = make_password(PASSWORD, hasher="pbkdf2_sha256")
    assert old.startswith("pbkdf2_sha256$")
    assert hashers.verify(PASSWORD, old) == (True, True)


@pytest.mark.parametrize("encoded", [None, "", "!", "!unusable-for-this-account"])
def test_nobodys_password_costs_the_same_and_is_never_right(hashed: list[str], encoded: str | None) -> None:
    assert hashers.verify(PASSWORD, encoded) == (False, False)
    assert len(hashed) == 1
    assert hashed[0].startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


def test_the_empty_password_is_never_right(hashed: list[str]) -> None:
    assert hashers.verify("", make_password(""))[0] is False
    assert len(hashed) == 1


@pytest.mark.parametrize("password", ["x" * 1025, "\u20ac" * 342, "\ufdfa" * 100])
def test_nothing_longer_than_the_bound_is_hashed(password: str) -> None:
    with pytest.raises(ValueError, match="too long"):
        hashers.hash_password(password)
    assert hashers.verify(password, make_password(password))[0] is False


def test_what_reaches_the_bound_is_hashed() -> None:
    assert hashers.verify("x" * 1024, hashers.hash_password("x" * 1024))[0]


def test_nobodys_hash_is_made_before_the_first_request() -> None:
    """Otherwise the first unknown address of each process would be told by its time."""
    hashers._nobodys_hash.cache_clear()
    importlib.reload(config.wsgi)
    assert hashers._nobodys_hash.cache_info().currsize == 1
