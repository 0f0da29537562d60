"""Reads settings from the environment or a .env file; a bad value ends start-up with one line."""

import functools
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import environs
from dotenv.parser import parse_stream

PROJECT_FOLDER = Path(__file__).resolve().parent.parent
UNREADABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")  # surrogates: bytes that were no UTF-8


def refuse(name: str, reason: str) -> NoReturn:
    """End start-up with one line that names the variable (SystemExit prints no traceback)."""
    raise SystemExit(f"Settings: {name}: {reason}")


def _refusing(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def read(self: environs.Env, name: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, name, *args, **kwargs)
        except environs.EnvValidationError as error:
            messages = error.error_messages
            reasons = messages if isinstance(messages, list) else [messages]
            refuse(name, " ".join(" ".join(str(reason).split()) for reason in reasons))
        except (environs.EnvError, ValueError) as error:
            refuse(name, " ".join(str(error).split()))

    return read


class Environment(environs.Env):
    """environs, with an empty value counting as unset and each error in one line."""

    bool: Any = _refusing(environs.Env.bool)
    int: Any = _refusing(environs.Env.int)
    str: Any = _refusing(environs.Env.str)
    dj_db_url: Any = _refusing(environs.Env.dj_db_url)
    dj_email_url: Any = _refusing(environs.Env.dj_email_url)

    def words(self, name: Any) -> list[Any]:
        """A comma-separated list, trimmed, without its blanks: a blank key would open every door."""
        return [word for word in (part.strip() for part in self.str(name, "").split(",")) if word]

    def _get_value(self, env_key: Any, default: Any) -> Any:
        for source in (os.environ, self._environ):
            if value := source.get(env_key, "").strip():
                if UNREADABLE.search(value):
                    refuse(env_key, "control characters and bytes that are no UTF-8 are not allowed")
                return value
        return default


def read_environment() -> Environment:
    """The process environment, and below it the project's .env file, or the one ENV_FILE names."""
    env = Environment()
    path = Path(os.environ.get("ENV_FILE") or PROJECT_FOLDER / ".env")
    if path.exists():
        _refuse_unreadable_lines(path)
        env.read_env(path, recurse=False)
    return env


def _refuse_unreadable_lines(path: Path) -> None:
    """A typo stops start-up: dotenv by itself passes over a line that is no NAME=value."""
    try:
        with path.open(encoding="utf-8") as stream:
            lines = [binding.original.line for binding in parse_stream(stream) if binding.error]
    except (OSError, ValueError) as error:
        refuse(path.name, f"cannot be read: {error}")
    if lines:
        refuse(path.name, f"line {lines[0]} is no NAME=value")


def turn_debug_on_for_newcomers() -> None:
    """`manage.py` on a machine where neither DEBUG nor SECRET_KEY is set is a first try: DEBUG."""
    env = read_environment()
    if not env.str("DEBUG", "") and not env.str("SECRET_KEY", ""):
        os.environ["DEBUG"] = "on"
