"""Throttles: exact limits per IP address and per e-mail address, whose window ends when it is said to."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rest_framework.test import APIClient

from userprofile.mechanisms import counters
from userprofile.models import ThrottleCounter, User

START = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LOGIN, ACCOUNT_LOCKED = "/userprofile/login/", "/userprofile/account_locked/"
FORGET, RESEND = "/userprofile/forget_password/", "/userprofile/Resend_OTP/"
GENERATE, VALIDATE = "/userprofile/Generate_OTP/", "/userprofile/Email-Validation/"
UNBLOCK = "/userprofile/User_unblock/"
EMAIL = "kim@example.com"


@pytest.fixture
def throttled(settings: Settings, clock: Any, db: None) -> Settings:
    """The throttles on, as in use; nobody's password is hashed thirty times."""
    settings.THROTTLES = True
    return settings


def send(path: str, ip: str = "192.0.2.1", **body: Any) -> Any:
    return APIClient().post(path, json.dumps(body), content_type="application/json", REMOTE_ADDR=ip)


def statuses(times: int, path: str, **given: Any) -> list[int]:
    return [send(path, **given).status_code for _ in range(times)]


# --- Counting ---------------------------------------------------------------------------------

pytestmark = pytest.mark.django_db


def count(limit: tuple[int, int] = (3, 60), *, key: str = "a", at: datetime = START) -> float | None:
    return counters.count({key: limit}, at=at)


def test_as_many_as_the_limit_pass_and_no_more() -> None:
    assert [count() for _ in range(5)] == [None, None, None, 60.0, 60.0]


def test_wait_is_until_the_windows_end() -> None:
    for _ in range(3):
        count()
    assert count(at=START + timedelta(seconds=17, milliseconds=500)) == 42.5


def test_window_begins_with_its_first_request_and_ends_for_good() -> None:
    for _ in range(5):
        count()
    assert count(at=START + timedelta(seconds=60) - SECOND) == 1.0
    later = START + timedelta(seconds=60)
    assert [count(at=later) for _ in range(4)] == [None, None, None, 60.0]


def test_refused_requests_do_not_lengthen_the_window() -> None:
    for second in range(60):
        count(at=START + second * SECOND)
    assert count(at=START + 60 * SECOND) is None


def test_keys_are_counted_apart() -> None:
    for _ in range(3):
        count(key="a")
    assert (count(key="a"), count(key="b")) == (60.0, None)


def test_all_counters_of_a_request_are_one_statement() -> None:
    limits = {"b": (1, 60), "a": (2, 30), "c": (5, 10)}
    with CaptureQueriesContext(connection) as statements:
        counters.count(limits, at=START)
    assert len(statements) == 1
    assert ThrottleCounter.objects.count() == 3


def test_longest_wait_of_the_full_windows_counts() -> None:
    limits = {"a": (1, 30), "b": (1, 90), "c": (9, 900)}
    assert [counters.count(limits, at=START) for _ in range(2)] == [None, 90.0]


def test_keys_are_locked_in_one_order(settings: Settings) -> None:
    """In opposite orders two requests deadlock."""
    first, second = {"a": (9, 9), "b": (9, 9)}, {"b": (9, 9), "a": (9, 9)}
    orders = []
    for limits in (first, second):
        with CaptureQueriesContext(connection) as statements:
            counters.count(limits, at=START)
        sql = statements.captured_queries[0]["sql"]
        orders.append(sql.index(counters.stored("a")) < sql.index(counters.stored("b")))
    assert orders[0] == orders[1]


def test_no_address_is_stored_in_clear(throttled: Settings) -> None:
    send(RESEND, email=EMAIL)
    keys = ThrottleCounter.objects.values_list("key", flat=True)
    assert len(keys) == 2
    assert not [key for key in keys if "kim" in key or "192" in key]


@pytest.mark.django_db(transaction=True)
def test_parallel_requests_are_counted_exactly(settings: Settings) -> None:
    threads, requests, limit = 4, 10, 25
    together = threading.Barrier(threads)

    def work() -> int:
        together.wait()
        passed = sum(
            counters.count({"a": (limit, 60), f"b{n % 3}": (999, 60)}, at=START) is None
            for n in range(requests)
        )
        connection.close()
        return passed

    with ThreadPoolExecutor(threads) as pool:
        workers = [pool.submit(work) for _ in range(threads)]
    assert sum(worker.result() for worker in workers) == limit
    assert ThrottleCounter.objects.get(key=counters.stored("a")).requests == threads * requests


