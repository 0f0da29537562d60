#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys

from config.environment import turn_debug_on_for_newcomers


def main() -> None:
    turn_debug_on_for_newcomers()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
