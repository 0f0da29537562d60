"""Throttles of the API: which limits a request counts towards, and the refusal."""

from typing import Any

from django.conf import settings
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from userprofile.client import client_of, network_of
from userprofile.clock import now
from userprofile.mechanisms import spraying
from userprofile.mechanisms.counters import Limit, count


class CountedThrottle(BaseThrottle):
    """DRF's throttle for a view whose `throttles` names the limits: sign_in, codes, mail."""

    def __init__(self) -> None:
        self.seconds: float | None = None

    def allow_request(self, request: Request, view: APIView) -> bool:
        if not settings.THROTTLES:
            return True
        unreadable: APIException | None = None
        try:
            data = request.data
        except APIException as error:
            unreadable, data = error, {}
        self.seconds = self._count(request, view, data)
        if self.seconds is None and unreadable is not None:
            raise unreadable
        return self.seconds is None

    def wait(self) -> float | None:
        return self.seconds

    def _count(self, request: Request, view: Any, data: Any) -> float | None:
        at, network = now(), network_of(client_of(request._request).ip_address)
        watched = spraying.watched(network, at=at) if "sign_in" in view.throttles else None
        return count(self._limits(network, view, data), at=at, watched=watched)

    def _limits(self, network: str, view: Any, data: Any) -> dict[str, Limit]:
        rates = {"sign_in": settings.THROTTLE_SIGN_IN, "codes": settings.THROTTLE_CODES}
        limits = {f"{name}:{network}": rates[name] for name in view.throttles if name in rates}
        email = data.get("email") if isinstance(data, dict) else None
        if "mail" in view.throttles and isinstance(email, str) and view.asks_for_mail(data):
            limits[f"mail:{spraying.comparable(email)}"] = settings.THROTTLE_MAIL
        return limits
