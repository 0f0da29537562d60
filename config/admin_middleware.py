"""What Django does for pages with forms, done for the admin alone: the API passes it by."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware

ADMIN_POLICY = {
    "default-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "frame-ancestors": ["'none'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
}


def is_for_admin(request: HttpRequest) -> bool:
    return request.path_info.startswith(f"/{settings.ADMIN_PATH}")


class ForAdmin:
    """Runs a middleware of Django's for the admin's pages, and passes every other request by."""

    def __call__(self, request: HttpRequest) -> Any:
        if is_for_admin(request):
            return super().__call__(request)  # type: ignore[misc]
        return self.get_response(request)  # type: ignore[attr-defined]


class AdminSessions(ForAdmin, SessionMiddleware):
    pass


class AdminAuthentication(ForAdmin, AuthenticationMiddleware):
    pass


class AdminMessages(ForAdmin, MessageMiddleware):
    pass


class AdminCsrf(ForAdmin, CsrfViewMiddleware):
    def process_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return super().process_view(request, *args, **kwargs) if is_for_admin(request) else None


class AdminContentSecurity:
    """The admin may load its own scripts and styles; the API's answers may load nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if is_for_admin(request):
            response._csp_replace = ADMIN_POLICY  # type: ignore[attr-defined]
        return response
