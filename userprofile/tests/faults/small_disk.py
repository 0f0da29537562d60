"""The service's settings, with a limit to the pages of its SQLite file and another patience for writers."""

import os

from config.settings import *  # noqa: F403
from config.settings import DATABASES

_options = DATABASES["default"]["OPTIONS"]
_commands = f"{_options['init_command']} PRAGMA max_page_count={os.environ['MAX_PAGES']};"
DATABASES["default"]["OPTIONS"] = {
    **_options,
    "timeout": int(os.environ["BUSY_TIMEOUT"]),
    "init_command": _commands,
}
