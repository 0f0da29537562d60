"""Password hashing: Argon2id at the parameters OWASP's Password Storage cheat sheet gives."""

import unicodedata
from functools import cache

from django.contrib.auth.hashers import Argon2PasswordHasher, make_password, verify_password
from django.utils.crypto import get_random_string

MAX_BYTES = 1024  # far above any policy; nothing longer is ever hashed


class Argon2idPasswordHasher(Argon2PasswordHasher):
    """m=19 MiB, t=2, p=1: Django's own default costs 100 MiB and 150 ms a sign-in."""

    time_cost = 2
    memory_cost = 19456  # KiB
    parallelism = 1


def normalized(password: str) -> str:
    """NFKC, once: one password, however the keyboard composed it."""
    return unicodedata.normalize("NFKC", password)


def hash_password(password: str) -> str:
    """Raises ValueError for more than MAX_BYTES, and for half a surrogate pair."""
    if not _can_be_hashed(password):
        raise ValueError("The password is too long to be hashed, or no Unicode.")
    return make_password(normalized(password))


def verify(password: str, encoded: str | None) -> tuple[bool, bool]:
    """(is it right, is the hash to be made anew). None and an unusable hash cost the same time."""
    usable = encoded if encoded and not encoded.startswith("!") else _nobodys_hash()
    offered = normalized(password) if _can_be_hashed(password) else ""
    is_right, must_upgrade = verify_password(offered, usable)
    return is_right and usable == encoded and offered != "", must_upgrade


def _can_be_hashed(password: str) -> bool:
    try:
        return len(normalized(password).encode()) <= MAX_BYTES
    except UnicodeEncodeError:
        return False


@cache
def _nobodys_hash() -> str:
    return make_password(get_random_string(32))
