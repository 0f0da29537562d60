"""Settings: the contract's defaults, where they come from, and one line for every bad value."""

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config.environment import PROJECT_FOLDER, Environment
from config.test_environment import documented_variables

KEY = "k" * 50
Read = Callable[..., dict[str, Any]]

DEFAULTS = {
    "DEBUG": False,
    "HOST": "127.0.0.1",
    "PORT": 8000,
    "ALLOWED_HOSTS": [],
    "CORS_ALLOWED_ORIGINS": [],
    "CORS_ALLOWED_ORIGIN_REGEXES": [],
    "CSRF_TRUSTED_ORIGINS": [],
    "TRUSTED_PROXIES": 0,
    "REDIS_URL": "",
    "EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend",
    "OTP_LENGTH": 6,
    "OTP_LIFETIME": timedelta(seconds=600),
    "OTP_MAX_FAILURES": 3,
    "OTP_MAX_RESENDS": 5,
    "UNBLOCK_AFTER": timedelta(seconds=86400),
    "LOGIN_MAX_FAILURES": 3,
    "LOCK_DURATION": timedelta(0),
    "PASSWORD_MIN_LENGTH": 6,
    "PASSWORD_MAX_LENGTH": 25,
    "PASSWORD_CLASSES": True,
    "ACCESS_TOKEN_LIFETIME": timedelta(seconds=3600),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
    "SESSION_LIFETIME": timedelta(days=30),
    "REFRESH_GRACE": timedelta(seconds=10),
    "REAUTHENTICATE_AFTER": timedelta(seconds=600),
    "OTP_IN_RESPONSE": False,
    "PREVENT_ENUMERATION": False,
    "THROTTLES": True,
    "THROTTLE_SIGN_IN": (30, 60),
    "THROTTLE_CODES": (60, 60),
    "THROTTLE_MAIL": (10, 3600),
    "THROTTLE_SPRAY": (50, 3600),
    "SIGN_IN_FAILURES_ALARM": (300, 3600),
    "ADMIN_PATH": "admin/",
    "LOG_LEVEL": "INFO",
    "TIME_ZONE": "UTC",
    "SENTRY_DSN": "",
    "ACTIVITY_RETENTION": timedelta(days=400),
}

BAD_VALUES = [
    ("DEBUG", "maybe"),
    ("SECRET_KEY", ""),
    ("SECRET_KEY", "insecure-development-key-known-to-everybody-use-it-nowhere-else"),
    ("SECRET_KEY", "bytes that are no UTF-8: \udcff"),
    ("SECRET_KEY", "31 characters can be guessed at"),
    ("SECRET_KEY_FALLBACKS", f"{KEY},31 characters can be guessed at"),
    ("SECRET_KEY_FALLBACKS", "insecure-development-key-known-to-everybody-use-it-nowhere-else"),
    ("JWT_SIGNING_KEY", "31 characters are not 256 bits."),
    ("JWT_SIGNING_KEY_FALLBACKS", f"{KEY},31 characters are not 256 bits."),
    ("DATABASE_URL", "nonsense"),
    ("DATABASE_URL", "mysql://host/name"),
    ("DATABASE_URL", "sqlite://"),
    ("DATABASE_URL", "sqlite:////no/such/folder/db.sqlite3"),
    ("DATABASE_URL", "sqlite:///db.sqlite3?mode=ro"),
    ("DATABASE_URL", "postgresql://host"),
    ("DATABASE_URL", "postgresql://host:port/name"),
    ("DATABASE_URL", "postgresql://host/name?sslmoed=require"),
    ("REDIS_URL", "http://host"),
    ("REDIS_URL", "redis://[::1"),
    ("EMAIL_URL", "smtp+tls://host"),
    ("EMAIL_URL", "smtps://host"),
    ("EMAIL_URL", "smtp:host:25"),
    ("EMAIL_URL", "smtp://host:port"),
    ("EMAIL_URL", "smtp://host?tls=perhaps"),
    ("EMAIL_URL", "smtp://host?starttls=on"),
    ("EMAIL_URL", "smtp://host?timeout=soon"),
    ("EMAIL_URL", "smtp://host?timeout=60"),
    ("EMAIL_URL", "file:"),
    ("EMAIL_BACKEND", "Backend"),
    ("EMAIL_BACKEND", "no.such.module.Backend"),
    ("DEFAULT_FROM_EMAIL", "nobody"),
    ("PORT", "http"),
    ("PORT", "65536"),
    ("ALLOWED_HOSTS", "https://api.example.com"),
    ("ALLOWED_HOSTS", "api.example.com:8000"),
    ("CORS_ALLOWED_ORIGINS", "app.example.com"),
    ("CORS_ALLOWED_ORIGINS", "https://app.example.com/path"),
    ("CORS_ALLOWED_ORIGINS", "https://[::1"),
    ("CSRF_TRUSTED_ORIGINS", "https://user@app.example.com"),
    ("TRUSTED_PROXIES", "-1"),
    ("OTP_LENGTH", "5"),
    ("OTP_LENGTH", "11"),
    ("OTP_LIFETIME", "10m"),
    ("OTP_MAX_FAILURES", "0"),
    ("OTP_MAX_RESENDS", "0"),
    ("UNBLOCK_AFTER", "0"),
    ("LOGIN_MAX_FAILURES", "0"),
    ("LOCK_DURATION", "-1"),
    ("PASSWORD_MIN_LENGTH", "26"),
    ("PASSWORD_MAX_LENGTH", "257"),
    ("PASSWORD_CLASSES", "four"),
    ("ACCESS_TOKEN_LIFETIME", "0"),
    ("REFRESH_TOKEN_LIFETIME", "7 days"),
    ("SESSION_LIFETIME", "1e9"),
    ("REFRESH_GRACE", "-1"),
    ("REAUTHENTICATE_AFTER", "99999999999"),
    ("OTP_IN_RESPONSE", "on"),
    ("PREVENT_ENUMERATION", "please"),
    ("THROTTLES", "none"),
    ("THROTTLE_SIGN_IN", "30"),
    ("THROTTLE_CODES", "0/min"),
    ("THROTTLE_MAIL", "10/year"),
    ("THROTTLE_SPRAY", "50 accounts"),
    ("SIGN_IN_FAILURES_ALARM", "-300/h"),
    ("ADMIN_PATH", "../admin"),
    ("ADMIN_PATH", "docs/"),
    ("LOG_LEVEL", "loud"),
    ("TIME_ZONE", "Mars/Olympus"),
    ("SENTRY_DSN", "nonsense"),
    ("SENTRY_DSN", "https://[::1"),
    ("ACTIVITY_RETENTION", "400d"),
]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Read:
    """`read(OTP_LENGTH="8")`: config/settings.py as it reads with that environment and no .env."""

    def run(**variables: str) -> dict[str, Any]:
        for name in (*documented_variables(), "MAKE_RUN"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"SECRET_KEY": KEY, "ENV_FILE": os.devnull, **variables}.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(PROJECT_FOLDER / "config" / "settings.py"))

    return run


