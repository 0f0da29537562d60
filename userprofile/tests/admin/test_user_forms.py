"""Users are added and changed in the admin under the rules of the API, and nothing else of them moves."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.admin.models import LogEntry
from django.db.models import F
from django.test import Client

from userprofile.admin.users import OWN_ADDRESS
from userprofile.clock import now
from userprofile.exceptions import FieldRefusal
from userprofile.journeys import administration
from userprofile.mechanisms import otp
from userprofile.models import EmailsLogs, LoginActivity, User
from userprofile.tests.admin.conftest import USERS, Filled, errors_of, messages_of

ADD = f"{USERS}add/"
NOT_AN_ADDRESS = "Enter a valid email address."


def page_of(user: User) -> str:
    return f"{USERS}{user.pk}/change/"


def new_user(password: str, **fields: str) -> dict[str, str]:
    account = {"email": "new@example.com", "username": "new", "usable_password": "true"}
    return {**account, "password1": password, "password2": password, **fields}


class TestAdding:
    def test_new_user_can_sign_in(self, by_root: Client, api: Any, password: str) -> None:
        sent = new_user(password, email=" New@Example.com ")
        response = by_root.post(ADD, sent)
        user = User.objects.get(username="new")
        assert (response.status_code, response["Location"]) == (302, page_of(user))
        assert (user.email, user.email_canonical) == ("New@example.com", "new@example.com")
        assert (user.is_staff, user.is_superuser, user.is_email_verified) == (False, False, False)
        body = {"email": "new@example.com", "password": password}
        assert api.post("/userprofile/login/", body).status_code == 200

    @pytest.mark.parametrize("spelling", ["kim@example.com", "KIM@Example.COM", "\uff4bim@example.com"])
    def test_address_of_somebody_else_is_an_error_of_the_form(
        self, spelling: str, by_root: Client, user: User, password: str
    ) -> None:
        response = by_root.post(ADD, new_user(password, email=spelling))
        assert errors_of(response) == {"email": ["A user with that email already exists."]}

    @pytest.mark.parametrize("taken", ["kim-at-example.com", "KIM-at-example.com"])
    def test_username_of_somebody_else_is_an_error_of_the_form(
        self, taken: str, by_root: Client, user: User, password: str
    ) -> None:
        response = by_root.post(ADD, new_user(password, username=taken))
        assert errors_of(response) == {"username": ["A user with that username already exists."]}

    def test_username_that_is_somebodys_address_is_refused(
        self, by_root: Client, user: User, password: str
    ) -> None:
        response = by_root.post(ADD, new_user(password, username="Kim@Example.com"))
        assert errors_of(response) == {"username": ["A user with that username already exists."]}

    @pytest.mark.parametrize(
        "address", ["kim", "kim@host", '"kim"@example.com', "kim@[192.0.2.1]", "a@b@c.de"]
    )
    def test_new_address_must_be_one_that_mail_reaches(
        self, address: str, by_root: Client, password: str
    ) -> None:
        response = by_root.post(ADD, new_user(password, email=address))
        assert errors_of(response) == {"email": [NOT_AN_ADDRESS]}

    def test_password_policy_holds(self, by_root: Client) -> None:
        response = by_root.post(ADD, new_user("Newnew1!"[:5]))
        assert "Password must be between 6 and 25 characters." in errors_of(response)["password2"]
        assert not User.objects.filter(username="new").exists()

    def test_password_like_the_address_is_refused(self, by_root: Client) -> None:
        response = by_root.post(ADD, new_user("Marigold-77", email="marigold@example.com"))
        assert "Password must not contain your name or e-mail address." in errors_of(response)["password2"]

    def test_account_without_a_password_waits_for_its_owner_to_set_one(self, by_root: Client) -> None:
        assert by_root.post(ADD, new_user("", usable_password="false")).status_code == 302
        assert not User.objects.get(username="new").has_usable_password()

    def test_nothing_at_all_is_refused(self, by_root: Client) -> None:
        required = ["This field is required."]
        empty = dict.fromkeys(new_user(""), "")
        expected = {"email": required, "username": required, "password1": required, "password2": required}
        assert errors_of(by_root.post(ADD, empty)) == expected

    def test_address_taken_between_check_and_write_is_said_in_words(
        self, by_root: Client, user: User, password: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(administration, "judge", lambda user, changes: None)
        response = by_root.post(ADD, new_user(password, email=user.email), follow=True)
        assert messages_of(response) == ["A user with that email already exists."]
        assert not User.objects.filter(username="new").exists()
        assert not LogEntry.objects.exists()


class TestChanging:
    @pytest.mark.parametrize(
        ("name", "value", "stored"),
        [
            ("first_name", " Kim ", "Kim"),
            ("phone", "+91 98765 43210", "+919876543210"),
            ("gender", "other", "other"),
            ("timezone", "Asia/Kolkata", "Asia/Kolkata"),
            ("profile_pic", "https://example.com/kim.png", "https://example.com/kim.png"),
            ("username", "kimberley", "kimberley"),
            ("short_name", "K", "K"),
        ],
    )
    def test_detail_is_stored(
        self, name: str, value: str, stored: str, by_root: Client, user: User, filled: Filled
    ) -> None:
        page = page_of(user)
        assert by_root.post(page, filled(by_root, page, **{name: value})).status_code == 302
        user.refresh_from_db()
        assert getattr(user, name) == stored

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("phone", "12345", "Enter an international telephone number, such as +91 98765 43210."),
            ("timezone", "Mars/Olympus", "Enter a time zone such as Europe/Berlin."),
            ("dob", "1899-12-31", "The date of birth must lie between 1900 and yesterday."),
            ("dob", "2999-01-01", "The date of birth must lie between 1900 and yesterday."),
            (
                "profile_pic",
                "https://user:pass@example.com/",
                "Enter a URL that starts with http:// or https://, without user-info.",
            ),
            ("first_name", "a\x07b", "Control characters and broken Unicode are not allowed."),
            ("email", "kim@host", NOT_AN_ADDRESS),
            ("email", "ROOT@example.com", "A user with that email already exists."),
            ("username", "ROOT-at-example.com", "A user with that username already exists."),
            ("username", "root@example.com", "A user with that username already exists."),
        ],
    )
    def test_rules_of_the_api_hold(
        self, name: str, value: str, message: str, by_root: Client, user: User, filled: Filled
    ) -> None:
        page = page_of(user)
        response = by_root.post(page, filled(by_root, page, **{name: value}))
        assert errors_of(response) == {name: [message]}

    def test_specifications_address_may_be_saved_unchanged(
        self, by_root: Client, make_user: Callable[..., User], filled: Filled
    ) -> None:
        shambhu = make_user("Shambhu@botshyeyasi", username="shambhu", is_email_verified=True)
        page = page_of(shambhu)
        assert by_root.post(page, filled(by_root, page, last_name="K")).status_code == 302
        shambhu.refresh_from_db()
        assert (shambhu.email, shambhu.last_name) == ("Shambhu@botshyeyasi", "K")
        assert shambhu.is_email_verified
        assert not EmailsLogs.objects.exists()

    def test_history_names_the_field_and_not_its_value(
        self, by_root: Client, root: User, user: User, filled: Filled
    ) -> None:
        page = page_of(user)
        by_root.post(page, filled(by_root, page, last_name="Novak"))
        entry = LogEntry.objects.get()
        assert (entry.user, entry.object_id, entry.get_change_message()) == (
            root,
            str(user.pk),
            "Changed Last name.",
        )

    def test_new_address_is_treated_as_if_its_owner_had_changed_it(
        self, by_root: Client, user: User, filled: Filled
    ) -> None:
        User.objects.filter(pk=user.pk).update(is_email_verified=True)
        code = otp.issue(user=user, purpose=otp.PASSWORD_RESET, at=now())
        page = page_of(user)
        by_root.post(page, filled(by_root, page, email="Kim@Example.net"))
        user.refresh_from_db()
        code.refresh_from_db()
        assert (user.email, user.email_canonical) == ("Kim@Example.net", "kim@example.net")
        assert not user.is_email_verified
        assert code.voided_at is not None
        told = EmailsLogs.objects.filter(template="email_changed").order_by("id")
        assert [mail.to_email for mail in told] == ["kim@example.com", "Kim@Example.net"]
        assert {mail.context["ip_address"] for mail in told} == {""}

    @pytest.mark.parametrize("who", ["root", "helpdesk"])
    def test_own_address_is_not_changed_without_the_password(
        self, who: str, request: pytest.FixtureRequest, filled: Filled
    ) -> None:
        me, browser = request.getfixturevalue(who), request.getfixturevalue(f"by_{who}")
        page = page_of(me)
        sent = filled(browser, page, email="mine@example.com", last_name="Novak")
        assert browser.post(page, sent).status_code == 302
        me.refresh_from_db()
        assert (me.email, me.last_name) == (f"{who}@example.com", "Novak")
        assert not EmailsLogs.objects.exists()
        assert OWN_ADDRESS in browser.get(page).content.decode()

    def test_others_addresses_are_a_field_without_a_word_about_ones_own(
        self, by_root: Client, user: User
    ) -> None:
        response = by_root.get(page_of(user))
        assert "email" in response.context["adminform"].form.fields
        assert OWN_ADDRESS not in response.content.decode()

    def test_counters_that_moved_while_the_form_was_open_stay(
        self, by_root: Client, user: User, filled: Filled
    ) -> None:
        page = page_of(user)
        stale = filled(by_root, page, last_name="Novak")
        moved = {
            "sign_in_failures": 2,
            "sign_in_locked_at": now(),
            "reset_failures": 1,
            "reset_locked_at": now(),
            "forget_password_attempts": 4,
            "last_code_requested_at": now(),
            "blocked_at": now(),
            "last_login": now(),
            "logout": now(),
            "sessions_ended_at": now(),
            "password": "argon2$moved",
            "is_email_verified": True,
        }
        User.objects.filter(pk=user.pk).update(**moved)
        assert by_root.post(page, stale).status_code == 302
        user.refresh_from_db()
        assert {name: getattr(user, name) for name in moved} == moved
        assert user.last_name == "Novak"

    def test_counters_that_move_during_the_save_stay(
        self, by_root: Client, user: User, filled: Filled, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def judge_while_others_guess(judged: User, changes: dict[str, Any]) -> None:
            User.objects.filter(pk=judged.pk).update(sign_in_failures=F("sign_in_failures") + 1)

        page = page_of(user)
        form = filled(by_root, page, last_name="Novak")
        monkeypatch.setattr(administration, "judge", judge_while_others_guess)
        by_root.post(page, form)
        user.refresh_from_db()
        assert (user.sign_in_failures, user.last_name) == (1, "Novak")

    def test_what_is_read_only_is_not_taken_from_the_form(
        self, by_root: Client, user: User, filled: Filled
    ) -> None:
        page = page_of(user)
        sent = {"sign_in_failures": "2", "blocked_at": "2026-01-01", "is_email_verified": "on"}
        by_root.post(page, filled(by_root, page, password="plain", email_canonical="x@y.zz", **sent))
        after = User.objects.get(pk=user.pk)
        assert (after.sign_in_failures, after.blocked_at, after.is_email_verified) == (0, None, False)
        assert (after.password, after.email_canonical) == (user.password, user.email_canonical)

    def test_deactivation_ends_every_session_for_good(
        self, by_root: Client, staff: User, sign_in: Any, cookies: Client, filled: Filled
    ) -> None:
        token = sign_in(staff)
        cookies.force_login(staff)
        page = page_of(staff)
        form = filled(by_root, page)
        form.pop("is_active")
        by_root.post(page, form)
        assert not LoginActivity.objects.filter(logout_time=None, attempt_name="login_success").exists()
        by_root.post(page, {**form, "is_active": "on"})
        staff.refresh_from_db()
        assert staff.is_active
        assert token.get(f"/userprofile/User_update/{staff.pk}/").status_code == 401
        assert cookies.get("/admin/").status_code == 302

    def test_address_taken_between_check_and_write_is_said_in_words(
        self, by_root: Client, user: User, staff: User, filled: Filled, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        page = page_of(user)
        monkeypatch.setattr(administration, "judge", lambda user, changes: None)
        response = by_root.post(page, filled(by_root, page, email=staff.email), follow=True)
        assert messages_of(response) == ["A user with that email already exists."]
        user.refresh_from_db()
        assert user.email == "kim@example.com"
        assert not EmailsLogs.objects.exists()

    def test_user_who_is_gone_is_no_server_error(self, by_root: Client) -> None:
        response = by_root.get(f"{USERS}999999/change/", follow=True)
        assert "doesn’t exist" in messages_of(response)[0]

    def test_refusal_names_what_the_other_accounts_say(self, user: User, staff: User) -> None:
        with pytest.raises(FieldRefusal) as refused:
            administration.update(user=user, changes={"username": staff.username})
        assert refused.value.details == {"username": ["A user with that username already exists."]}


def test_page_says_in_words_what_is_closed(
    by_root: Client, user: User, clock: Any, settings: LazySettings
) -> None:
    words = readonly_values(by_root, user)
    assert words["sign_in_lock"] == "Signing in is open; 0 of 3 wrong passwords counted."
    assert words["reset_lock"] == "Resetting is open; 0 of 3 wrong reset codes counted."
    assert words["block"] == "Asking for reset codes is open; 0 of 5 resends counted."
    User.objects.update(sign_in_locked_at=now(), reset_locked_at=now(), blocked_at=now())
    since = "14 March 2026, 09:26 (UTC)"
    words = readonly_values(by_root, user)
    assert words["sign_in_lock"] == words["reset_lock"] == f"Locked since {since}, until an admin unlocks."
    tomorrow = "15 March 2026, 09:26 (UTC)"
    lift = f"An admin may lift it now, the owner from {tomorrow} on."
    assert words["block"] == f"Blocked since {since}. {lift}"
    settings.LOCK_DURATION = settings.OTP_LIFETIME
    ends = f"Locked since {since}, until 14 March 2026, 09:36 (UTC) or an admin unlocks."
    assert readonly_values(by_root, user)["sign_in_lock"] == ends
    clock.shift(settings.UNBLOCK_AFTER)
    words = readonly_values(by_root, user)
    assert words["sign_in_lock"] == f"Open: the lock of {since} has lapsed."
    assert words["block"] == f"Blocked since {since}. The owner may lift it now, and so may an admin."


def readonly_values(browser: Client, user: User) -> dict[str, str]:
    shown = browser.get(page_of(user)).context["adminform"]
    fields = [field for fieldset in shown for line in fieldset for field in line]
    return {field.field["name"]: field.contents() for field in fields if hasattr(field, "contents")}
