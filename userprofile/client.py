"""Who is calling: the client's IP address and user agent, for the activity log and the throttles."""

import ipaddress
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

USER_AGENT_LENGTH = 512  # LoginActivity.user_agent


@dataclass(frozen=True, kw_only=True)
class Client:
    ip_address: str | None
    user_agent: str = ""


def client_of(request: HttpRequest) -> Client:
    """The client of a request; its address comes from the peer, or from our own proxies."""
    agent = request.META.get("HTTP_USER_AGENT", "")
    printable = "".join(character if character.isprintable() else "?" for character in agent)
    return Client(ip_address=_ip_address(request), user_agent=printable[:USER_AGENT_LENGTH])


def _ip_address(request: HttpRequest) -> str | None:
    """The TRUSTED_PROXIES-th address from the right of X-Forwarded-For; 0 means the peer.

    What stands further left was written by the client and proves nothing.
    """
    peer = request.META.get("REMOTE_ADDR", "")
    if not settings.TRUSTED_PROXIES:
        return _parsed(peer)
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    if len(hops) < settings.TRUSTED_PROXIES:
        return _parsed(peer)
    return _parsed(hops[-settings.TRUSTED_PROXIES]) or _parsed(peer)


def _parsed(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def network_of(ip_address: str | None) -> str:
    """What a throttle counts: an IPv4 address, or the /64 that one IPv6 customer holds."""
    if ip_address is None:
        return "unknown"
    address = ipaddress.ip_address(ip_address)
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))
