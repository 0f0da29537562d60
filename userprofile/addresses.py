"""E-mail addresses: the one canonical form they are compared in."""

import unicodedata

import idna
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

MAX_LENGTH = 254  # RFC 5321, and the column
NOT_AN_ADDRESS = "Enter a valid email address."


def canonical(address: str) -> str:
    """The form two spellings of one address share: trimmed, NFKC, case-folded, IDNA domain.

    Raises ValueError for what is no address at all. A host without a dot is accepted, as in the
    seed's examples: this serves look-ups; `validate_new` judges what may be stored.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", address.strip()).casefold())
    local, at, domain = folded.rpartition("@")
    if not at or not local or not domain or any(c.isspace() or not c.isprintable() for c in folded):
        raise ValueError(NOT_AN_ADDRESS)
    found = f"{local}@{_ascii_domain(domain)}"
    if len(found) > MAX_LENGTH or "@" in local:
        raise ValueError(NOT_AN_ADDRESS)
    return found


def _ascii_domain(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise ValueError(NOT_AN_ADDRESS) from None


def validate_new(address: str) -> str:
    """The trimmed address if it may be stored, else ValueError.

    Django's validator on the canonical form, with a dotted host and no quoted local part.
    """
    form = canonical(address)
    local, _, domain = form.rpartition("@")
    try:
        validate_email(form)
    except ValidationError:
        raise ValueError(NOT_AN_ADDRESS) from None
    if '"' in local or "." not in domain or "[" in domain or len(address.strip()) > MAX_LENGTH:
        raise ValueError(NOT_AN_ADDRESS)
    return address.strip()
