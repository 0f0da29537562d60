"""Error reports to Sentry, without request bodies, cookies or local variables."""

from config.environment import refuse


def start_reporting(dsn: str) -> None:
    """Raises SystemExit when the DSN is malformed or sentry-sdk is not installed."""
    try:
        import sentry_sdk
    except ImportError:
        refuse("SENTRY_DSN", "needs sentry-sdk: pip install -r requirements-prod.txt")
    try:
        sentry_sdk.init(
            dsn=dsn,
            send_default_pii=False,
            include_local_variables=False,  # they hold passwords and codes
            max_request_body_size="never",
        )
    except ValueError as error:  # BadDsn is one; a broken IPv6 address raises another
        refuse("SENTRY_DSN", str(error))
