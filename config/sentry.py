"""Error reports to Sentry: where it went wrong, and nothing of what anybody sent."""

from typing import Any

from config.environment import refuse

# Bodies, variables and queries hold passwords, codes and addresses.
NOTHING: Any = {
    "user_info": False,
    "cookies": {"mode": "off"},
    "http_headers": {"request": {"mode": "off"}},
    "http_bodies": [],
    "url_query_params": {"mode": "off"},
    "database_query_data": False,
    "queues": False,
    "stack_frame_variables": False,
}


def start_reporting(dsn: str) -> None:
    """Raises SystemExit when the DSN is malformed or sentry-sdk is not installed."""
    try:
        import sentry_sdk
    except ImportError:
        refuse("SENTRY_DSN", "needs sentry-sdk: pip install -r requirements-prod.txt")
    try:
        sentry_sdk.init(dsn=dsn, data_collection=NOTHING, max_request_body_size="never")
    except ValueError as error:  # BadDsn is one; a broken IPv6 address raises another
        refuse("SENTRY_DSN", str(error))
