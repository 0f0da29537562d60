"""/userprofile/User_update/<id>/: a user's details, for that user and for staff."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings
from rest_framework.test import APIClient

from userprofile.journeys import profile
from userprofile.mechanisms import otp
from userprofile.models import EmailsLogs, LoginActivity, User

pytestmark = pytest.mark.django_db

KEYS = [
    "id",
    "first_name",
    "last_name",
    "username",
    "email",
    "phone",
    "gender",
    "profile_pic",
    "dob",
    "short_name",
    "timezone",
    "is_email_verified",
]
FULL = {
    "first_name": "Kim",
    "last_name": "Nakamura",
    "username": "kim.nakamura",
    "phone": "+919876543210",
    "gender": "other",
    "profile_pic": "https://example.com/kim.png?size=2",
    "dob": "1990-02-28",
    "short_name": "K",
    "timezone": "Asia/Tokyo",
}
UPDATED = (200, {"message": "User details updated successfully"})
UNKNOWN = (404, {"error": "User with provided ID does not exist"})
SIGN_IN_AGAIN = (403, {"error": "Sign in again or send current_password to change the email."})
LOCKED = (403, {"error": "Account locked. Contact admin."})
NEW = "kim.new@example.com"
SECOND = timedelta(seconds=1)
SignIn = Callable[..., Any]
MakeUser = Callable[..., User]


def path(user: User | int) -> str:
    return f"/userprofile/User_update/{user if isinstance(user, int) else user.pk}/"


def answer(response: Any) -> tuple[int, Any]:
    return response.status_code, response.json()


def put(client: Any, user: User, **body: Any) -> tuple[int, Any]:
    return answer(client.put(path(user), json.dumps(body), content_type="application/json"))


def refused(**details: list[str]) -> tuple[int, Any]:
    return 400, {"error": "Invalid input.", "details": details}


def columns(user: User) -> dict[str, Any]:
    return dict(User.objects.values().get(pk=user.pk))


@pytest.fixture
def by_kim(user: User, sign_in: SignIn) -> Any:
    return sign_in(user)


# --- Who may ----------------------------------------------------------------------------------


def test_reverse_name_is_the_seeds() -> None:
    assert reverse("Update_User_Details", args=[7]) == "/userprofile/User_update/7/"


def test_user_reads_its_own_details(user: User, by_kim: Any) -> None:
    response = by_kim.get(path(user))
    assert answer(response) == (
        200,
        {
            "id": user.pk,
            "first_name": "",
            "last_name": "",
            "username": "kim-at-example.com",
            "email": "kim@example.com",
            "phone": "",
            "gender": "",
            "profile_pic": "",
            "dob": None,
            "short_name": "",
            "timezone": "",
            "is_email_verified": False,
        },
    )
    assert list(response.json()) == KEYS


def test_staff_reads_and_changes_anybodys(user: User, staff: User, sign_in: SignIn) -> None:
    client = sign_in(staff)
    assert client.get(path(user)).json()["email"] == user.email
    assert put(client, user, first_name="Kim") == UPDATED
    assert client.get(path(user)).json()["first_name"] == "Kim"
    assert client.get(path(staff)).json()["first_name"] == ""


@pytest.mark.parametrize("method", ["get", "put", "patch", "post"])
def test_anyone_else_is_answered_as_for_an_id_that_does_not_exist(
    method: str, user: User, make_user: MakeUser, sign_in: SignIn
) -> None:
    client = sign_in(make_user("lee@example.com"))
    before = columns(user)
    there, not_there = (
        getattr(client, method)(path(number), {"first_name": "Mallory"})
        for number in (user.pk, user.pk + 10**6)
    )
    assert answer(there) == answer(not_there) == UNKNOWN
    assert there.content == not_there.content
    assert columns(user) == before


def test_stranger_learns_nothing_from_an_invalid_body_either(
    user: User, make_user: MakeUser, sign_in: SignIn
) -> None:
    client = sign_in(make_user("lee@example.com"))
    for body in ({}, {"dob": "never"}, {"email": user.email}):
        assert put(client, user, **body) == UNKNOWN


def test_superuser_who_is_no_staff_is_a_stranger(user: User, make_user: MakeUser, sign_in: SignIn) -> None:
    client = sign_in(make_user("lee@example.com", is_superuser=True))
    assert answer(client.get(path(user))) == UNKNOWN


@pytest.mark.parametrize("method", ["get", "put", "patch", "post"])
def test_without_a_token_every_id_is_401(method: str, user: User, api: APIClient) -> None:
    for number in (user.pk, user.pk + 10**6):
        response = getattr(api, method)(path(number), {"first_name": "Mallory"})
        assert answer(response) == (401, {"detail": "Authentication credentials were not provided."})


def test_django_session_is_no_token(user: User, api: APIClient) -> None:
    api.force_login(user)
    assert api.get(path(user)).status_code == 401


def test_deactivated_user_is_unknown_to_staff(make_user: MakeUser, staff: User, sign_in: SignIn) -> None:
    gone = make_user("gone@example.com", is_active=False)
    client = sign_in(staff)
    assert answer(client.get(path(gone))) == UNKNOWN
    assert put(client, gone, first_name="Kim") == UNKNOWN


# --- Changing ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["put", "patch", "post"])
@pytest.mark.parametrize("encoding", ["json", "multipart"])
def test_every_field_can_be_changed(method: str, encoding: str, user: User, by_kim: Any) -> None:
    assert answer(getattr(by_kim, method)(path(user), FULL, format=encoding)) == UPDATED
    expected = {"id": user.pk, "email": user.email, "is_email_verified": False, **FULL}
    assert by_kim.get(path(user)).json() == expected


@pytest.mark.parametrize("method", ["put", "patch", "post"])
@pytest.mark.parametrize("name", FULL)
def test_every_field_is_optional(method: str, name: str, user: User, by_kim: Any) -> None:
    before = by_kim.get(path(user)).json()
    assert answer(getattr(by_kim, method)(path(user), {name: FULL[name]}, format="json")) == UPDATED
    assert by_kim.get(path(user)).json() == {**before, name: FULL[name]}


@pytest.mark.parametrize(
    "body", [{}, {"unknown": 1}, {"id": 5, "is_email_verified": True}, {"current_password": "x"}]
)
def test_body_with_none_of_the_fields_is_a_400(body: dict[str, Any], user: User, by_kim: Any) -> None:
    names = "first_name, last_name, username, email, phone, gender, profile_pic, dob, short_name, timezone"
    assert put(by_kim, user, **body) == refused(non_field_errors=[f"Send at least one of: {names}."])


def test_fields_can_be_emptied_again(user: User, by_kim: Any) -> None:
    assert put(by_kim, user, **FULL) == UPDATED
    names = [name for name in FULL if name != "username"]
    for empty in ("", None):
        assert put(by_kim, user, **FULL) == UPDATED
        assert put(by_kim, user, **dict.fromkeys(names, empty)) == UPDATED
        found = by_kim.get(path(user)).json()
        assert {name: found[name] for name in names} == {
            name: None if name == "dob" else "" for name in names
        }


def test_text_is_trimmed(user: User, by_kim: Any) -> None:
    body = {"first_name": "  Kim\u00a0 ", "username": " kimmy ", "timezone": " UTC ", "gender": " male "}
    assert put(by_kim, user, **body, dob=" 1990-02-28 ", phone=" +91 98765-43210 ") == UPDATED
    found = by_kim.get(path(user)).json()
    assert {name: found[name] for name in body} == {
        "first_name": "Kim",
        "username": "kimmy",
        "timezone": "UTC",
        "gender": "male",
    }
    assert (found["dob"], found["phone"]) == ("1990-02-28", "+919876543210")


def test_one_bad_field_and_nothing_is_changed(user: User, by_kim: Any) -> None:
    before = columns(user)
    assert put(by_kim, user, first_name="Kim", dob="never") == refused(dob=["Write a date as YYYY-MM-DD."])
    assert columns(user) == before


def test_every_bad_field_is_named(user: User, by_kim: Any) -> None:
    status, body = put(by_kim, user, dob="never", phone="1", timezone="Mars", gender="?")
    assert (status, set(body["details"])) == (400, {"dob", "phone", "timezone", "gender"})


READ_ONLY = {
    "id": 1,
    "is_email_verified": True,
    "is_staff": True,
    "is_superuser": True,
    "is_active": False,
    "password": "Other-Secret9",
    "sign_in_failures": 7,
    "sign_in_locked_at": "2026-01-01T00:00:00Z",
    "reset_failures": 7,
    "reset_locked_at": "2026-01-01T00:00:00Z",
    "forget_password_attempts": 7,
    "last_code_requested_at": "2026-01-01T00:00:00Z",
    "blocked_at": "2026-01-01T00:00:00Z",
    "last_login": "2026-01-01T00:00:00Z",
    "date_joined": "2026-01-01T00:00:00Z",
    "logout": "2026-01-01T00:00:00Z",
    "sessions_ended_at": "2026-01-01T00:00:00Z",
    "email_canonical": "other@example.com",
    "groups": [1],
    "user_permissions": [1],
}


def test_read_only_fields_are_ignored(user: User, staff: User, by_kim: Any, sign_in: SignIn) -> None:
    before = columns(user)
    for client in (by_kim, sign_in(staff)):
        assert put(client, user, **READ_ONLY, first_name="Kim") == UPDATED
        assert columns(user) == {**before, "first_name": "Kim"}


def test_update_writes_the_sent_columns_and_no_others(user: User, by_kim: Any) -> None:
    with CaptureQueriesContext(connection) as statements:
        assert put(by_kim, user, first_name="Kim", phone="+919876543210") == UPDATED
    (written,) = [query["sql"] for query in statements.captured_queries if query["sql"].startswith("UPDATE")]
    assert written.count("=") == 3  # two columns and the id
    assert '"first_name"' in written
    assert '"phone"' in written


def test_counters_are_never_overwritten_by_an_update(
    user: User, by_kim: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure counted while an update is under way is still there afterwards."""
    update = profile.update

    def update_after_a_failure(**given: Any) -> None:
        User.objects.filter(pk=user.pk).update(
            sign_in_failures=2, reset_failures=1, forget_password_attempts=4
        )
        update(**given)

    monkeypatch.setattr(profile, "update", update_after_a_failure)
    assert put(by_kim, user, first_name="Kim") == UPDATED
    user.refresh_from_db()
    counted = (user.sign_in_failures, user.reset_failures, user.forget_password_attempts)
    assert (user.first_name, counted) == ("Kim", (2, 1, 4))