# --- Which requests count where ---------------------------------------------------------------


def test_defaults_are_the_contracts(settings: Settings) -> None:
    assert settings.THROTTLE_SIGN_IN == (30, 60)
    assert settings.THROTTLE_CODES == (60, 60)
    assert settings.THROTTLE_MAIL == (10, 3600)


@pytest.mark.parametrize("path", [LOGIN, ACCOUNT_LOCKED])
def test_sign_ins_are_limited_per_ip_address(path: str, throttled: Settings) -> None:
    limit, seconds = throttled.THROTTLE_SIGN_IN
    answers = statuses(limit + 2, path)  # an empty body is a 400, and is counted
    assert answers == [*[400] * limit, 429, 429]
    assert send(path, "192.0.2.2").status_code == 400
    response = send(path)
    sentence = f"Too many requests. Try again in {seconds} seconds."
    assert response.json() == {"detail" if path == LOGIN else "error": sentence}
    assert response.headers["Retry-After"] == str(seconds)


def test_both_doors_of_signing_in_share_one_count(throttled: Settings) -> None:
    throttled.THROTTLE_SIGN_IN = (3, 60)
    assert statuses(2, LOGIN) == [400, 400]
    assert statuses(2, ACCOUNT_LOCKED) == [400, 429]
    assert statuses(1, LOGIN) == [429]


def test_right_password_waits_as_well(throttled: Settings, user: User, password: str) -> None:
    throttled.THROTTLE_SIGN_IN = (1, 60)
    assert statuses(2, LOGIN, email=user.email, password=password) == [200, 429]


@pytest.mark.parametrize("path", [FORGET, RESEND, GENERATE, VALIDATE, UNBLOCK])
def test_codes_are_limited_per_ip_address(path: str, throttled: Settings) -> None:
    limit, seconds = throttled.THROTTLE_CODES
    assert statuses(limit + 1, path) == [*[400] * limit, 429]
    assert send(path, "192.0.2.2").status_code == 400
    response = send(path)
    assert response.json() == {"error": f"Too many requests. Try again in {seconds} seconds."}
    assert response.headers["Retry-After"] == str(seconds)


def test_doors_of_codes_share_one_count_and_signing_in_has_its_own(throttled: Settings) -> None:
    throttled.THROTTLE_CODES = (5, 60)
    paths = (FORGET, RESEND, GENERATE, VALIDATE, UNBLOCK)
    assert [send(path).status_code for path in paths] == [400] * 5
    assert [send(path).status_code for path in paths] == [429] * 5
    assert send(LOGIN).status_code == 400


def test_mails_are_limited_per_address_from_wherever_they_are_asked_for(throttled: Settings) -> None:
    limit, seconds = throttled.THROTTLE_MAIL
    spellings = [EMAIL, "KIM@example.com", " kim@EXAMPLE.com ", "ｋｉｍ@example.com"]
    paths = [FORGET, RESEND, GENERATE]
    answers = [
        send(paths[n % 3], f"192.0.2.{n}", email=spellings[n % 4]).status_code for n in range(limit + 2)
    ]
    assert answers == [*[404] * limit, 429, 429]
    response = send(RESEND, "192.0.2.99", email=EMAIL)
    assert response.json() == {"error": f"Too many requests. Try again in {seconds} seconds."}
    assert response.headers["Retry-After"] == str(seconds)
    assert send(RESEND, email="lee@example.com").status_code == 404


def test_entering_codes_is_no_asking_for_mail(throttled: Settings) -> None:
    throttled.THROTTLE_MAIL = (1, 3600)
    passwords = {"new_password": "Amber-Fjord8", "confirm_password": "Amber-Fjord8"}
    for _ in range(3):
        assert send(FORGET, email=EMAIL, otp_entered="123456", **passwords).status_code == 404
        assert send(GENERATE, email=EMAIL, otp="123456").status_code == 404
        assert send(VALIDATE, email=EMAIL, otp="123456").status_code == 404
        assert send(UNBLOCK, email=EMAIL).status_code == 400
    assert [send(RESEND, email=EMAIL).status_code for _ in range(2)] == [404, 429]


