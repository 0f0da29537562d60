"""Who is calling: the peer, or what our own proxies say; and what a throttle counts."""

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from userprofile.client import USER_AGENT_LENGTH, client_of, network_of
from userprofile.models import LoginActivity


def ip_address(peer: str, forwarded: str | None = None) -> str | None:
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    return client_of(RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer)).ip_address


def user_agent(sent: str) -> str:
    return client_of(RequestFactory().get("/", HTTP_USER_AGENT=sent)).user_agent


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("", None),
        ("unix:", None),
        ("192.0.2.256", None),
        ("１９２.0.2.1", None),
    ],
)
def test_peer_is_parsed(peer: str, expected: str | None) -> None:
    assert ip_address(peer) == expected


@pytest.mark.parametrize("forwarded", ["203.0.113.9", "203.0.113.9, 198.51.100.7", "nonsense"])
def test_nobody_is_believed_without_trusted_proxies(forwarded: str, settings: Settings) -> None:
    assert settings.TRUSTED_PROXIES == 0
    assert ip_address("192.0.2.1", forwarded) == "192.0.2.1"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (1, "6.6.6.6,203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (1, "6.6.6.6, ::ffff:203.0.113.9", "203.0.113.9"),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_each_trusted_proxy_adds_one_address_at_the_right(
    proxies: int, forwarded: str, expected: str, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert ip_address("10.0.0.1", forwarded) == expected


@pytest.mark.parametrize(
    ("proxies", "forwarded"),
    [(1, None), (1, ""), (1, "nonsense"), (1, "6.6.6.6, "), (2, "203.0.113.9"), (3, ",")],
)
def test_header_that_no_proxy_of_ours_wrote_leaves_the_peer(
    proxies: int, forwarded: str | None, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert ip_address("10.0.0.1", forwarded) == "10.0.0.1"


def test_forged_address_moves_nothing_further_left(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    forged = ", ".join(["6.6.6.6"] * 500)
    assert ip_address("10.0.0.1", f"{forged}, 203.0.113.9") == "203.0.113.9"


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        (None, "unknown"),
    ],
)
def test_throttles_count_an_ipv4_address_or_an_ipv6_customer(ip: str | None, network: str) -> None:
    assert network_of(ip) == network


def test_user_agent_is_cut_to_its_column() -> None:
    assert LoginActivity._meta.get_field("user_agent").max_length == USER_AGENT_LENGTH
    assert user_agent("x" * 5000) == "x" * USER_AGENT_LENGTH


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Mozilla/5.0 (X11)", "Mozilla/5.0 (X11)"),
        ("a\x00b\nc\x1b[0m", "a?b?c?[0m"),
        ("a\ud800b", "a?b"),
        ("", ""),
    ],
)
def test_user_agent_is_printable(sent: str, kept: str) -> None:
    assert user_agent(sent) == kept


def test_missing_user_agent_is_empty() -> None:
    assert client_of(RequestFactory().get("/")).user_agent == ""
