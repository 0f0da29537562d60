"""The admin's own site: its sign-in, its sign-out and its first page.

It stands beside the package `admin`, not in it: that one registers with this site when it is
imported, so it must not be on the way here.
"""

import math
from functools import partial
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from userprofile.admin_site import overview
from userprofile.admin_site.sign_in import OwnPasswordForm, SignInForm
from userprofile.client import Client, client_of
from userprofile.clock import now
from userprofile.exceptions import TooManyRequests, UserIsNotAuthenticated
from userprofile.journeys import login
from userprofile.mechanisms import sessions, spraying
from userprofile.models import User

Context = dict[str, Any]


class GuardedAdminSite(AdminSite):
    site_header = site_title = "Userprofile: account security"
    index_title = "Overview"
    login_form = SignInForm

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: Context | None = None) -> HttpResponse:
        wait = spraying.count_attempt(client_of(request), at=now()) if request.method == "POST" else None
        if wait is not None:
            return self._too_many_requests(request, math.ceil(wait))
        try:
            return super().login(request, extra_context)
        except TooManyRequests as refusal:
            return self._too_many_requests(request, refusal.wait)

    def logout(self, request: HttpRequest, extra_context: Context | None = None) -> Any:
        if request.method == "POST" and isinstance(request.user, User):
            session_id = request.session.get(sessions.ACTIVITY_ID)
            _close(request.user, session_id, client_of(request))
        return super().logout(request, extra_context)

    def password_change(self, request: HttpRequest, extra_context: Context | None = None) -> Any:
        request.current_app = self.name
        view = PasswordChangeView.as_view(
            form_class=partial(OwnPasswordForm, client=client_of(request)),
            success_url=reverse("admin:password_change_done", current_app=self.name),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        try:
            return view(request)
        except TooManyRequests as refusal:
            return self._too_many_requests(request, refusal.wait)

    def index(self, request: HttpRequest, extra_context: Context | None = None) -> TemplateResponse:
        seen = overview.for_viewer(request.user, at=now())
        return super().index(request, {"overview": seen, **(extra_context or {})})

    def _too_many_requests(self, request: HttpRequest, seconds: int) -> HttpResponse:
        context = {**self.each_context(request), "title": "Too many requests", "seconds": seconds}
        response = render(request, "admin/too_many_requests.html", context, status=429)
        response["Retry-After"] = str(seconds)
        return response


def _close(user: User, session_id: int | None, client: Client) -> None:
    """End the row of the activity log that the Django session belongs to, or write one."""
    at = now()
    try:
        if session_id is None:
            raise UserIsNotAuthenticated
        login.sign_out(session_id=session_id, at=at)
    except UserIsNotAuthenticated:
        login.log_sign_out(user=user, client=client, at=at)
