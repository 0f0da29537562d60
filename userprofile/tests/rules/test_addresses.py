"""The one canonical form of e-mail addresses, and which addresses may be stored."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from userprofile.addresses import MAX_LENGTH, canonical, validate_new

FORMS = [
    ("kim@example.com", "kim@example.com"),
    ("  kim@example.com\t", "kim@example.com"),
    ("\u00a0kim@example.com\u3000", "kim@example.com"),
    ("KIM@Example.COM", "kim@example.com"),
    ("\u212aim@example.com", "kim@example.com"),  # KELVIN SIGN
    ("ｋｉｍ＠ｅｘａｍｐｌｅ．ｃｏｍ", "kim@example.com"),
    ("ﬁona@example.com", "fiona@example.com"),
    ("ＫＩＭ@EXAMPLE.com", "kim@example.com"),
    ("stra\u00dfe@example.com", "strasse@example.com"),
    ("cafe\u0301@example.com", "caf\u00e9@example.com"),
    ("kim@b\u00fccher.example", "kim@xn--bcher-kva.example"),
    ("kim@B\u00dcCHER.example", "kim@xn--bcher-kva.example"),
    ("kim@bu\u0308cher.example", "kim@xn--bcher-kva.example"),
    ("kim@XN--BCHER-KVA.example", "kim@xn--bcher-kva.example"),
    ("kim@\u4f8b\u3002jp", "kim@xn--fsq.jp"),
    ("Shambhu@botshyeyasi", "shambhu@botshyeyasi"),
    ("kim.lee+tag@example.com", "kim.lee+tag@example.com"),
]


@pytest.mark.parametrize(("address", "form"), FORMS)
def test_spellings_of_one_address_share_a_form(address: str, form: str) -> None:
    assert canonical(address) == form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("k\u0131m@example.com", "kim@example.com"),  # DOTLESS I is no i
        ("kim@g\u0131t.example", "kim@git.example"),
        ("K\u0130M@example.com", "kim@example.com"),  # nor is I WITH DOT ABOVE
        ("\u043aim@example.com", "kim@example.com"),  # CYRILLIC KA
        ("kim@ex\u0430mple.com", "kim@example.com"),  # CYRILLIC A
        ("kim+a@example.com", "kim@example.com"),
        ("k.im@example.com", "kim@example.com"),
        ("caf\u00e9@example.com", "cafe@example.com"),
        ("kim@example.com", "kim@example.org"),
    ],
)
def test_addresses_that_differ_do_not_collide(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "   ",
        "kim",
        "@",
        "kim@",
        "@example.com",
        "a@b@example.com",
        "a＠b@example.com",
        "kim lee@example.com",
        "kim@exam ple.com",
        "\u00a8kim@example.com",  # NFKC makes a space of it
        "kim\x00@example.com",
        "kim\n@example.com",
        "kim\u200b@example.com",
        "kim\u202e@example.com",
        "kim\ud800@example.com",
        "kim@\u00fc-.example",
        "x" * MAX_LENGTH + "@example.com",
        "x" * (MAX_LENGTH - 11) + "@example.com",
    ],
)
def test_what_is_no_address_has_no_form(address: str) -> None:
    with pytest.raises(ValueError, match="Enter a valid email address"):
        canonical(address)


def test_the_longest_address_has_a_form() -> None:
    address = "x" * (MAX_LENGTH - 12) + "@example.com"
    assert len(canonical(address)) == MAX_LENGTH


PARTS = st.text(min_size=1, max_size=12)
LETTERS = st.text(
    st.characters(exclude_categories=("C", "Z")) | st.sampled_from("KİıſßﬁǅΣς\u0345ΐ\u1fb7。．"),
    min_size=1,
    max_size=8,
)


@settings(deadline=None, max_examples=300)
@given(local=PARTS | LETTERS, domain=PARTS | LETTERS)
@example(local="\u0130", domain="\u0130x.example")
@example(local="\u1fb7", domain="\u03a3\u03c2.example")
def test_a_canonical_form_is_its_own(local: str, domain: str) -> None:
    try:
        form = canonical(f"{local}@{domain}")
    except ValueError:
        return
    assert canonical(form) == form
    assert canonical(f" {form} ") == form


@settings(deadline=None)
@given(text=st.text(max_size=40))
def test_whatever_is_sent_has_a_form_or_is_refused(text: str) -> None:
    try:
        form = canonical(text)
    except ValueError:
        return
    assert form == form.strip()
    assert form.count("@") == 1


# --- Addresses that may be stored -------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["kim@example.com", "Kim.Lee+tag@Example.Com", "kim@b\u00fccher.example", "o'neil@example.com"],
)
def test_a_new_address_is_stored_as_written(address: str) -> None:
    assert validate_new(f" {address} ") == address


@pytest.mark.parametrize(
    "address",
    [
        "kim",
        "Shambhu@botshyeyasi",
        "kim@localhost",
        '"kim lee"@example.com',
        '"kim"@example.com',
        "kim@[127.0.0.1]",
        "kim@-example.com",
        "kim@example..com",
        "kim@example.com.",
        ".kim@example.com",
        "kim.@example.com",
        "caf\u00e9@example.com",
        "kim,lee@example.com",
        "kim@example.com\nBcc: lou@example.com",
        "kim <kim@example.com>",
        "x" * MAX_LENGTH + "@example.com",
    ],
)
def test_a_new_address_must_pass_the_validator_with_a_dotted_host(address: str) -> None:
    with pytest.raises(ValueError, match="Enter a valid email address"):
        validate_new(address)