def test_user_deleted_meanwhile_is_a_404(user: User, staff: User, sign_in: SignIn, monkeypatch: Any) -> None:
    client, update = sign_in(staff), profile.update

    def update_after_deletion(**given: Any) -> None:
        User.objects.filter(pk=user.pk).delete()
        update(**given)

    monkeypatch.setattr(profile, "update", update_after_deletion)
    assert put(client, user, first_name="Kim") == UNKNOWN


# --- Each field -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dob", "is_right"),
    [
        ("1899-12-31", False),
        ("1900-01-01", True),
        ("2026-03-13", True),
        ("2026-03-14", False),
        ("2026-03-15", False),
    ],
)
def test_date_of_birth_from_1900_to_yesterday(
    dob: str, is_right: bool, clock: Any, user: User, by_kim: Any
) -> None:
    wrong = refused(dob=["The date of birth must lie between 1900 and yesterday."])
    assert put(by_kim, user, dob=dob) == (UPDATED if is_right else wrong)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("+91 98765 43210", "+919876543210"),
        ("+1 (212) 555-2368", "+12125552368"),
        ("+49.30.901820", "+4930901820"),
    ],
)
def test_phone_is_kept_in_international_form(sent: str, kept: str, user: User, by_kim: Any) -> None:
    assert put(by_kim, user, phone=sent) == UPDATED
    assert by_kim.get(path(user)).json()["phone"] == kept


