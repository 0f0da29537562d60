"""Reads settings from the environment or a .env file; a bad value ends start-up with one line."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import environs

PROJECT_FOLDER = Path(__file__).resolve().parent.parent


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

    bool = _refusing(environs.Env.bool)
    int = _refusing(environs.Env.int)
    list = _refusing(environs.Env.list)
    str = _refusing(environs.Env.str)
    dj_db_url = _refusing(environs.Env.dj_db_url)
    dj_email_url = _refusing(environs.Env.dj_email_url)

    def _get_value(self, env_key: Any, default: Any) -> Any:
        for source in (os.environ, self._environ):
            if source.get(env_key, "").strip():
                return source[env_key]
        return default


def read_environment() -> Environment:
    """The process environment, and below it the project's .env file."""
    env = Environment()
    env.read_env(str(PROJECT_FOLDER / ".env"), recurse=False)
    return env


def turn_debug_on_for_newcomers() -> None:
    """`manage.py` on a machine where neither DEBUG nor SECRET_KEY is set is a first try: DEBUG."""
    env = read_environment()
    if not env.str("DEBUG", "") and not env.str("SECRET_KEY", ""):
        os.environ["DEBUG"] = "on"
