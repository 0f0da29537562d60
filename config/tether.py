"""Ends a process when its parent ends, kill -9 included: so `make run` leaves none behind.

As a program, `python3 tether.py <pid of the parent> <command> ...`, it becomes that command.
The kernel does the work on Linux; elsewhere this changes nothing.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def tie_to_parent(*, parent: int, ending: signal.Signals) -> None:
    """Have the kernel send the signal `ending` to this process as soon as its parent is dead."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(ending))
    if os.getppid() != parent:  # it died before the kernel was told
        sys.exit(1)


if __name__ == "__main__":
    # Outlives execve, not fork: gunicorn.conf.py ties the workers to the arbiter.
    tie_to_parent(parent=int(sys.argv[1]), ending=signal.SIGTERM)
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606  (no shell is the point)