@pytest.mark.parametrize(
    "sent", ["9876543210", "+91 1", "+999 123456789", "0091 98765 43210", "+91 98765 43210 x1"]
)
def test_what_is_no_international_number_is_refused(sent: str, user: User, by_kim: Any) -> None:
    message = "Enter an international telephone number, such as +91 98765 43210."
    assert put(by_kim, user, phone=sent) == refused(phone=[message])


@pytest.mark.parametrize("gender", ["male", "female", "other", ""])
def test_gender_is_one_of_three_or_empty(gender: str, user: User, by_kim: Any) -> None:
    assert put(by_kim, user, gender="other") == UPDATED
    assert put(by_kim, user, gender=gender) == UPDATED
    assert by_kim.get(path(user)).json()["gender"] == gender


def test_no_other_gender_is_kept(user: User, by_kim: Any) -> None:
    assert put(by_kim, user, gender="Male") == refused(gender=["Choose one of: male, female, other."])


@pytest.mark.parametrize("timezone", ["UTC", "Asia/Kolkata", "Europe/Berlin", "US/Pacific"])
def test_time_zone_is_a_name_that_pytz_knows(timezone: str, user: User, by_kim: Any) -> None:
    assert put(by_kim, user, timezone=timezone) == UPDATED
    wrong = refused(timezone=["Enter a time zone such as Europe/Berlin."])
    assert put(by_kim, user, timezone=f"{timezone}x") == wrong


