"""The admin's own forms for passwords: one lockout with the other doors."""

from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm, AdminPasswordChangeForm
from django.core.exceptions import ValidationError

from userprofile.client import Client, client_of
from userprofile.exceptions import AccountLocked, InvalidCredentials
from userprofile.journeys import administration, login
from userprofile.mechanisms import sessions
from userprofile.models import User


class SignInForm(AdminAuthenticationForm):
    """Counted, locked and logged by the sign-in that every door calls."""

    def clean(self) -> dict[str, Any]:
        email, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if email and password:
            self._sign_in(email, password)
        return self.cleaned_data

    def _sign_in(self, email: str, password: str) -> None:
        assert self.request is not None  # noqa: S101  (LoginView gives it)
        try:
            session = login.sign_in(
                email=email, password=password, client=client_of(self.request), staff_only=True
            )
        except AccountLocked as refusal:
            raise ValidationError(str(refusal.detail), code=refusal.default_code) from None
        except InvalidCredentials:
            raise self.get_invalid_login_error() from None
        self.user_cache = session.user
        browser = self.request.session
        sessions.end(browser.get(sessions.ACTIVITY_ID), at=session.created_at)  # whoever sat there before
        browser.flush()  # auth.login would empty somebody else's later, and the row's id with it
        browser[sessions.ACTIVITY_ID] = session.pk


class OwnPasswordForm(AdminPasswordChangeForm):
    """One's own new password: a wrong old one counts towards the sign-in lock."""

    def __init__(self, user: User, *args: Any, client: Client, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        self.client = client

    def clean_old_password(self) -> str:
        old_password: str = self.cleaned_data["old_password"]
        try:
            login.confirm_password(user=self.user, password=old_password, client=self.client)
        except AccountLocked as refusal:
            raise ValidationError(str(refusal.detail), code=refusal.default_code) from None
        except InvalidCredentials:
            message = self.error_messages["password_incorrect"]
            raise ValidationError(message, code="password_incorrect") from None
        return old_password

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit=False)
        administration.set_password(user=user, client=self.client)
        return user
