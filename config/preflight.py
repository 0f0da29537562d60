"""What `make run` asks first: are the settings readable, and is the port free?"""

import errno
import socket
import sys

from config import settings


def refuse_taken_port(host: str, port: int) -> None:
    """Raises SystemExit with one line, where gunicorn would try five times and write twelve."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        sys.exit(f"Settings: HOST: {host}: {error.strerror}")
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            hint = ". Choose another: make run PORT=<number>" if error.errno == errno.EADDRINUSE else ""
            sys.exit(f"Cannot listen on {host}:{port}: {error.strerror}{hint}")


if __name__ == "__main__":
    refuse_taken_port(settings.HOST, settings.PORT)
