"""Every setting of the service, read once from the environment (docs: README, "Settings")."""

import importlib.util
import re
from datetime import timedelta
from email.utils import parseaddr
from typing import Any
from zoneinfo import ZoneInfo

import pytz
from environs import validate
from pythonjsonlogger.core import RESERVED_ATTRS

from config import keys, openapi, service_urls
from config.environment import PROJECT_FOLDER, read_environment, refuse

env = read_environment()
TEN_YEARS = 10 * 366 * 86400


def seconds(name: str, default: int, *, least: int = 1) -> timedelta:
    """A duration setting, given in whole seconds."""
    limits = validate.Range(min=least, max=TEN_YEARS)
    return timedelta(seconds=env.int(name, default, validate=limits))


def count(name: str, default: int, *, least: int = 1, most: int = 1000) -> int:
    return int(env.int(name, default, validate=validate.Range(min=least, max=most)))


def rate(name: str, default: str) -> tuple[int, int]:
    """`30/min` as (30, 60): that many requests in that many seconds."""
    match = re.fullmatch(r"([0-9]{1,6})/(s|sec|min|h|hour|d|day)", env.str(name, default).strip())
    if match is None or int(match[1]) == 0:
        refuse(name, "write a rate such as 30/min, 10/h or 100/day")
    return int(match[1]), {"s": 1, "m": 60, "h": 3600, "d": 86400}[match[2][0]]


def sturdy(name: str, key: str) -> str:
    """A key that nobody finds by trying: whoever has one signature or code can try them all at home."""
    if len(key) < 32:
        refuse(name, "needs 32 random characters or more (in a list, a comma ends a key)")
    if key == DEVELOPMENT_KEY:
        refuse(name, "the development key is known to everybody: choose another")
    return key


def hosts(name: str) -> list[str]:
    """Host names as ALLOWED_HOSTS has them: example.com, .example.com, [::1] or *."""
    found = env.words(name)
    for host in found:
        if not re.fullmatch(r"\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\]", host):
            refuse(name, f"{host!r} is no host such as api.example.com (no scheme, no port)")
    return found


def exists(module: str) -> bool:
    """Whether Python finds the module (which it need not import for that, only its package)."""
    try:
        return bool(module) and importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


# --- Django -----------------------------------------------------------------------------------

BASE_DIR = PROJECT_FOLDER
MAKE_RUN: bool = env.bool("MAKE_RUN", False)  # the Makefile's own word, no setting of anybody's
DEBUG: bool = env.bool("DEBUG", MAKE_RUN)

DEVELOPMENT_KEY = "insecure-development-key-known-to-everybody-use-it-nowhere-else"
SECRET_KEY: str = env.str("SECRET_KEY", DEVELOPMENT_KEY if DEBUG else "")
if not SECRET_KEY:
    refuse("SECRET_KEY", "required unless DEBUG is on; use 50 or more random characters")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
if not DEBUG:
    sturdy("SECRET_KEY", SECRET_KEY)
    for former_key in SECRET_KEY_FALLBACKS:
        sturdy("SECRET_KEY_FALLBACKS", former_key)

ALLOWED_HOSTS = hosts("ALLOWED_HOSTS")
if DEBUG and not ALLOWED_HOSTS:
    ALLOWED_HOSTS = ["localhost", ".localhost", "127.0.0.1", "[::1]"]
HOST: str = env.str("HOST", "127.0.0.1")
PORT: int = count("PORT", 8000, most=65535)
ADMIN_PATH: str = env.str("ADMIN_PATH", "admin/").strip("/") + "/"
if not re.fullmatch(r"([A-Za-z0-9_~-][A-Za-z0-9._~-]*/)+", ADMIN_PATH):
    refuse("ADMIN_PATH", "write a path such as admin/ or staff-only/door/")
TAKEN_PATHS = {
    "account-locked",
    "api",
    "application",
    "docs",
    "health",
    "metrics",
    "static",
    "userprofile",
    "validate-email",
}
if ADMIN_PATH.partition("/")[0] in TAKEN_PATHS:
    refuse("ADMIN_PATH", f"{ADMIN_PATH} is taken by the service itself")
