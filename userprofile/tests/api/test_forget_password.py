"""POST /userprofile/forget_password/: ask for a reset code, or set a new password with one."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings
from rest_framework.test import APIClient

from userprofile.mechanisms import otp
from userprofile.models import EmailsLogs, LoginActivity, User
from userprofile.tests.conftest import NEW_PASSWORD, PASSWORD

PATH = "/userprofile/forget_password/"
FORM = "application/x-www-form-urlencoded"
Answer = tuple[int, Any]
CodeOf = Callable[..., str]

SENT = (200, {"message": "OTP sent successfully"})
RESET = (200, {"message": "Password reset successfully"})
INVALID = (400, {"error": "Invalid OTP"})
EXPIRED = (400, {"error": "Expired OTP"})
USED = (400, {"error": "OTP is already used"})
LOCKED = (403, {"error": "Account locked. Contact admin."})
BLOCKED = (403, {"error": "Forget password attempts exceeded. Your account has been blocked."})
UNKNOWN = (404, {"error": "User not found"})
REQUIRED = ["This field is required."]


def send(api: APIClient, **body: Any) -> Answer:
    answer = api.post(PATH, json.dumps(body), content_type="application/json")
    return answer.status_code, answer.json()


def ask(api: APIClient, user: User) -> Answer:
    return send(api, email=user.email)


def reset(api: APIClient, user: User, code: str, password: str = NEW_PASSWORD) -> Answer:
    return send(api, email=user.email, otp_entered=code, new_password=password, confirm_password=password)


def refused(**details: list[str]) -> Answer:
    return 400, {"error": "Invalid input.", "details": details}


# --- Where ------------------------------------------------------------------------------------


def test_the_seeds_name_leads_here() -> None:
    assert reverse("forgot_reset_password") == PATH


def test_a_missing_slash_is_answered_by_the_view(api: APIClient, user: User) -> None:
    answer = api.post("/userprofile/forget_password", {"email": user.email})
    assert (answer.status_code, answer.json()) == SENT


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_only_post_is_allowed(api: APIClient, method: str) -> None:
    answer = getattr(api, method)(PATH)
    assert answer.status_code == 405
    assert answer.json() == {"error": f'Method "{method.upper()}" not allowed.'}
    assert "POST" in answer["Allow"]


def test_a_stale_token_does_not_bar_the_way(api: APIClient, user: User) -> None:
    api.credentials(HTTP_AUTHORIZATION="Bearer stale")
    assert ask(api, user) == SENT


@pytest.mark.parametrize("format_", ["json", "multipart"])
def test_json_and_multipart_are_read(api: APIClient, user: User, format_: str) -> None:
    assert api.post(PATH, {"email": user.email}, format=format_).json() == SENT[1]


def test_the_seeds_curl_works(api: APIClient, make_user: Callable[..., User]) -> None:
    make_user("Shambhu@botshyeyasi")
    asked = api.post(PATH, "email=Shambhu@botshyeyasi", content_type=FORM)
    assert (asked.status_code, asked.json()) == SENT
    curl = (
        "email=Shambhu@botshyeyasi&otp_entered=123456&new_password=shamBhu123@&confirm_password=shamBhu123@"
    )
    answer = api.post(PATH, curl, content_type=FORM)
    assert (answer.status_code, answer.json()) == INVALID


# --- Asking for a code ------------------------------------------------------------------------


def test_a_code_goes_to_the_stored_address(api: APIClient, make_user: Callable[..., User]) -> None:
    user = make_user("Kim.Lee@Example.com")
    assert send(api, email="  \u212aIM.lee@EXAMPLE.com ") == SENT
    mail = EmailsLogs.objects.get()
    assert (mail.user, mail.template, mail.status) == (user, "password_reset_code", "queued")
    assert mail.to_email == "Kim.Lee@example.com"


def test_the_code_is_in_the_answer_where_the_setting_puts_it(
    api: APIClient, user: User, code_of: CodeOf, settings: Settings
) -> None:
    settings.OTP_IN_RESPONSE = True
    status, body = ask(api, user)
    assert (status, body) == (200, {"message": "OTP sent successfully", "otp": code_of(user)})


@pytest.mark.parametrize("blank", ["", "   ", None])
def test_blank_fields_count_as_absent(api: APIClient, user: User, blank: str | None) -> None:
    fields = dict.fromkeys(("otp_entered", "new_password", "confirm_password"), blank)
    assert send(api, email=user.email, **fields) == SENT


def test_blank_fields_do_not_pass_the_mail_throttle(api: APIClient, user: User, settings: Settings) -> None:
    settings.THROTTLES = True
    settings.THROTTLE_MAIL = (1, 3600)
    assert ask(api, user) == SENT
    assert send(api, email=user.email, otp_entered="  ")[0] == 429


def test_an_unknown_address_is_not_found(api: APIClient, user: User) -> None:
    assert send(api, email="nobody@example.com") == UNKNOWN
    assert not EmailsLogs.objects.exists()


def test_a_deactivated_user_is_answered_like_an_unknown_one(
    api: APIClient, make_user: Callable[..., User]
) -> None:
    gone = make_user("gone@example.com", is_active=False)
    assert ask(api, gone) == UNKNOWN
    assert reset(api, gone, "123456") == UNKNOWN


def test_an_unverified_user_may_reset(api: APIClient, user: User, code_of: CodeOf) -> None:
    assert not user.is_email_verified
    ask(api, user)
    assert reset(api, user, code_of(user)) == RESET


@pytest.mark.parametrize("email", ["kim", "kim@", "@example.com", "a@b@example.com", "a b@example.com"])
def test_a_malformed_address_is_refused_by_name(api: APIClient, db: None, email: str) -> None:
    assert send(api, email=email) == refused(email=["Enter a valid email address."])


@pytest.mark.parametrize(
    ("email", "message"),
    [
        (7, "Not a valid string."),
        (["kim@example.com"], "Not a valid string."),
        ({}, "Not a valid string."),
        (True, "Not a valid string."),
        ("", "This field may not be blank."),
        ("  ", "This field may not be blank."),
        ("kim\x00@example.com", "Control characters and broken Unicode are not allowed."),
        ("kim\ud800@example.com", "Control characters and broken Unicode are not allowed."),
    ],
)
def test_what_is_no_text_is_no_address(api: APIClient, db: None, email: Any, message: str) -> None:
    assert send(api, email=email) == refused(email=[message])


def test_the_address_is_required(api: APIClient, db: None) -> None:
    assert send(api) == refused(email=REQUIRED)
    assert send(api, otp_entered="123456") == refused(email=REQUIRED)


def test_unknown_fields_are_ignored(api: APIClient, user: User) -> None:
    assert send(api, email=user.email, is_staff=True, otp="123456") == SENT


def test_a_further_code_counts_as_a_resend_and_the_sixth_is_refused(
    api: APIClient, user: User, settings: Settings
) -> None:
    for _ in range(1 + settings.OTP_MAX_RESENDS):
        assert ask(api, user) == SENT
    assert ask(api, user) == BLOCKED
    assert ask(api, user) == BLOCKED
    assert EmailsLogs.objects.count() == 1 + settings.OTP_MAX_RESENDS


def test_asking_takes_at_most_five_statements(api: APIClient, user: User, settings: Settings) -> None:
    settings.THROTTLES = True
    for path in (PATH, PATH, "/userprofile/Resend_OTP/", "/userprofile/Generate_OTP/"):
        with CaptureQueriesContext(connection) as captured:
            assert api.post(path, {"email": user.email}).status_code == 200
        control = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
        texts = [query["sql"] for query in captured if not query["sql"].startswith(control)]
        throttle = [text for text in texts if "throttlecounter" in text]
        assert len(throttle) == 1
        assert len(texts) - len(throttle) <= 5, texts


# --- Resetting --------------------------------------------------------------------------------


def test_the_right_code_sets_the_new_password(api: APIClient, user: User, code_of: CodeOf) -> None:
    ask(api, user)
    assert reset(api, user, code_of(user)) == RESET
    user.refresh_from_db()
    assert user.check_password(NEW_PASSWORD)
    assert not user.check_password(PASSWORD)


def test_a_reset_is_told_by_mail(
    api: APIClient, user: User, code_of: CodeOf, mails_to: Callable[[User], list[str]]
) -> None:
    ask(api, user)
    reset(api, user, code_of(user))
    assert mails_to(user) == ["password_reset_code", "password_changed"]


def test_a_reset_works_by_form(api: APIClient, user: User, code_of: CodeOf) -> None:
    ask(api, user)
    body = {"email": user.email, "otp_entered": code_of(user)}
    body |= {"new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    answer = api.post(PATH, body)
    assert (answer.status_code, answer.json()) == RESET


def test_any_spelling_of_the_address_resets(
    api: APIClient, make_user: Callable[..., User], code_of: CodeOf
) -> None:
    user = make_user("Jo@example.com")
    ask(api, user)
    fields = {"otp_entered": code_of(user), "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    assert send(api, email=" jO@EXAMPLE.com", **fields) == RESET


def test_a_code_works_until_its_time_is_over(
    api: APIClient, user: User, code_of: CodeOf, clock: Any, settings: Settings
) -> None:
    ask(api, user)
    clock.shift(settings.OTP_LIFETIME.total_seconds() - 1)
    assert reset(api, user, code_of(user)) == RESET


def test_an_expired_code_is_named_to_whoever_enters_it(
    api: APIClient, user: User, code_of: CodeOf, wrong_code_for: CodeOf, clock: Any, settings: Settings
) -> None:
    ask(api, user)
    clock.shift(settings.OTP_LIFETIME)
    for _ in range(settings.OTP_MAX_FAILURES + 1):
        assert reset(api, user, code_of(user)) == EXPIRED
        assert reset(api, user, wrong_code_for(user)) == INVALID
    user.refresh_from_db()
    assert user.reset_failures == 0


def test_a_used_code_is_named_to_whoever_enters_it(
    api: APIClient, user: User, code_of: CodeOf, wrong_code_for: CodeOf, settings: Settings
) -> None:
    ask(api, user)
    reset(api, user, code_of(user))
    for _ in range(settings.OTP_MAX_FAILURES + 1):
        assert reset(api, user, code_of(user), "Cobalt-Heron9") == USED
        assert reset(api, user, wrong_code_for(user), "Cobalt-Heron9") == INVALID
    user.refresh_from_db()
    assert user.reset_failures == 0
    assert user.check_password(NEW_PASSWORD)


def test_a_used_code_stays_used_when_its_time_is_over(
    api: APIClient, user: User, code_of: CodeOf, clock: Any, settings: Settings
) -> None:
    ask(api, user)
    reset(api, user, code_of(user))
    clock.shift(settings.OTP_LIFETIME)
    assert reset(api, user, code_of(user)) == USED


def test_without_a_code_every_entry_is_invalid_and_none_counts(
    api: APIClient, user: User, settings: Settings
) -> None:
    for _ in range(settings.OTP_MAX_FAILURES + 1):
        assert reset(api, user, "123456") == INVALID


def test_only_the_newest_code_is_looked_at(api: APIClient, user: User, code_of: CodeOf, clock: Any) -> None:
    ask(api, user)
    replaced = code_of(user)
    ask(api, user)
    assert reset(api, user, replaced) == INVALID
    user.refresh_from_db()
    assert user.reset_failures == 1
    assert reset(api, user, code_of(user)) == RESET


def test_a_used_code_is_invalid_once_another_was_sent(api: APIClient, user: User, code_of: CodeOf) -> None:
    ask(api, user)
    used = code_of(user)
    reset(api, user, used)
    ask(api, user)
    assert reset(api, user, used) == INVALID


def test_third_invalid_code_locks_resets(
    api: APIClient, user: User, code_of: CodeOf, wrong_code_for: CodeOf, settings: Settings
) -> None:
    ask(api, user)
    for _ in range(settings.OTP_MAX_FAILURES - 1):
        assert reset(api, user, wrong_code_for(user)) == INVALID
    assert reset(api, user, wrong_code_for(user)) == LOCKED
    assert reset(api, user, wrong_code_for(user)) == LOCKED
    assert reset(api, user, code_of(user)) == LOCKED
    assert ask(api, user) == LOCKED
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_the_reset_lock_is_told_by_mail_once(
    api: APIClient,
    user: User,
    wrong_code_for: CodeOf,
    mails_to: Callable[[User], list[str]],
    settings: Settings,
) -> None:
    ask(api, user)
    for _ in range(settings.OTP_MAX_FAILURES + 2):
        reset(api, user, wrong_code_for(user))
    assert mails_to(user) == ["password_reset_code", "account_locked"]


def test_a_new_code_does_not_start_the_count_afresh(
    api: APIClient, user: User, code_of: CodeOf, wrong_code_for: CodeOf, settings: Settings
) -> None:
    for _ in range(settings.OTP_MAX_FAILURES - 1):
        assert ask(api, user) == SENT
        assert reset(api, user, wrong_code_for(user)) == INVALID
    assert ask(api, user) == SENT
    assert reset(api, user, wrong_code_for(user)) == LOCKED


def test_a_validation_code_never_resets_a_password(api: APIClient, user: User, code_of: CodeOf) -> None:
    ask(api, user)
    api.post("/userprofile/Generate_OTP/", {"email": user.email})
    assert reset(api, user, code_of(user, otp.EMAIL_VALIDATION)) == INVALID


def test_another_users_code_opens_nothing(
    api: APIClient, user: User, make_user: Callable[..., User], code_of: CodeOf
) -> None:
    other = make_user("lou@example.com")
    ask(api, user)
    ask(api, other)
    assert reset(api, user, code_of(other)) == INVALID


def test_a_code_sent_to_an_earlier_address_opens_nothing(
    api: APIClient, user: User, code_of: CodeOf, settings: Settings
) -> None:
    ask(api, user)
    code = code_of(user)
    user.email = "kim@example.org"
    user.save()
    for _ in range(settings.OTP_MAX_FAILURES + 1):
        assert reset(api, user, code) == INVALID


def test_spaces_around_a_code_are_trimmed(api: APIClient, user: User, code_of: CodeOf) -> None:
    ask(api, user)
    assert reset(api, user, f"  {code_of(user)} ") == RESET


def test_leading_noughts_belong_to_a_code(api: APIClient, user: User, code_of: CodeOf) -> None:
    ask(api, user)
    row = EmailsLogs.objects.get()
    while not otp.digits(row).startswith("0"):
        row.nonce = f"{int(row.nonce, 16) + 1:032x}"
    row.save()
    code = code_of(user)
    assert reset(api, user, code.lstrip("0"))[1]["details"] == {
        "otp_entered": ["The OTP must be exactly 6 digits."]
    }
    assert reset(api, user, code) == RESET


MALFORMED_CODES = [
    ("12345", "The OTP must be exactly 6 digits."),
    ("1234567", "The OTP must be exactly 6 digits."),
    ("12345a", "The OTP must be exactly 6 digits."),
    ("12 345", "The OTP must be exactly 6 digits."),
    ("+12345", "The OTP must be exactly 6 digits."),
    ("１２３４５６", "The OTP must be exactly 6 digits."),
    ("١٢٣٤٥٦", "The OTP must be exactly 6 digits."),
    ("१२३४५६", "The OTP must be exactly 6 digits."),
    ("¹²³⁴⁵⁶", "The OTP must be exactly 6 digits."),
    (123456, "Not a valid string."),
    (123456.0, "Not a valid string."),
    (True, "Not a valid string."),
    (["123456"], "Not a valid string."),
    ({"otp": "123456"}, "Not a valid string."),
    ("123456\x00", "Control characters and broken Unicode are not allowed."),
    ("12345\udc00", "Control characters and broken Unicode are not allowed."),
]


@pytest.mark.parametrize(("code", "message"), MALFORMED_CODES)
def test_a_malformed_code_is_refused_and_no_attempt(
    api: APIClient, user: User, code_of: CodeOf, settings: Settings, code: Any, message: str
) -> None:
    ask(api, user)
    for _ in range(settings.OTP_MAX_FAILURES + 1):
        assert reset(api, user, code) == refused(otp_entered=[message])
    user.refresh_from_db()
    assert user.reset_failures == 0
    assert reset(api, user, code_of(user)) == RESET


def test_the_length_of_codes_is_a_setting(
    api: APIClient, user: User, code_of: CodeOf, settings: Settings
) -> None:
    settings.OTP_LENGTH = 8
    ask(api, user)
    assert reset(api, user, "123456") == refused(otp_entered=["The OTP must be exactly 8 digits."])
    assert len(code_of(user)) == 8
    assert reset(api, user, code_of(user)) == RESET


FIELDS = {"otp_entered": "123456", "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}


@pytest.mark.parametrize("given", FIELDS)
@pytest.mark.parametrize("blank", ["", " ", None])
def test_one_of_the_three_demands_the_others(
    api: APIClient, user: User, given: str, blank: str | None
) -> None:
    missing = [name for name in FIELDS if name != given]
    assert send(api, email=user.email, **{given: FIELDS[given]}) == refused(
        **dict.fromkeys(missing, REQUIRED)
    )
    body = {**dict.fromkeys(missing, blank), given: FIELDS[given]}
    assert send(api, email=user.email, **body) == refused(**dict.fromkeys(missing, REQUIRED))
    assert not EmailsLogs.objects.exists()


def test_passwords_that_differ_are_refused(api: APIClient, user: User, code_of: CodeOf) -> None:
    ask(api, user)
    body = {"email": user.email, "otp_entered": code_of(user), "new_password": NEW_PASSWORD}
    for confirmation in (NEW_PASSWORD.lower(), NEW_PASSWORD + " "):
        assert send(api, **body, confirm_password=confirmation) == refused(
            confirm_password=["The two passwords do not match."]
        )
    assert send(api, **body, confirm_password=NEW_PASSWORD) == RESET


@pytest.mark.parametrize(
    ("password", "message"),
    [
        (7, "Not a valid string."),
        (["Amber-Fjord8"], "Not a valid string."),
        ("Amber\x00Fjord8", "Control characters and broken Unicode are not allowed."),
        ("Amber-Fjord8\ud83d", "Control characters and broken Unicode are not allowed."),
        ("Aa1-" * 65, "Ensure this field has no more than 256 characters."),
    ],
)
def test_what_cannot_be_a_password_is_refused_by_shape(
    api: APIClient, user: User, password: Any, message: str
) -> None:
    assert reset(api, user, "123456", password) == refused(new_password=[message], confirm_password=[message])


def test_white_space_around_a_password_belongs_to_it(api: APIClient, user: User, code_of: CodeOf) -> None:
    ask(api, user)
    assert reset(api, user, code_of(user), f" {NEW_PASSWORD} ") == RESET
    user.refresh_from_db()
    assert user.check_password(f" {NEW_PASSWORD} ")
    assert not user.check_password(NEW_PASSWORD)


LENGTH = "Password must be between 6 and 25 characters."
TOO_COMMON = "This password is too common."
PERSONAL = "Password must not contain your name or e-mail address."
WEAK = [
    ("aB1-x", [LENGTH]),
    ("aB1-" * 6 + "xy", [LENGTH]),
    ("amber-fjord8", ["Password must contain at least 1 uppercase letter."]),
    ("AMBER-FJORD8", ["Password must contain at least 1 lowercase letter."]),
    ("Amber-Fjordx", ["Password must contain at least 1 digit."]),
    ("AmberXFjord8", ["Password must contain at least 1 special character."]),
    ("Passw0rd!", [TOO_COMMON]),
    ("Admin@123", [TOO_COMMON]),
    ("Lindgren-Kite7", [PERSONAL, "The password is too similar to the last name."]),
]


@pytest.mark.parametrize(("password", "messages"), WEAK)
def test_a_password_against_the_policy_is_refused_and_spends_no_code(
    api: APIClient, user: User, code_of: CodeOf, settings: Settings, password: str, messages: list[str]
) -> None:
    User.objects.update(last_name="Lindgren")
    ask(api, user)
    for _ in range(settings.OTP_MAX_FAILURES + 1):
        assert reset(api, user, code_of(user), password) == refused(new_password=messages)
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert user.reset_failures == 0
    assert reset(api, user, code_of(user)) == RESET


def test_the_seeds_sample_password_is_too_similar_to_its_sample_address(
    api: APIClient, make_user: Callable[..., User], code_of: CodeOf
) -> None:
    user = make_user("Shambhu@botshyeyasi", username="owner-of-the-seed")
    ask(api, user)
    status, body = reset(api, user, code_of(user), "shamBhu123@")
    assert (status, body["error"], list(body["details"])) == (400, "Invalid input.", ["new_password"])
    assert "The password is too similar to the email address." in body["details"]["new_password"]
    assert reset(api, user, code_of(user)) == RESET


def test_the_current_password_is_refused_and_spends_no_code(
    api: APIClient, user: User, code_of: CodeOf
) -> None:
    ask(api, user)
    message = "New password must not be the same as the old password."
    assert reset(api, user, code_of(user), PASSWORD) == refused(new_password=[message])
    assert reset(api, user, code_of(user)) == RESET


@pytest.mark.parametrize("password", ["weak", "Passw0rd!", PASSWORD])
def test_the_password_is_judged_only_after_the_code(
    api: APIClient, user: User, wrong_code_for: CodeOf, password: str
) -> None:
    ask(api, user)
    assert reset(api, user, wrong_code_for(user), password) == INVALID


# --- The order of the checks ------------------------------------------------------------------


def test_the_throttle_comes_before_the_shape(api: APIClient, db: None, settings: Settings) -> None:
    settings.THROTTLES = True
    settings.THROTTLE_CODES = (1, 60)
    assert send(api, email="no address")[0] == 400
    answer = api.post(PATH, {"email": "no address"})
    assert answer.status_code == 429
    assert answer.json() == {"error": f"Too many requests. Try again in {answer['Retry-After']} seconds."}


def test_the_shape_comes_before_the_user(api: APIClient, db: None) -> None:
    assert send(api, email="nobody@example.com", otp_entered="1") == refused(
        otp_entered=["The OTP must be exactly 6 digits."]
    )


def test_the_reset_lock_comes_before_the_block(api: APIClient, user: User, clock: Any) -> None:
    moment = user.date_joined
    User.objects.update(reset_locked_at=moment, blocked_at=moment)
    assert ask(api, user) == LOCKED


def test_the_reset_lock_comes_before_the_code(
    api: APIClient, user: User, code_of: CodeOf, clock: Any, settings: Settings
) -> None:
    ask(api, user)
    User.objects.update(reset_locked_at=user.date_joined)
    clock.shift(settings.OTP_LIFETIME)
    assert reset(api, user, code_of(user)) == LOCKED


# --- What a reset does ------------------------------------------------------------------------


def test_a_reset_clears_counters_block_and_sign_in_lock(api: APIClient, user: User, code_of: CodeOf) -> None:
    ask(api, user)
    moment = user.date_joined
    User.objects.update(
        sign_in_failures=3,
        sign_in_locked_at=moment,
        reset_failures=2,
        forget_password_attempts=5,
        blocked_at=moment,
    )
    assert reset(api, user, code_of(user)) == RESET
    user.refresh_from_db()
    assert (user.sign_in_failures, user.reset_failures, user.forget_password_attempts) == (0, 0, 0)
    assert (user.sign_in_locked_at, user.blocked_at, user.last_code_requested_at) == (None, None, None)


def test_a_reset_voids_every_other_open_code(api: APIClient, user: User, code_of: CodeOf) -> None:
    api.post("/userprofile/Generate_OTP/", {"email": user.email})
    validation_code = code_of(user, otp.EMAIL_VALIDATION)
    ask(api, user)
    reset(api, user, code_of(user))
    answer = api.post("/userprofile/Email-Validation/", {"email": user.email, "otp": validation_code})
    assert (answer.status_code, answer.json()) == INVALID


def test_a_reset_ends_every_session(
    api: APIClient, cookies: Client, user: User, sign_in: Callable[..., APIClient], code_of: CodeOf
) -> None:
    visitors = [sign_in(user), sign_in(user)]
    cookies.post("/userprofile/account_locked/", {"email": user.email, "Password": PASSWORD})
    ask(api, user)
    reset(api, user, code_of(user))
    for visitor in visitors:
        assert visitor.get(f"/userprofile/User_update/{user.pk}/").status_code == 401
        refresh = {"refresh_token": visitor.tokens["refresh_token"]}  # type: ignore[attr-defined]
        assert api.post("/userprofile/token/refresh/", refresh).status_code == 401
    assert cookies.post("/userprofile/logout/").status_code == 401


def test_a_reset_signs_nobody_in(cookies: Client, user: User, code_of: CodeOf) -> None:
    cookies.post(PATH, {"email": user.email})
    body = {"email": user.email, "otp_entered": code_of(user)}
    body |= {"new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    answer = cookies.post(PATH, body)
    assert (answer.status_code, answer.json()) == RESET
    assert not answer.cookies
    assert not LoginActivity.objects.exists()


def test_after_a_reset_the_next_code_is_free_again(
    api: APIClient, user: User, code_of: CodeOf, settings: Settings
) -> None:
    ask(api, user)
    ask(api, user)
    reset(api, user, code_of(user))
    for _ in range(1 + settings.OTP_MAX_RESENDS):
        assert ask(api, user) == SENT
    assert ask(api, user) == BLOCKED


# --- Problem details --------------------------------------------------------------------------


def problem(api: APIClient, **body: Any) -> tuple[int, str, str]:
    answer = api.post(PATH, body, format="json", HTTP_ACCEPT="application/problem+json")
    assert answer["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"], answer.json()["detail"]


def test_each_refusal_has_its_code(
    api: APIClient, user: User, code_of: CodeOf, wrong_code_for: CodeOf, clock: Any, settings: Settings
) -> None:
    fields = {"email": user.email, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    assert problem(api, email="nobody@example.com") == (404, "user_not_found", "User not found")
    assert problem(api, email="nobody") == (400, "invalid_input", "Invalid input.")
    ask(api, user)
    wrong, right = wrong_code_for(user), code_of(user)
    assert problem(api, **fields, otp_entered=wrong) == (400, "otp_invalid", "Invalid OTP")
    clock.shift(settings.OTP_LIFETIME)
    assert problem(api, **fields, otp_entered=right) == (400, "otp_expired", "Expired OTP")
    ask(api, user)
    right = code_of(user)
    reset(api, user, right)
    assert problem(api, **fields, otp_entered=right) == (400, "otp_used", "OTP is already used")
    User.objects.update(blocked_at=user.date_joined)
    assert problem(api, email=user.email) == (403, "account_blocked", BLOCKED[1]["error"])
    User.objects.update(reset_locked_at=user.date_joined)
    assert problem(api, email=user.email) == (403, "account_locked", LOCKED[1]["error"])
