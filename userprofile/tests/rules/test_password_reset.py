"""The journey of a forgotten password, where time passes between the proof and the new password."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from userprofile import hashers
from userprofile.client import Client
from userprofile.clock import now
from userprofile.exceptions import (
    AccountBlocked,
    AccountLocked,
    FieldRefusal,
    OtpInvalid,
    OtpUsed,
    UserNotFound,
)
from userprofile.journeys import password_reset
from userprofile.mechanisms import otp, outbox
from userprofile.models import DecoyMail, EmailsLogs, User
from userprofile.tests.conftest import NEW_PASSWORD, PASSWORD

OTHER_PASSWORD = "Cobalt-Heron9"
CLIENT = Client(ip_address="192.0.2.7", user_agent="curl/8")
CodeOf = Callable[..., str]


def request(user: User) -> EmailsLogs:
    code = password_reset.request_code(email=user.email)
    assert code is not None
    return code


def confirm(user: User, code: str, password: str = NEW_PASSWORD) -> None:
    password_reset.confirm(email=user.email, otp_entered=code, new_password=password, client=CLIENT)


def has(user: User, password: str) -> bool:
    user.refresh_from_db()
    return user.check_password(password)


@pytest.fixture
def while_hashing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """`while_hashing(act)`: act once in the midst of the next reset, after its code was proven right."""

    def arrange(act: Callable[[], Any]) -> None:
        hash_password = hashers.hash_password

        def interrupted(password: str) -> str:
            monkeypatch.setattr(hashers, "hash_password", hash_password)
            act()
            return hash_password(password)

        monkeypatch.setattr(hashers, "hash_password", interrupted)

    return arrange


# --- Asking -----------------------------------------------------------------------------------


def test_a_request_gives_the_code_that_was_mailed(user: User) -> None:
    assert request(user) == EmailsLogs.objects.get()


def test_a_decoy_gets_no_code(db: None, settings: Settings) -> None:
    settings.PREVENT_ENUMERATION = True
    assert password_reset.request_code(email="nobody@example.com") is None
    assert not EmailsLogs.objects.exists()
    assert DecoyMail.objects.get().template == otp.PASSWORD_RESET


def test_nobody_cannot_ask(db: None) -> None:
    with pytest.raises(UserNotFound):
        password_reset.request_code(email="nobody@example.com")


def test_the_block_outlives_its_refusal(user: User, settings: Settings) -> None:
    for _ in range(1 + settings.OTP_MAX_RESENDS):
        request(user)
    with pytest.raises(AccountBlocked):
        request(user)
    user.refresh_from_db()
    assert user.blocked_at is not None


def test_a_locked_account_is_not_counted_as_asking(user: User) -> None:
    User.objects.update(reset_locked_at=now())
    with pytest.raises(AccountLocked):
        request(user)
    user.refresh_from_db()
    assert (user.last_code_requested_at, user.forget_password_attempts) == (None, 0)


# --- Resetting --------------------------------------------------------------------------------


def test_a_failure_outlives_its_refusal(user: User, wrong_code_for: CodeOf) -> None:
    request(user)
    with pytest.raises(OtpInvalid):
        confirm(user, wrong_code_for(user))
    user.refresh_from_db()
    assert user.reset_failures == 1


def test_the_lock_is_told_to_the_owner_and_the_operators(
    user: User,
    wrong_code_for: CodeOf,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    request(user)
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(settings.OTP_MAX_FAILURES):
            with pytest.raises((OtpInvalid, AccountLocked)):
                confirm(user, wrong_code_for(user))
    assert [record.getMessage() for record in caplog.records] == [f"event=lock kind=reset user_id={user.pk}"]
    notice = EmailsLogs.objects.get(template="account_locked")
    assert (notice.to_email, notice.context["ip_address"]) == (user.email, "192.0.2.7")


def test_the_new_password_is_kept_as_argon2id(user: User, code_of: CodeOf) -> None:
    request(user)
    confirm(user, code_of(user))
    user.refresh_from_db()
    assert user.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


def test_the_notice_says_from_where(user: User, code_of: CodeOf) -> None:
    request(user)
    confirm(user, code_of(user))
    notice = EmailsLogs.objects.get(template="password_changed")
    assert (notice.to_email, notice.context["ip_address"]) == (user.email, "192.0.2.7")


def test_a_reset_happens_whole_or_not_at_all(
    user: User, code_of: CodeOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = request(user)
    User.objects.update(sign_in_failures=2)

    def fail(**_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(outbox, "queue_notice", fail)
    with pytest.raises(RuntimeError):
        confirm(user, code_of(user))
    code.refresh_from_db()
    assert (code.used_at, has(user, PASSWORD), user.sign_in_failures) == (None, True, 2)


def test_the_same_password_composed_otherwise_is_the_old_one(
    make_user: Callable[..., User], code_of: CodeOf
) -> None:
    user = make_user(password="Fj\u00f6rd-Kite7")
    request(user)
    with pytest.raises(FieldRefusal) as refusal:
        confirm(user, code_of(user), "Fjo\u0308rd-Kite7")
    message = "New password must not be the same as the old password."
    assert refusal.value.details == {"new_password": [message]}


def test_an_account_without_a_password_may_get_one(make_user: Callable[..., User], code_of: CodeOf) -> None:
    user = make_user(password=None)
    request(user)
    confirm(user, code_of(user))
    assert has(user, NEW_PASSWORD)


# --- Between the proof and the new password ---------------------------------------------------


def test_one_code_sets_one_password(
    user: User, code_of: CodeOf, while_hashing: Callable[[Callable[[], Any]], None]
) -> None:
    request(user)
    code = code_of(user)
    while_hashing(lambda: confirm(user, code, OTHER_PASSWORD))
    with pytest.raises(OtpUsed):
        confirm(user, code)
    assert has(user, OTHER_PASSWORD)


def test_a_code_that_was_replaced_meanwhile_sets_nothing(
    user: User, code_of: CodeOf, while_hashing: Callable[[Callable[[], Any]], None]
) -> None:
    request(user)
    while_hashing(lambda: request(user))
    with pytest.raises(OtpInvalid):
        confirm(user, code_of(user))
    assert has(user, PASSWORD)


def test_a_lock_that_closed_meanwhile_holds(
    user: User, code_of: CodeOf, while_hashing: Callable[[Callable[[], Any]], None]
) -> None:
    request(user)
    while_hashing(lambda: User.objects.update(reset_locked_at=now()))
    with pytest.raises(AccountLocked):
        confirm(user, code_of(user))
    assert has(user, PASSWORD)


def test_who_was_deactivated_meanwhile_is_unknown(
    user: User, code_of: CodeOf, while_hashing: Callable[[Callable[[], Any]], None]
) -> None:
    request(user)
    while_hashing(lambda: User.objects.update(is_active=False))
    with pytest.raises(UserNotFound):
        confirm(user, code_of(user))
    assert has(user, PASSWORD)


def test_a_code_that_expires_meanwhile_sets_nothing(
    clock: Any,
    user: User,
    code_of: CodeOf,
    while_hashing: Callable[[Callable[[], Any]], None],
    settings: Settings,
) -> None:
    request(user)
    while_hashing(lambda: clock.shift(settings.OTP_LIFETIME))
    with pytest.raises(Exception, match="Expired OTP"):
        confirm(user, code_of(user))
    assert has(user, PASSWORD)
    assert otp.newest(user=user, purpose=otp.PASSWORD_RESET).used_at is None  # type: ignore[union-attr]
