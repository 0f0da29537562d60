"""What the tests of the fifteen holes look at from outside: a start-up that is refused."""

import os
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

SETTINGS = Path(__file__).resolve().parents[3] / "config" / "settings.py"


@pytest.fixture
def refusal_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """`refusal_of(OTP_LENGTH="5")`: the line with which start-up ends in that environment."""

    def start(**variables: str) -> str:
        with monkeypatch.context() as patch:
            for name, value in {"DEBUG": "off", "ENV_FILE": os.devnull, **variables}.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as refusal:
                runpy.run_path(str(SETTINGS))
        return str(refusal.value)

    return start
