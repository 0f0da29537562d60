"""Who may come in by which door."""

import re
from typing import Any

from django.conf import settings
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request

from userprofile.exceptions import CrossSiteRefused


class SignedIn(IsAuthenticated):
    """A wrong method passes: it is a 405 for everybody, as it is at the open doors."""

    def has_permission(self, request: Request, view: Any) -> bool:
        is_known = request.method in view.allowed_methods and request.method != "OPTIONS"
        return not is_known or super().has_permission(request, view)


class NotCrossSite(BasePermission):
    """Another site's page must not sign a visitor in (login CSRF).

    A browser says where a request comes from (Fetch Metadata, Origin); curl says neither.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.META.get("HTTP_SEC_FETCH_SITE", "").strip().lower() == "cross-site":
            raise CrossSiteRefused
        origin = request.META.get("HTTP_ORIGIN")
        if origin is not None and not _is_ours(origin, request):
            raise CrossSiteRefused
        return True


def _is_ours(origin: str, request: Request) -> bool:
    own = f"{request._request.scheme}://{request._request.get_host()}"
    return (
        origin == own
        or origin in settings.CORS_ALLOWED_ORIGINS
        or any(re.match(pattern, origin) for pattern in settings.CORS_ALLOWED_ORIGIN_REGEXES)
    )