@pytest.mark.parametrize(("name", "value"), BAD_VALUES)
def test_a_bad_value_is_refused_in_one_line_that_names_it(read: Read, name: str, value: str) -> None:
    with pytest.raises(SystemExit) as refusal:
        read(**{name: value})

    assert re.fullmatch(f"Settings: {name}: .+", str(refusal.value))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EMAIL_URL", "smtp://user:opensesame?x@host"),
        ("EMAIL_URL", "smtp://user:opensesame/x@host"),
        ("EMAIL_URL", "smtp://host?opensesame=on"),
        ("DATABASE_URL", "postgresql://user:opensesame/x@host/name"),
        ("REDIS_URL", "redis://:opensesame/x@host"),
        ("SECRET_KEY", "opensesame"),
        ("SECRET_KEY_FALLBACKS", f"{KEY},opensesame"),
        ("JWT_SIGNING_KEY", "opensesame"),
        ("JWT_SIGNING_KEY_FALLBACKS", "opensesame"),
    ],
)
def test_a_refusal_does_not_repeat_a_secret(read: Read, name: str, value: str) -> None:
    with pytest.raises(SystemExit) as refusal:
        read(**{name: value})

    assert "opensesame" not in str(refusal.value)


def test_every_variable_that_can_be_wrong_has_a_bad_value_here() -> None:
    free_text = {"HOST", "METRICS_TOKEN"}

    assert {name for name, _ in BAD_VALUES} == set(documented_variables()) - free_text