@pytest.mark.parametrize(
    "url", ["http://example.com", "https://例え.jp/a.png", "https://example.com:8443/a?b=c#d"]
)
def test_profile_picture_is_a_web_address(url: str, user: User, by_kim: Any) -> None:
    assert put(by_kim, user, profile_pic=url) == UPDATED
    assert by_kim.get(path(user)).json()["profile_pic"] == url


@pytest.mark.parametrize(
    "url", ["ftp://example.com", "https://kim:secret@example.com/", "javascript:alert(1)", "kim.png"]
)
def test_other_addresses_are_no_picture(url: str, user: User, by_kim: Any) -> None:
    message = "Enter a URL that starts with http:// or https://, without user-info."
    assert put(by_kim, user, profile_pic=url) == refused(profile_pic=[message])


def test_server_never_fetches_the_picture(user: User, by_kim: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No name is looked up, so nothing is fetched."""
    looked_up: list[object] = []
    monkeypatch.setattr("socket.getaddrinfo", lambda *given, **_: looked_up.append(given))
    assert put(by_kim, user, profile_pic="http://169.254.169.254/latest/meta-data/") == UPDATED
    assert put(by_kim, user, profile_pic="http://picture.example.com/a.png") == UPDATED
    assert looked_up == []


@pytest.mark.parametrize(
    ("name", "length"), [("first_name", 150), ("last_name", 150), ("username", 150), ("short_name", 50)]
)
def test_longest_text_fits_and_no_longer(name: str, length: int, user: User, by_kim: Any) -> None:
    for letter in "xé":
        assert put(by_kim, user, **{name: letter * length}) == UPDATED
        message = f"Ensure this field has no more than {length} characters."
        assert put(by_kim, user, **{name: letter * (length + 1)}) == refused(**{name: [message]})


# --- Usernames --------------------------------------------------------------------------------

USERNAME_TAKEN = refused(username=["A user with that username already exists."])
EMAIL_TAKEN = refused(email=["A user with that email already exists."])


def test_username_is_unique_in_any_case(user: User, make_user: MakeUser, by_kim: Any) -> None:
    make_user("lee@example.com", username="Lee")
    for username in ("Lee", "lee", "LEE", " lee "):
        assert put(by_kim, user, username=username) == USERNAME_TAKEN
    assert put(by_kim, user, username="KIM-AT-example.com") == UPDATED


@pytest.mark.parametrize("username", ["lee@example.com", "LEE@Example.com", "ｌｅｅ@example.com"])
def test_username_is_never_another_users_address(
    username: str, user: User, make_user: MakeUser, by_kim: Any
) -> None:
    make_user("lee@example.com", username="lee")
    assert put(by_kim, user, username=username) == USERNAME_TAKEN


def test_username_may_be_ones_own_address(user: User, by_kim: Any) -> None:
    assert put(by_kim, user, username="kim@example.com") == UPDATED


@pytest.mark.parametrize("username", ["", "two words", "semi;colon", "a@b@c"])
def test_what_is_no_username_is_refused(username: str, user: User, by_kim: Any) -> None:
    status, body = put(by_kim, user, username=username)
    assert (status, list(body["details"])) == (400, ["username"])


# --- What GET gave may be sent back -----------------------------------------------------------


@pytest.mark.parametrize("encoding", ["json", "form", "multipart"])
@pytest.mark.parametrize(
    "stored",
    [
        {"email": "Shambhu@botshyeyasi"},
        {"email": "kim@example.com", **FULL},
        {"email": '"odd"@example.com', "username": "with blanks and;signs", "phone": "12345"},
        {"email": "kim@example.com", "timezone": "Old/Name", "profile_pic": "kim.png", "dob": "2999-01-01"},
    ],
    ids=["the seed's address", "full", "odd name", "odd values"],
)
def test_what_get_gave_may_be_sent_back_whole(
    encoding: str, stored: dict[str, Any], make_user: MakeUser, staff: User, sign_in: SignIn, clock: Any
) -> None:
    user = make_user("first@example.com")
    User.objects.filter(pk=user.pk).update(**stored)
    before = columns(user)
    client = sign_in(staff)
    given = client.get(path(user)).json()
    clock.shift(timedelta(minutes=30))  # no fresh sign-in: nothing may look like a change of address
    if encoding == "form":
        form = urlencode({name: "" if value is None else value for name, value in given.items()})
        response = client.put(path(user), form, content_type="application/x-www-form-urlencoded")
    else:
        response = client.put(
            path(user),
            {k: "" if v is None else v for k, v in given.items()} if encoding != "json" else given,
            format=encoding,
        )
    assert answer(response) == UPDATED
    assert columns(user) == before
    assert EmailsLogs.objects.count() == 0


# --- Changing the address ---------------------------------------------------------------------


def test_fresh_sign_in_may_change_the_address(user: User, by_kim: Any) -> None:
    assert put(by_kim, user, email=f" {NEW} ") == UPDATED
    user.refresh_from_db()
    assert (user.email, user.email_canonical) == (NEW, NEW)


def test_address_is_kept_as_written_and_compared_in_one_form(user: User, by_kim: Any) -> None:
    assert put(by_kim, user, email="Kim.New@Exämple.com") == UPDATED
    user.refresh_from_db()
    assert (user.email, user.email_canonical) == ("Kim.New@Exämple.com", "kim.new@xn--exmple-cua.com")


@pytest.fixture
def later(clock: Any, by_kim: Any, settings: Settings) -> Any:
    """Kim's client when the sign-in is no longer young enough to change the address."""
    clock.shift(settings.REAUTHENTICATE_AFTER)
    return by_kim


def test_freshness_ends_with_the_setting(clock: Any, user: User, by_kim: Any, settings: Settings) -> None:
    clock.shift(settings.REAUTHENTICATE_AFTER - SECOND)
    assert put(by_kim, user, email=NEW) == UPDATED
    clock.shift(SECOND)
    assert put(by_kim, user, email="third@example.com") == SIGN_IN_AGAIN


def test_refreshed_token_is_no_fresh_sign_in(clock: Any, user: User, by_kim: Any, settings: Settings) -> None:
    clock.shift(settings.REAUTHENTICATE_AFTER)
    refresh = {"refresh_token": by_kim.tokens["refresh_token"]}
    tokens = APIClient().post("/userprofile/token/refresh/", refresh).json()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access_token']}")
    assert put(client, user, email=NEW) == SIGN_IN_AGAIN


def test_later_the_address_needs_the_password(user: User, later: Any, password: str) -> None:
    before = columns(user)
    for proof in ({}, {"current_password": ""}, {"current_password": None}):
        assert put(later, user, email=NEW, first_name="Kim", **proof) == SIGN_IN_AGAIN
    assert columns(user) == before
    assert put(later, user, email=NEW, first_name="Kim", current_password=password) == UPDATED
    user.refresh_from_db()
    assert (user.email, user.first_name) == (NEW, "Kim")


def test_other_fields_need_no_password_later(user: User, later: Any) -> None:
    assert put(later, user, first_name="Kim", username="kim") == UPDATED


def test_wrong_current_password_is_counted_and_logged(
    user: User, later: Any, password: str, settings: Settings
) -> None:
    failures = settings.LOGIN_MAX_FAILURES
    for _ in range(failures - 1):
        assert put(later, user, email=NEW, current_password="wrong") == SIGN_IN_AGAIN
    assert put(later, user, email=NEW, current_password="wrong") == LOCKED
    assert put(later, user, email=NEW, current_password=password) == LOCKED
    user.refresh_from_db()
    assert (user.email, user.sign_in_failures) == ("kim@example.com", failures)
    names = LoginActivity.objects.order_by("id").values_list("attempt_name", flat=True)
    assert list(names) == [
        "login_success",
        *["login_failed"] * (failures - 1),
        "login_locked",
        "login_locked",
    ]
    assert later.get(path(user)).status_code == 200  # a lock ends no session
    assert (
        APIClient().post("/userprofile/login/", {"email": user.email, "password": password}).status_code
        == 403
    )


def test_failures_here_and_at_login_are_one_count(user: User, later: Any, settings: Settings) -> None:
    for _ in range(settings.LOGIN_MAX_FAILURES - 1):
        APIClient().post("/userprofile/login/", {"email": user.email, "password": "wrong"})
    assert put(later, user, email=NEW, current_password="wrong") == LOCKED


def test_right_current_password_opens_no_session(user: User, later: Any, password: str) -> None:
    assert put(later, user, email=NEW, current_password=password) == UPDATED
    rows = LoginActivity.objects.order_by("id").values_list("attempt_name", "logout_time")
    first, second = rows
    assert first == ("login_success", None)
    assert second[0] == "login_success"
    assert second[1] is not None


def test_staff_proves_itself_with_its_own_password(
    user: User, staff: User, sign_in: SignIn, clock: Any, settings: Settings
) -> None:
    client = sign_in(staff)
    User.objects.filter(pk=staff.pk).update(password="")
    staff.set_password("Copper-Harbor9")
    User.objects.filter(pk=staff.pk).update(password=staff.password)
    clock.shift(settings.REAUTHENTICATE_AFTER)
    assert put(client, user, email=NEW, current_password="Violet-Kite7") == SIGN_IN_AGAIN
    assert put(client, user, email=NEW, current_password="Copper-Harbor9") == UPDATED
    user.refresh_from_db()
    staff.refresh_from_db()
    assert (user.sign_in_failures, user.email) == (0, NEW)


def test_new_address_is_unverified(user: User, by_kim: Any) -> None:
    User.objects.filter(pk=user.pk).update(is_email_verified=True)
    assert put(by_kim, user, first_name="Kim") == UPDATED
    assert by_kim.get(path(user)).json()["is_email_verified"] is True
    assert put(by_kim, user, email=NEW) == UPDATED
    assert by_kim.get(path(user)).json()["is_email_verified"] is False


def test_open_codes_are_void(user: User, by_kim: Any, api: APIClient, code_of: Callable[..., str]) -> None:
    api.post("/userprofile/forget_password/", {"email": user.email})
    api.post("/userprofile/Generate_OTP/", {"email": user.email})
    reset, validation = code_of(user), code_of(user, otp.EMAIL_VALIDATION)
    assert put(by_kim, user, email=NEW) == UPDATED
    passwords = {"new_password": "Amber-Fjord8", "confirm_password": "Amber-Fjord8"}
    for address in (NEW, "kim@example.com"):
        sent = api.post(
            "/userprofile/forget_password/", {"email": address, "otp_entered": reset, **passwords}
        )
        assert sent.status_code in (400, 404)
        sent = api.post("/userprofile/Email-Validation/", {"email": address, "otp": validation})
        assert sent.status_code in (400, 404)
    assert EmailsLogs.objects.filter(nonce__gt="", voided_at=None).count() == 0


def test_both_addresses_are_told(user: User, by_kim: Any) -> None:
    assert put(by_kim, user, email=NEW) == UPDATED
    mails = EmailsLogs.objects.order_by("id").values_list("template", "to_email", "user_id")
    assert list(mails) == [
        ("email_changed", "kim@example.com", user.pk),
        ("email_changed", NEW, user.pk),
    ]


def test_sessions_stay(user: User, by_kim: Any, sign_in: SignIn) -> None:
    other = sign_in(user)
    assert put(by_kim, user, email=NEW) == UPDATED
    for client in (by_kim, other):
        assert client.get(path(user)).status_code == 200
        refresh = {"refresh_token": client.tokens["refresh_token"]}
        assert APIClient().post("/userprofile/token/refresh/", refresh).status_code == 200


def test_new_address_signs_in_and_the_old_one_does_not(user: User, by_kim: Any, password: str) -> None:
    assert put(by_kim, user, email=NEW) == UPDATED
    statuses = [
        APIClient().post("/userprofile/login/", {"email": email, "password": password}).status_code
        for email in (NEW, "kim@example.com")
    ]
    assert statuses == [200, 401]


@pytest.mark.parametrize("email", ["lee@example.com", "LEE@EXAMPLE.COM", "ｌｅｅ@example.com"])
def test_address_is_unique_in_every_spelling(
    email: str, user: User, make_user: MakeUser, by_kim: Any
) -> None:
    make_user("lee@example.com")
    assert put(by_kim, user, email=email) == EMAIL_TAKEN
    assert EmailsLogs.objects.count() == 0


def test_address_is_never_another_users_name(user: User, make_user: MakeUser, by_kim: Any) -> None:
    make_user("lee@example.com", username="Alias@example.com")
    assert put(by_kim, user, email="alias@example.com") == EMAIL_TAKEN


def test_address_of_a_deactivated_user_is_taken(user: User, make_user: MakeUser, by_kim: Any) -> None:
    make_user("gone@example.com", is_active=False)
    assert put(by_kim, user, email="gone@example.com") == EMAIL_TAKEN


@pytest.mark.parametrize(
    "email", ["kim@host", '"kim"@example.com', "kim@[127.0.0.1]", "kim", "kim@exa mple.com"]
)
def test_new_address_must_be_a_dotted_one(email: str, user: User, by_kim: Any) -> None:
    assert put(by_kim, user, email=email) == refused(email=["Enter a valid email address."])


def test_refused_address_is_not_a_failed_password(user: User, later: Any) -> None:
    answer = put(later, user, email="lee@host", current_password="wrong")
    assert answer == refused(email=["Enter a valid email address."])
    user.refresh_from_db()
    assert user.sign_in_failures == 0


def test_ones_own_address_in_another_spelling_is_a_change(user: User, by_kim: Any) -> None:
    assert put(by_kim, user, email="Kim@Example.com") == UPDATED
    user.refresh_from_db()
    assert (user.email, user.email_canonical) == ("Kim@Example.com", "kim@example.com")


# --- What it costs ----------------------------------------------------------------------------


def test_authentication_costs_one_statement(user: User, by_kim: Any) -> None:
    with CaptureQueriesContext(connection) as statements:
        by_kim.get(path(user))
    assert len(statements) == 1  # its own details come with the session
