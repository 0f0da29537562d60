"""The demo accounts: as the contract and the banner promise them, again and again, in DEBUG alone."""

import json
import shlex

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from application.models import Application
from userprofile import demo
from userprofile.models import User

pytestmark = pytest.mark.django_db
LOCKED = {"detail": "Account locked. Contact admin."}
BLOCKED = {"error": "Forget password attempts exceeded. Your account has been blocked."}


@pytest.fixture(autouse=True)
def in_debug(settings: Settings) -> None:
    settings.DEBUG = True


def sign_in(account: demo.DemoAccount) -> tuple[int, object]:
    body = {"email": account.email, "password": account.password}
    answer = APIClient().post("/userprofile/login/", body)
    return answer.status_code, answer.json() if answer.status_code != 200 else None


def test_the_contracts_accounts_are_there() -> None:
    call_command("load_demo_data")

    printed = {(account.email, account.password) for account in demo.ACCOUNTS}
    assert ("demo@example.com", "Violet-Kite7") in printed
    assert ("admin@example.com", "Copper-Harbor9") in printed
    assert "Shambhu@botshyeyasi" in {email for email, _ in printed}
    assert set(User.objects.values_list("email", flat=True)) == {email for email, _ in printed}


def test_each_account_is_what_the_banner_says() -> None:
    demo.load()

    for account in demo.ACCOUNTS:
        assert sign_in(account) == ((403, LOCKED) if account.is_locked else (200, None))
        answer = APIClient().post("/userprofile/forget_password/", {"email": account.email})
        assert answer.status_code == (403 if account.is_blocked else 200)
        if account.is_blocked:
            assert answer.json() == BLOCKED
    assert Application.objects.get().owner.email == "demo@example.com"
    assert list(User.objects.filter(is_staff=True, is_superuser=True).values_list("email", flat=True)) == [
        "admin@example.com"
    ]


def test_the_passwords_satisfy_the_policy() -> None:
    demo.load()

    for account in demo.ACCOUNTS:
        validate_password(account.password, User.objects.get(email=account.email))


def test_loading_again_restores_passwords_and_locks_and_nothing_else() -> None:
    demo.load()
    user = User.objects.get(email="demo@example.com")
    user.set_password("Another-Word5")
    user.first_name, user.is_active, user.sign_in_failures = "Changed", False, 2
    user.save()
    User.objects.filter(email="locked@example.com").update(sign_in_failures=0, sign_in_locked_at=None)

    demo.load()

    user.refresh_from_db()
    assert user.check_password("Violet-Kite7")
    assert (user.first_name, user.is_active, user.sign_in_failures) == ("Changed", True, 0)
    assert [sign_in(account)[0] for account in demo.ACCOUNTS if account.is_locked] == [403]
    assert User.objects.count() == len(demo.ACCOUNTS)
    assert Application.objects.count() == 1


def test_loading_again_leaves_open_sessions_open() -> None:
    demo.load()
    body = {"email": "demo@example.com", "password": "Violet-Kite7"}
    token = APIClient().post("/userprofile/login/", body).json()["access_token"]

    demo.load()

    client = APIClient(headers={"authorization": f"Bearer {token}"})
    assert client.get("/userprofile/user-activity/", {"email": "demo@example.com"}).status_code == 200


def test_other_accounts_are_not_touched() -> None:
    own = User.objects.create_user("admin", "kim@example.com", "Violet-Kite7", sign_in_failures=2)
    before = User.objects.filter(pk=own.pk).values().get()

    demo.load()

    assert User.objects.filter(pk=own.pk).values().get() == before
    assert User.objects.get(email="admin@example.com").username.startswith("admin-")


def test_outside_debug_the_command_refuses(settings: Settings) -> None:
    settings.DEBUG = False

    with pytest.raises(CommandError, match="DEBUG"):
        call_command("load_demo_data")
    call_command("load_demo_data", if_debug=True)

    assert not User.objects.exists()


def test_the_banner_names_every_account_and_its_curl_line_signs_in() -> None:
    demo.load()
    text = demo.banner()

    for account in demo.ACCOUNTS:
        assert account.email in text
        assert account.password in text
    url, *options = shlex.split(text.partition("  curl ")[2].replace("\\\n", " "))
    assert options[:3] == ["-H", "Content-Type: application/json", "-d"]
    path = url.removeprefix("http://127.0.0.1:8000")
    assert APIClient().post(path, json.loads(options[3]), format="json").status_code == 200


def test_outside_debug_the_banner_names_no_account(settings: Settings) -> None:
    settings.DEBUG = False

    assert "example.com" not in demo.banner()
    assert "http://127.0.0.1:8000/docs/" in demo.banner()