def test_window_ends(throttled: Settings, clock: Any) -> None:
    throttled.THROTTLE_SIGN_IN = (2, 60)
    assert statuses(3, LOGIN) == [400, 400, 429]
    clock.shift(59)
    response = send(LOGIN)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "1")
    clock.shift(0.5)
    assert send(LOGIN).headers["Retry-After"] == "1"  # never 0
    clock.shift(0.5)
    assert statuses(3, LOGIN) == [400, 400, 429]


def test_ipv6_customer_is_one_caller(throttled: Settings) -> None:
    throttled.THROTTLE_SIGN_IN = (2, 60)
    inside = ["2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2:3:4:5:6"]
    assert [send(LOGIN, ip).status_code for ip in inside] == [400, 400, 429]
    assert send(LOGIN, "2001:db8:1:3::1").status_code == 400


def test_ipv4_address_is_one_caller_however_written(throttled: Settings) -> None:
    throttled.THROTTLE_SIGN_IN = (1, 60)
    assert [send(LOGIN, ip).status_code for ip in ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2")] == [
        400,
        429,
        400,
    ]


def test_callers_without_an_address_are_one_caller(throttled: Settings) -> None:
    throttled.THROTTLE_SIGN_IN = (1, 60)
    assert [send(LOGIN, ip).status_code for ip in ("", "unix:")] == [400, 429]


def test_forged_header_buys_no_new_count(throttled: Settings) -> None:
    throttled.THROTTLE_SIGN_IN = (1, 60)
    answers = [_through_proxies(f"203.0.113.{n}") for n in range(3)]
    assert answers == [400, 429, 429]


def test_behind_our_proxies_the_client_is_counted(throttled: Settings) -> None:
    throttled.THROTTLE_SIGN_IN, throttled.TRUSTED_PROXIES = (1, 60), 1
    assert [_through_proxies(f"203.0.113.{n}") for n in range(3)] == [400, 400, 400]
    assert [_through_proxies(f"6.6.6.{n}, 203.0.113.9") for n in range(3)] == [400, 429, 429]


def _through_proxies(forwarded: str) -> int:
    headers = {"x-forwarded-for": forwarded}
    return int(APIClient().post(LOGIN, {}, headers=headers, REMOTE_ADDR="10.0.0.1").status_code)


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [("{", "application/json", 400), ("x", "text/plain", 415), ("[]", "application/json", 400)],
)
def test_unreadable_requests_are_counted(
    body: str, content_type: str, status: int, throttled: Settings
) -> None:
    throttled.THROTTLE_SIGN_IN = (2, 60)
    answers = [
        APIClient().generic("POST", LOGIN, body, content_type=content_type).status_code for _ in range(3)
    ]
    assert answers == [status, status, 429]


@pytest.mark.parametrize("email", ["no address", "", 5, None, ["a"], {"a": 1}, "\ud800@example.com", "\x00"])
def test_what_is_no_address_is_counted_without_a_fault(email: Any, throttled: Settings) -> None:
    assert statuses(2, RESEND, email=email) == [400, 400]


def test_other_endpoints_are_not_throttled(
    throttled: Settings, user: User, sign_in: Callable[..., Any]
) -> None:
    throttled.THROTTLE_SIGN_IN, throttled.THROTTLE_CODES = (1, 60), (1, 60)
    client = sign_in(user)
    for _ in range(3):
        assert client.get(f"/userprofile/User_update/{user.pk}/").status_code == 200
        assert client.post("/userprofile/token/refresh/", {"refresh_token": "x"}).status_code == 401


def test_throttle_costs_one_statement_before_the_requests_transaction(throttled: Settings) -> None:
    with CaptureQueriesContext(connection) as statements:
        send(FORGET, email=EMAIL)
    kinds = [query["sql"].split()[0] for query in statements.captured_queries]
    inserted = [query for query in statements.captured_queries if "throttlecounter" in query["sql"]]
    assert (kinds[0], len(inserted)) == ("INSERT", 1)


def test_off_means_off(settings: Settings, db: None) -> None:
    assert settings.THROTTLES is False
    settings.THROTTLE_SIGN_IN = settings.THROTTLE_CODES = settings.THROTTLE_MAIL = (1, 60)
    assert statuses(3, LOGIN) == [400] * 3
    assert statuses(3, RESEND, email=EMAIL) == [404] * 3
    assert ThrottleCounter.objects.count() == 0
