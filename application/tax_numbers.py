"""India's PAN and GSTIN in their canonical form: upper case, no separators, checked."""

import re
import string

from stdnum import luhn
from stdnum.exceptions import InvalidComponent, ValidationError
from stdnum.in_ import gstin, pan

# stdnum also reads full-width characters and dashes of every kind.
CHARACTERS = re.compile(r"[A-Za-z0-9 -]*")
# Ladakh (since 2020) and "other territory", which stdnum's list of states lacks.
LATER_STATES = re.compile(r"(38|97)[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z]Z[0-9A-Z]")


def parse_pan(text: str) -> str:
    """Raises ValueError for what cannot be a PAN (its check letter is not public)."""
    try:
        return pan.validate(_ascii(text))
    except ValidationError:
        raise ValueError("not a PAN") from None


def parse_gstin(text: str) -> str:
    """Raises ValueError for what cannot be a GSTIN, a wrong check digit included."""
    try:
        return gstin.validate(_ascii(text))
    except InvalidComponent:
        return _parse_gstin_of_later_state(gstin.compact(text))
    except ValidationError:
        raise ValueError("not a GSTIN") from None


def _ascii(text: str) -> str:
    if not CHARACTERS.fullmatch(text):
        raise ValueError("characters that neither number has")
    return text


def _parse_gstin_of_later_state(number: str) -> str:
    if not LATER_STATES.fullmatch(number) or not pan.is_valid(number[2:12]):
        raise ValueError("not a GSTIN")
    if not luhn.is_valid(number, alphabet=string.digits + string.ascii_uppercase):
        raise ValueError("not a GSTIN: wrong check digit")
    return number
