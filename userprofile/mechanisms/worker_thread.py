"""The mail worker as a thread of the web process, for `make run` and `runserver`: it ends with it."""

import atexit
import threading

from userprofile.mechanisms import delivery, outbox

GRACE = 3  # seconds that a mail being sent may still take when the process ends

_stop = threading.Event()
_starting = threading.Lock()
_thread: threading.Thread | None = None


def start() -> None:
    """Start the thread unless this process has it already. Call it after a fork, never before."""
    global _thread
    with _starting:
        if _thread is not None and _thread.is_alive():
            return
        _stop.clear()
        _thread = threading.Thread(target=delivery.run_until, args=(_stop,), name="mail", daemon=True)
        _thread.start()
        atexit.register(stop)


def stop() -> None:
    """Let the thread finish the mail that it is sending."""
    _stop.set()
    outbox.wake_up.set()
    if _thread is not None:
        _thread.join(timeout=GRACE)
