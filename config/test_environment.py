"""A pytest plugin: the settings that the tests see, whatever this machine's environment or .env holds.

Loaded with `-p` from pytest.ini, before pytest-django reads the settings.
"""

import os
import re
from pathlib import Path

PROJECT_FOLDER = Path(__file__).resolve().parent.parent
DOCUMENTED = re.compile(r"^#\s?([A-Z][A-Z_]*)=", re.MULTILINE)
KEPT = {"DATABASE_URL"}  # the same suite runs on PostgreSQL
TEST_VALUES = {
    "ENV_FILE": os.devnull,
    "SECRET_KEY": "only-for-the-tests-0123456789-0123456789-0123456789",
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "EMAIL_URL": "memory:",
    "THROTTLES": "off",  # the tests of the throttles turn them on through the `settings` fixture
}


def documented_variables() -> list[str]:
    """Every variable that the settings read, as .env.example lists them."""
    return DOCUMENTED.findall((PROJECT_FOLDER / ".env.example").read_text(encoding="utf-8"))


for name in {*documented_variables(), "MAKE_RUN", "DJANGO_SETTINGS_MODULE"} - KEPT:
    os.environ.pop(name, None)
os.environ.update(TEST_VALUES)
