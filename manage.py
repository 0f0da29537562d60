#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys

from django.core.management import execute_from_command_line
from django.db import OperationalError, connection

from config.environment import turn_debug_on_for_newcomers


def main() -> None:
    turn_debug_on_for_newcomers()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        if connection.connection is not None:  # the database was reached: a fault of ours
            raise
        sys.exit(f"DATABASE_URL: {' '.join(str(error).split())}")


if __name__ == "__main__":
    main()
