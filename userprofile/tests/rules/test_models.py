"""What the tables enforce, whoever writes to them, and the facts that one row tells."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.models import F
from django.db.models.functions import Upper

from userprofile.clock import now
from userprofile.mechanisms import otp
from userprofile.models import EmailsLogs, LoginActivity, User
from userprofile.tests.conftest import NEW_PASSWORD, PASSWORD

AT = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TWINS = [
    "kim@example.com",
    "KIM@Example.com",
    " kim@example.com",
    "\u212aim@example.com",
    "ｋｉｍ@example.com",
]


@pytest.fixture
def lou(user: User, make_user: Callable[..., User]) -> User:
    """A second user beside kim@example.com."""
    return make_user("lou@example.com")


# --- The unique column ------------------------------------------------------------------------


def save(lou: User, email: str) -> None:
    lou.email = email
    lou.save()


def save_one_field(lou: User, email: str) -> None:
    lou.email = email
    lou.save(update_fields=["email"])


def create(lou: User, email: str) -> None:
    User.objects.create(username="third", email=email)


def create_user(lou: User, email: str) -> None:
    User.objects.create_user(username="third", email=email)


def bulk_create(lou: User, email: str) -> None:
    User.objects.bulk_create([User(username="third", email=email)])


def update(lou: User, email: str) -> None:
    User.objects.filter(pk=lou.pk).update(email=email)


def update_or_create(lou: User, email: str) -> None:
    User.objects.update_or_create(username=lou.username, defaults={"email": email})


WRITES = [save, save_one_field, create, create_user, bulk_create, update, update_or_create]
Write = Callable[[User, str], None]


@pytest.mark.parametrize("email", TWINS)
@pytest.mark.parametrize("write", WRITES)
def test_no_write_makes_two_users_of_one_address(lou: User, write: Write, email: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        write(lou, email)
    assert User.objects.filter(email_canonical="kim@example.com").count() == 1


@pytest.mark.parametrize("write", WRITES)
def test_every_write_brings_the_canonical_form(lou: User, write: Write) -> None:
    write(lou, "\u212aIRA@Example.org")
    assert User.objects.filter(email_canonical="kira@example.org").count() == 1


def test_the_canonical_form_cannot_be_set_by_hand(lou: User) -> None:
    lou.email_canonical = "somebody@example.com"
    lou.save()
    lou.refresh_from_db()
    assert lou.email_canonical == "lou@example.com"
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=lou.pk).update(email_canonical="somebody@example.com")


@pytest.mark.parametrize("expression", [F("username"), Upper("email")])
def test_an_expression_has_no_canonical_form(lou: User, expression: Any) -> None:
    with pytest.raises(TypeError, match="email takes a string"):
        User.objects.update(email=expression)


def test_a_bulk_update_of_addresses_is_refused(lou: User) -> None:
    lou.email = "third@example.com"
    with pytest.raises(TypeError, match="email takes a string"):
        User.objects.bulk_update([lou], ["email"])


@pytest.mark.parametrize(
    "assignment",
    [
        "email = 'kim@example.com'",
        "email = 'KIM@EXAMPLE.COM'",
        "email = 'kim@example.com', email_canonical = 'kim@example.com'",
        "email_canonical = 'kim@example.com'",
        "email_canonical = 'somebody@example.com'",
        "email = 'third@example.com'",
        "email = 'KIM@EXAMPLE.COM', email_canonical = 'KIM@EXAMPLE.COM'",
        "email = ' kim@example.com', email_canonical = ' kim@example.com '",
    ],
)
def test_raw_sql_cannot_part_an_address_from_its_form(lou: User, assignment: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {User._meta.db_table} SET {assignment} WHERE id = %s", [lou.pk])


def test_what_is_no_address_is_never_stored(lou: User) -> None:
    for write in WRITES:
        with pytest.raises(ValueError, match="valid email address"), transaction.atomic():
            write(lou, "no address")


# --- Users ------------------------------------------------------------------------------------


@pytest.mark.parametrize("email", ["kim@example.com", " KIM@Example.com", "\u212aim@example.com"])
def test_the_natural_key_is_the_address_in_any_spelling(user: User, email: str) -> None:
    assert User.objects.get_by_natural_key(email) == user


@pytest.mark.parametrize("email", ["lou@example.com", "kim", "", None])
def test_another_natural_key_finds_nobody(user: User, email: str | None) -> None:
    with pytest.raises(User.DoesNotExist):
        User.objects.get_by_natural_key(email)


def test_a_user_needs_an_address(db: None) -> None:
    with pytest.raises(ValueError, match="needs an e-mail address"):
        User.objects.create_user(username="kim", password=PASSWORD)


def test_users_are_created_as_the_contract_says(db: None) -> None:
    user = User.objects.create_user(email="kim@example.com", username="kim", password=PASSWORD)
    assert (user.is_active, user.is_staff, user.is_email_verified) == (True, False, False)
    assert user.check_password(PASSWORD)
    admin = User.objects.create_superuser(email="root@example.com", username="root", password=PASSWORD)
    assert (admin.is_staff, admin.is_superuser) == (True, True)


def test_the_address_is_the_name_to_sign_in_with() -> None:
    assert (User.USERNAME_FIELD, User.REQUIRED_FIELDS) == ("email", ["username"])


def test_usernames_are_unique_in_any_case(user: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user(email="lou@example.com", username=user.username.upper())


@pytest.mark.parametrize(
    "values",
    [{"gender": "none"}, {"dob": date(1899, 12, 31)}, {"forget_password_attempts": -1}],
)
def test_the_database_knows_the_bounds(user: User, values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.update(**values)


def test_one_password_however_the_keyboard_composed_it(user: User) -> None:
    user.set_password("Fjo\u0308rd-7x")
    assert user.check_password("Fj\u00f6rd-7x")
    assert not user.check_password(None)


# --- What ends sessions -----------------------------------------------------------------------


def session(user: User, **columns: Any) -> LoginActivity:
    columns = {"attempt_name": "login_success", "refresh_expires_at": now() + timedelta(days=7), **columns}
    return LoginActivity.objects.create(user=user, email=user.email, **columns)


def set_password(user: User) -> None:
    user.set_password(NEW_PASSWORD)
    user.save()


def deactivate(user: User) -> None:
    user.is_active = False
    user.save()


def rename(user: User) -> None:
    user.first_name = "Kim"
    user.save()


@pytest.mark.parametrize(("change", "ends"), [(set_password, True), (deactivate, True), (rename, False)])
def test_a_new_password_and_deactivation_end_every_session(
    user: User, lou: User, change: Callable[[User], None], ends: bool
) -> None:
    rows, others = [session(user), session(user)], session(lou)
    change(user)
    for row in (*rows, others):
        row.refresh_from_db()
    assert [row.logout_time is not None for row in rows] == [ends, ends]
    assert others.logout_time is None


def test_a_save_that_fails_ends_no_session(user: User, lou: User) -> None:
    row = session(user)
    user.email = lou.email
    user.set_password(NEW_PASSWORD)
    with pytest.raises(IntegrityError), transaction.atomic():
        user.save()
    row.refresh_from_db()
    assert row.logout_time is None


@pytest.mark.parametrize("change", [set_password, deactivate])
def test_a_django_session_that_has_ended_does_not_come_back(
    user: User, change: Callable[[User], None]
) -> None:
    before = user.get_session_auth_hash()
    change(user)
    assert user.get_session_auth_hash() != before
    User.objects.update(is_active=True)
    assert User.objects.get().get_session_auth_hash() == user.get_session_auth_hash()


def test_django_sessions_are_bound_to_password_and_to_the_last_end_of_all(user: User) -> None:
    first = user.get_session_auth_hash()
    user.sessions_ended_at = AT
    second = user.get_session_auth_hash()
    user.set_password(NEW_PASSWORD)
    assert len({first, second, user.get_session_auth_hash()}) == 3


# --- Facts of one row -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "lives"),
    [
        ({}, True),
        ({"nonce": ""}, False),
        ({"expires_at": AT}, False),
        ({"expires_at": None}, False),
        ({"used_at": AT - SECOND}, False),
        ({"voided_at": AT - SECOND}, False),
    ],
)
def test_a_code_lives_until_it_is_used_void_or_expired(change: dict[str, Any], lives: bool) -> None:
    row = EmailsLogs(**{"nonce": "5e", "expires_at": AT + SECOND, **change})
    assert row.is_live_code(AT) is lives


@pytest.mark.parametrize(
    ("change", "is_open"),
    [
        ({}, True),
        ({"logout_time": AT}, False),
        ({"refresh_expires_at": AT}, False),
        ({"refresh_expires_at": None}, False),
        ({"attempt_name": "login_failed"}, False),
        ({"attempt_name": "logout"}, False),
    ],
)
def test_a_session_is_open_until_it_ends_or_expires(
    user: User, change: dict[str, Any], is_open: bool
) -> None:
    row = session(user, **{"refresh_expires_at": AT + SECOND, **change})
    assert list(LoginActivity.objects.open(at=AT)) == ([row] if is_open else [])


def test_ending_sessions_leaves_earlier_ends_and_other_attempts_alone(user: User) -> None:
    rows = [session(user), session(user, logout_time=AT), session(user, attempt_name="login_failed")]
    assert LoginActivity.objects.end_open(at=AT + SECOND) == 1
    for row in rows:
        row.refresh_from_db()
    assert [row.logout_time for row in rows] == [AT + SECOND, AT, None]


def test_an_activity_row_outlives_its_user_and_mails_do_not(user: User) -> None:
    row = session(user)
    otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=now())
    user.delete()
    row.refresh_from_db()
    assert (row.user, row.email) == (None, "kim@example.com")
    assert not EmailsLogs.objects.exists()


@pytest.mark.parametrize(
    "queryset",
    [
        lambda: User.objects.filter(email_canonical="kim@example.com").order_by(),
        lambda: EmailsLogs.objects.filter(user_id=1, template="password_reset_code").order_by("-id")[:1],
        lambda: LoginActivity.objects.filter(user_id=1).order_by("-id")[:100],
    ],
)
def test_look_ups_of_the_doors_are_served_by_an_index(
    db: None, queryset: Callable[[], models.QuerySet[Any]]
) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    plan = queryset().explain().lower()
    assert "index" in plan
    assert "seq scan" not in plan
    assert "sort" not in plan.replace("sort key", "")
    assert "temp b-tree" not in plan