LOGIN_REDIRECT_URL = f"/{ADMIN_PATH}"  # where a sign-in to the admin ends whose `next` is refused
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False  # a redirect would lose the body of a POST: urls.py serves both spellings
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "config.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "userprofile",  # before whitenoise: our runserver sends mail as well
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "application",
]

# Sessions, messages and CSRF belong to the admin; an API request passes them by (config/admin_middleware.py).
MIDDLEWARE = [
    "config.request_log.RequestLog",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "corsheaders.middleware.CorsMiddleware",  # a page may read every refusal, those of JsonErrors too
    "config.json_errors.JsonErrors",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.admin_middleware.AdminContentSecurity",
    "config.admin_middleware.AdminSessions",
    "config.admin_middleware.AdminCsrf",
    "config.admin_middleware.AdminAuthentication",
    "config.admin_middleware.AdminMessages",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True  # straight from the packages: there is nothing to collect
WHITENOISE_AUTOREFRESH = False

LANGUAGE_CODE = "en-us"
USE_I18N = False
USE_TZ = True
TIME_ZONE: str = env.str("TIME_ZONE", "UTC")
if TIME_ZONE not in pytz.all_timezones_set:
    refuse("TIME_ZONE", "write a name that pytz knows, such as Europe/Berlin")
try:
    ZoneInfo(TIME_ZONE)
except (LookupError, OSError):
    refuse("TIME_ZONE", "this machine does not know that zone: install its tzdata package")

# --- Database ---------------------------------------------------------------------------------

DATABASES = {"default": service_urls.database(env, "DATABASE_URL", f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
REDIS_URL = service_urls.broker(env, "REDIS_URL")

# --- Account security: every limit of the service ---------------------------------------------

OTP_LENGTH = count("OTP_LENGTH", 6, least=6, most=10)
OTP_LIFETIME = seconds("OTP_LIFETIME", 600)
OTP_MAX_FAILURES = count("OTP_MAX_FAILURES", 3)
OTP_MAX_RESENDS = count("OTP_MAX_RESENDS", 5)
UNBLOCK_AFTER = seconds("UNBLOCK_AFTER", 86400)
LOGIN_MAX_FAILURES = count("LOGIN_MAX_FAILURES", 3)
LOCK_DURATION = seconds("LOCK_DURATION", 0, least=0)  # 0: until an admin unlocks
REAUTHENTICATE_AFTER = seconds("REAUTHENTICATE_AFTER", 600)
ACTIVITY_RETENTION = seconds("ACTIVITY_RETENTION", 400 * 86400)

PREVENT_ENUMERATION: bool = env.bool("PREVENT_ENUMERATION", False)
OTP_IN_RESPONSE: bool = env.bool("OTP_IN_RESPONSE", DEBUG)
if OTP_IN_RESPONSE and not DEBUG:
    refuse("OTP_IN_RESPONSE", "possible in DEBUG alone: a code in the answer makes the mail pointless")
OTP_IN_RESPONSE = OTP_IN_RESPONSE and not PREVENT_ENUMERATION

THROTTLES: bool = env.bool("THROTTLES", True)
THROTTLE_SIGN_IN = rate("THROTTLE_SIGN_IN", "30/min")  # per IP address
THROTTLE_CODES = rate("THROTTLE_CODES", "60/min")  # per IP address
THROTTLE_MAIL = rate("THROTTLE_MAIL", "10/h")  # per e-mail address
THROTTLE_SPRAY = rate("THROTTLE_SPRAY", "50/h")  # accounts failed per IP address
SIGN_IN_FAILURES_ALARM = rate("SIGN_IN_FAILURES_ALARM", "300/h")  # over all accounts
TRUSTED_PROXIES = count("TRUSTED_PROXIES", 0, least=0, most=16)

PASSWORD_MIN_LENGTH = count("PASSWORD_MIN_LENGTH", 6)
PASSWORD_MAX_LENGTH = count("PASSWORD_MAX_LENGTH", 25, least=4, most=256)
PASSWORD_CLASSES: bool = env.bool("PASSWORD_CLASSES", True)
if PASSWORD_MIN_LENGTH > PASSWORD_MAX_LENGTH:
    refuse("PASSWORD_MIN_LENGTH", "must not be larger than PASSWORD_MAX_LENGTH")

AUTH_USER_MODEL = "userprofile.User"
AUTHENTICATION_BACKENDS = ["userprofile.authentication.GuardedBackend"]
SILENCED_SYSTEM_CHECKS = ["auth.W004"]  # e-mail is unique by its canonical form, in a column of its own
PASSWORD_HASHERS = [
    "userprofile.hashers.Argon2idPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # only to verify and replace old hashes
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "userprofile.validators.PasswordPolicyValidator"},
    {"NAME": "userprofile.validators.PersonalDataValidator"},
    {"NAME": "userprofile.validators.DisguisedCommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "first_name", "last_name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# --- Sessions and tokens ----------------------------------------------------------------------

ACCESS_TOKEN_LIFETIME = seconds("ACCESS_TOKEN_LIFETIME", 3600)
REFRESH_TOKEN_LIFETIME = seconds("REFRESH_TOKEN_LIFETIME", 7 * 86400)
SESSION_LIFETIME = seconds("SESSION_LIFETIME", 30 * 86400)
REFRESH_GRACE = seconds("REFRESH_GRACE", 10, least=0)
# Where another key signs, the derived ones verify for as long as they are asked for: else whoever finds out
# SECRET_KEY could forge tokens all the same.
_derived = [keys.derive("jwt", key).hex() for key in (SECRET_KEY, *SECRET_KEY_FALLBACKS)]
_own: str = env.str("JWT_SIGNING_KEY", "")
JWT_VERIFYING_KEYS = [sturdy("JWT_SIGNING_KEY", _own)] if _own else [*_derived]
for former_key in env.words("JWT_SIGNING_KEY_FALLBACKS"):
    is_derived = former_key == "derived"
    JWT_VERIFYING_KEYS += _derived if is_derived else [sturdy("JWT_SIGNING_KEY_FALLBACKS", former_key)]
JWT_SIGNING_KEY = JWT_VERIFYING_KEYS[0]
SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    "SIGNING_KEY": JWT_SIGNING_KEY,
    "ISSUER": "userprofile",
    "AUDIENCE": "userprofile",
    "ACCESS_TOKEN_LIFETIME": ACCESS_TOKEN_LIFETIME,
    "REFRESH_TOKEN_LIFETIME": REFRESH_TOKEN_LIFETIME,
    "AUTH_HEADER_TYPES": ("Bearer",),
    "UPDATE_LAST_LOGIN": False,  # journeys/login.py writes it with the outcome
}

# The cookie says Lax, so another site's page cannot send it with a POST.
SESSION_ENGINE = "config.session_store"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_AGE = int(min(REFRESH_TOKEN_LIFETIME, SESSION_LIFETIME).total_seconds())
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SECURE = not DEBUG
CSRF_TRUSTED_ORIGINS = service_urls.origins(env, "CSRF_TRUSTED_ORIGINS")
CORS_ALLOWED_ORIGINS = service_urls.origins(env, "CORS_ALLOWED_ORIGINS")
LOOPBACK_ORIGIN = r"^https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?$"
CORS_ALLOWED_ORIGIN_REGEXES = [LOOPBACK_ORIGIN] if DEBUG else []
CORS_EXPOSE_HEADERS = ["Link", "Retry-After"]

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 0 if DEBUG else 31536000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEBUG
SECURE_HSTS_PRELOAD = not DEBUG
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"default-src": ["'none'"], "frame-ancestors": ["'none'"]}}

# --- REST -------------------------------------------------------------------------------------

MAX_BODY_BYTES = 64 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["userprofile.authentication.SessionTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["userprofile.permissions.SignedIn"],
    "DEFAULT_PARSER_CLASSES": [
        "config.http.parsers.StrictJSONParser",
        "config.http.parsers.StrictFormParser",
        "config.http.parsers.StrictMultiPartParser",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "config.http.negotiation.AlwaysJson",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "config.http.schema_operations.OperationSchema",
    "EXCEPTION_HANDLER": "config.exception_handler.refusal_to_response",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "UNICODE_JSON": True,
}

SPECTACULAR_SETTINGS = openapi.SETTINGS

# --- Mail -------------------------------------------------------------------------------------

_email = service_urls.mail(env, "EMAIL_URL", "console:")
EMAIL_BACKEND: str = env.str("EMAIL_BACKEND", _email["EMAIL_BACKEND"])
if not exists(EMAIL_BACKEND.rpartition(".")[0]):
    refuse("EMAIL_BACKEND", f"there is no module for {EMAIL_BACKEND}")
EMAIL_HOST: str = _email["EMAIL_HOST"] or "localhost"
EMAIL_PORT: int = _email["EMAIL_PORT"] or 25
EMAIL_HOST_USER: str = _email["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD: str = _email["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS: bool = _email["EMAIL_USE_TLS"]
EMAIL_USE_SSL: bool = _email["EMAIL_USE_SSL"]
EMAIL_FILE_PATH: str = _email["EMAIL_FILE_PATH"]
EMAIL_TIMEOUT: int = _email["EMAIL_TIMEOUT"] or 10  # Django's default waits for ever
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", "Userprofile <no-reply@example.com>")
if "@" not in parseaddr(DEFAULT_FROM_EMAIL)[1] or re.search(r"[\r\n]", DEFAULT_FROM_EMAIL):
    refuse("DEFAULT_FROM_EMAIL", "write an address such as Support <support@example.com>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
SERVICE_NAME = parseaddr(DEFAULT_FROM_EMAIL)[0] or "Userprofile"

MAIL_LEASE = timedelta(seconds=55)  # a dead worker's mail is taken up within a minute, by a sweep as well
MAIL_BATCH = 4  # MAIL_BATCH x EMAIL_TIMEOUT must end within MAIL_LEASE
MAIL_MAX_ATTEMPTS = 12
MAIL_POLL = timedelta(seconds=1)
if not 0 < MAIL_BATCH * EMAIL_TIMEOUT < MAIL_LEASE.total_seconds():
    refuse("EMAIL_URL", "timeout: from 1 to 13 seconds")

# --- Celery: only where REDIS_URL names a broker -------------------------------------------------

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_TIMEOUT = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker, however long
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 5}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # its log lines are ours: JSON outside DEBUG
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = "UTC"
if REDIS_URL and importlib.util.find_spec("celery") is None:
    refuse("REDIS_URL", "needs Celery: pip install -r requirements-prod.txt")
if REDIS_URL:
    import config.celery  # noqa: F401  (the tasks belong to this app; without it to one without a broker)

# --- Logging ----------------------------------------------------------------------------------

LOG_LEVEL: str = env.str("LOG_LEVEL", "INFO").upper()
if LOG_LEVEL not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
    refuse("LOG_LEVEL", "one of DEBUG, INFO, WARNING, ERROR, CRITICAL")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "config.request_log.AddRequestId"}},
    "formatters": {
        "line": {
            "()": "config.request_log.OneLine",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        },
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(request_id)s %(message)s",
            "reserved_attrs": [*RESERVED_ATTRS, "request"],  # its query holds an address
            "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
        },
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["request_id"],
            "formatter": "line" if DEBUG else "json",
        }
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.request": {"level": "ERROR"},  # a 4xx is the client's affair
        "django.security.DisallowedHost": {"level": "ERROR"},
    },
}
DEFAULT_EXCEPTION_REPORTER_FILTER = "config.error_reports.TellsNothing"
METRICS_TOKEN: str = env.str("METRICS_TOKEN", "")  # without one there is no /metrics
if METRICS_TOKEN and importlib.util.find_spec("prometheus_client") is None:
    refuse("METRICS_TOKEN", "needs prometheus-client: pip install -r requirements-prod.txt")
SENTRY_DSN: str = env.str("SENTRY_DSN", "")
if SENTRY_DSN:
    from config.sentry import start_reporting

    start_reporting(SENTRY_DSN)