def test_the_example_file_lists_every_variable_that_is_read(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: set[str] = set()
    original = Environment._get_value

    def record(self: Environment, name: str, default: Any) -> Any:
        names.add(name)
        return original(self, name, default)

    monkeypatch.setattr(Environment, "_get_value", record)
    read()

    assert names - {"MAKE_RUN"} == set(documented_variables())


def test_defaults_are_the_contracts(read: Read) -> None:
    found = read()

    assert {name: found[name] for name in DEFAULTS} == DEFAULTS
    assert found["DATABASES"]["default"]["ENGINE"] == "django.db.backends.sqlite3"
    assert Path(found["DATABASES"]["default"]["NAME"]).parent == PROJECT_FOLDER


@pytest.mark.parametrize("url", ["sqlite:///db.sqlite3", "postgresql://user:password@localhost/name"])
def test_connections_to_the_database_outlive_a_request(read: Read, url: str) -> None:
    database = read(DATABASE_URL=url)["DATABASES"]["default"]
    assert (database["CONN_MAX_AGE"], database["CONN_HEALTH_CHECKS"]) == (600, True)


def test_the_example_file_shows_the_defaults(read: Read) -> None:
    example = (PROJECT_FOLDER / ".env.example").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^# ([A-Z_]+)=(.+)$", example, re.MULTILINE))
    shown.pop("DATABASE_URL")  # relative there, absolute by default

    assert settings_of(read(**shown)) == settings_of(read())


def test_an_empty_value_counts_as_unset(read: Read) -> None:
    blanks = dict.fromkeys(set(documented_variables()) - {"SECRET_KEY"}, "  ")

    assert settings_of(read(**blanks)) == settings_of(read())


def test_the_env_file_is_read_and_the_environment_wins(read: Read, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("OTP_LENGTH=8\nOTP_MAX_RESENDS=7\n", encoding="utf-8")

    found = read(ENV_FILE=str(file), OTP_MAX_RESENDS="9")

    assert (found["OTP_LENGTH"], found["OTP_MAX_RESENDS"]) == (8, 9)


@pytest.mark.parametrize("content", [b"OTP_LENGTH=8\nOTP LIFETIME 600\n", b"OTP_LENGTH=\xff\n"])
def test_an_env_file_that_cannot_be_read_is_refused(read: Read, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / ".env"
    file.write_bytes(content)

    with pytest.raises(SystemExit) as refusal:
        read(ENV_FILE=str(file))

    assert re.fullmatch(r"Settings: \.env: .+", str(refusal.value))


def test_debug_brings_a_key_the_code_in_answers_and_loopback(read: Read) -> None:
    found = read(DEBUG="on", SECRET_KEY="")

    assert len(found["SECRET_KEY"]) > 50
    assert found["OTP_IN_RESPONSE"] is True
    assert "127.0.0.1" in found["ALLOWED_HOSTS"]
    assert re.match(found["CORS_ALLOWED_ORIGIN_REGEXES"][0], "http://localhost:3000")


def test_the_code_is_never_in_the_answer_while_enumeration_is_prevented(read: Read) -> None:
    assert read(DEBUG="on", PREVENT_ENUMERATION="on")["OTP_IN_RESPONSE"] is False


def test_make_run_turns_debug_on_unless_the_environment_says_otherwise(read: Read) -> None:
    assert read(MAKE_RUN="on")["DEBUG"] is True
    assert read(MAKE_RUN="on", DEBUG="off")["DEBUG"] is False


def test_a_former_key_that_a_comma_takes_apart_is_refused_with_the_reason(read: Read) -> None:
    with pytest.raises(SystemExit) as refusal:
        read(SECRET_KEY_FALLBACKS="a key of more than 32 characters,with a comma")

    assert "comma" in str(refusal.value)


def test_debug_takes_short_keys(read: Read) -> None:
    found = read(DEBUG="on", SECRET_KEY="new", SECRET_KEY_FALLBACKS="old")

    assert (found["SECRET_KEY"], found["SECRET_KEY_FALLBACKS"]) == ("new", ["old"])


def test_blank_fallback_keys_verify_no_token(read: Read) -> None:
    former = "f" * 32
    found = read(SECRET_KEY_FALLBACKS=f"{former}, ,", JWT_SIGNING_KEY_FALLBACKS=" , ,")

    assert found["SECRET_KEY_FALLBACKS"] == [former]
    assert len(found["JWT_VERIFYING_KEYS"]) == 2


def test_lists_are_trimmed(read: Read) -> None:
    found = read(ALLOWED_HOSTS="api.example.com, .example.org", CORS_ALLOWED_ORIGINS="https://a.example/ ,")

    assert found["ALLOWED_HOSTS"] == ["api.example.com", ".example.org"]
    assert found["CORS_ALLOWED_ORIGINS"] == ["https://a.example"]


@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "check"],
        ["-m", "gunicorn"],
        ["-m", "pytest", "--collect-only", "-p", "no:cacheprovider"],
        ["-m", "config.preflight"],
    ],
    ids=lambda command: command[0] if command[0] == "manage.py" else command[1],
)
def test_a_bad_value_ends_each_program_with_one_line(command: list[str]) -> None:
    ended = program(command, DATABASE_URL="mysql://host/name")

    assert ended.returncode == 1
    assert (ended.stdout + ended.stderr).splitlines() == [
        "Settings: DATABASE_URL: write sqlite:///folder/file or postgresql://user:password@host/name"
    ]


def test_a_database_that_does_not_answer_is_one_line_without_the_password() -> None:
    ended = program(["manage.py", "migrate"], DATABASE_URL="postgresql://user:opensesame@127.0.0.1:1/name")

    assert ended.returncode == 1
    assert re.fullmatch(r"DATABASE_URL: .+Connection refused.+\n", ended.stderr)
    assert "opensesame" not in ended.stderr


def test_manage_py_turns_debug_on_where_neither_it_nor_a_key_is_set() -> None:
    show = [
        "manage.py",
        "shell",
        "--no-imports",
        "-c",
        "from django.conf import settings; print(settings.DEBUG)",
    ]

    assert program(show, SECRET_KEY="").stdout == "True\n"
    assert program(show).stdout == "False\n"


def program(command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=PROJECT_FOLDER,
        env={"PATH": os.environ["PATH"], "SECRET_KEY": KEY, "ENV_FILE": os.devnull, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def settings_of(namespace: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in namespace.items() if name.isupper()}
