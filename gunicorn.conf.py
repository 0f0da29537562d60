"""How gunicorn serves this: threads, limits, and no worker that outlives its arbiter."""

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

# Until the arbiter listens to signals Ctrl-C would print a traceback.
signal.signal(signal.SIGINT, signal.SIG_DFL)

IS_UNDER_NOHUP = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN

# Read here first: a bad setting ends the arbiter with one line. In a worker it would end the
# worker, and the arbiter would start the next one for ever.
from config import settings, tether  # noqa: E402

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

MAIL_THREAD = os.environ.get("MAIL_WORKER") == "thread"

wsgi_app = "config.wsgi"
bind = [f"[{settings.HOST}]:{settings.PORT}" if ":" in settings.HOST else f"{settings.HOST}:{settings.PORT}"]
worker_class = "config.serving.Worker"
threads = 8  # in one process, unless WEB_CONCURRENCY, which gunicorn reads, says otherwise
# What fails on import fails once, in the arbiter; workers share its memory and start at once.
# Its price: SIGHUP does not load new code. SIGUSR2 does.
preload_app = True
timeout = 30
graceful_timeout = 5 if settings.MAKE_RUN else 30
keepalive = 5
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  (heartbeats never wait for a disk)

limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190

# Nobody's header changes the scheme, the path or the peer's address here, not even a local
# proxy's: TRUSTED_PROXIES alone says whom to believe (userprofile/client.py, settings.py).
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""
proxy_protocol = False
control_socket_disable = True  # gunicorn would open one in the home folder

loglevel = settings.LOG_LEVEL.lower()
if not settings.DEBUG:
    # gunicorn's own lines go where ours go, and are JSON as well.
    logconfig_dict = settings.LOGGING | {
        "loggers": settings.LOGGING["loggers"] | {"gunicorn.error": {"propagate": True}}
    }


def when_ready(server: "Arbiter") -> None:
    if not settings.MAKE_RUN:
        return
    # To gunicorn SIGHUP means "reload"; here it means that the terminal was closed.
    end = signal.SIG_IGN if IS_UNDER_NOHUP else lambda *_: server.signal(signal.SIGTERM, None)
    signal.signal(signal.SIGHUP, end)
    from userprofile import demo

    print(demo.banner(), flush=True)


def post_fork(server: "Arbiter", worker: "Worker") -> None:
    tether.tie_to_parent(parent=worker.ppid, ending=signal.SIGKILL)


def post_worker_init(worker: "Worker") -> None:
    # The terminal sends these to the whole group; the arbiter alone tells its workers to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if MAIL_THREAD:
        from userprofile.mechanisms import worker_thread

        worker_thread.start()
