"""Paths and queries: encodings, dots, numbers, and what the activity log is asked."""

from urllib.parse import quote

from userprofile.tests.api.doors import ACTIVITY, EMAIL
from userprofile.tests.hostile.table import Hostile, get
from userprofile.tests.hostile.values import SIGNED_IN

PATHS = {
    "NUL": "/userprofile/%00",
    "an encoded way up": "/userprofile/%2e%2e/admin/",
    "a way up": "/userprofile/../../etc/passwd",
    "a way up in static files": "/static/../manage.py",
    "an encoded way up in static files": "/static/%2e%2e/%2e%2e/manage.py",
    "a way up by backslashes": "/static/..%5c..%5cmanage.py",
    "a way up, encoded twice": "/static/%252e%252e/manage.py",
    "static files without a name": "/static/",
    "NUL in static files": "/static/userprofile/admin.css%00.txt",
    "a dotted folder": "/userprofile/./login/",
    "two slashes": "//userprofile/login/",
    "two slashes in the midst": "/userprofile//login/",
    "a hundred slashes": "/" * 100,
    "parameters": "/userprofile/login;jsessionid=1/",
    "a line feed": "/userprofile/login/%0a",
    "CR and LF": "/%0d%0aSet-Cookie:%20a=b",
    "a surrogate": "/%ED%A0%80",
    "overlong UTF-8": "/%C0%AE%C0%AE/",
    "bytes": "/%FF%FE",
    "a percent sign": "/%",
    "percents that say nothing": "/%zz",
    "full-width letters": quote("/ｕｓｅｒｐｒｏｆｉｌｅ/ｌｏｇｉｎ/"),
    "capitals": "/USERPROFILE/LOGIN/",
    "markup": "/%3Cscript%3E",
    "a URL": "/http://evil.example/",
    "a template": "/%7B%7Bsettings.SECRET_KEY%7D%7D",
    "a file of the project": "/.env",
    "a repository": "/.git/config",
    "4,000 letters": "/" + "x" * 4000,
    "500 folders": "/a" * 500,
    "a fragment": "/nope#x",
    "no user": "/userprofile/User_update/",
    "a user in letters": "/userprofile/User_update/one/",
    "a user below nought": "/userprofile/User_update/-1/",
    "a user with a fraction": "/userprofile/User_update/1.0/",
    "a user in Arabic digits": "/userprofile/User_update/%D9%A1/",
    "a user in full-width digits": "/userprofile/User_update/%EF%BC%91/",
    "a user and NUL": "/userprofile/User_update/1%00/",
    "a user with an exponent": "/userprofile/User_update/1e5/",
}
PATH_ROWS = [
    *(Hostile(f"path of {name}", get(path), 404) for name, path in PATHS.items()),
    Hostile("path of a slash in percents", get("/userprofile%2flogin/"), 405, key="detail"),
    Hostile("path of 5,000 letters", get("/" + "x" * 5000), 414),
    Hostile("path of 1 MB", lambda: get("/" + "x" * 1_000_000), 414),
    Hostile("query of 5,000 letters", get("/nope?" + "x" * 5000), 414),
    Hostile("path without a slash", get("nope"), 400),
    Hostile("path in UTF-8", get("/ö"), 400),
    Hostile("path with NUL", get(b"/\x00"), 400),
    Hostile(
        "query at a door", get("/userprofile/login/?email=kim@example.com&password=x"), 405, key="detail"
    ),
]
NUMBERS = {
    "0": "0",
    "beyond 31 bits": str(2**31),
    "beyond 63 bits": str(2**63),
    "beyond 64 bits": str(2**64),
    "10**400": "1" + "0" * 400,
    "of 3,900 digits": "9" * 3900,
}
NUMBER_ROWS = [
    Hostile(f"{kind} {name}", get(path + number + "/", SIGNED_IN), 404)
    for kind, path in (
        ("user", "/userprofile/User_update/"),
        ("application", "/application/Application_update/"),
    )
    for name, number in NUMBERS.items()
]
QUERIES: dict[str, tuple[str, str]] = {
    "limit=-1": ("limit", "email={}&limit=-1"),
    "limit=0": ("limit", "email={}&limit=0"),
    "limit=1e9": ("limit", "email={}&limit=1e9"),
    "limit=1.5": ("limit", "email={}&limit=1.5"),
    "limit in Arabic digits": ("limit", "email={}&limit=%D9%A1"),
    "limit in full-width digits": ("limit", "email={}&limit=%EF%BC%91"),
    "limit in superscript": ("limit", "email={}&limit=%C2%B2"),
    "limit of 20 digits": ("limit", "email={}&limit=" + "9" * 20),
    "limit of 3,000 digits": ("limit", "email={}&limit=" + "9" * 3000),
    "limit of a list": ("limit", "email={}&limit=1,2"),
    "limit of NUL": ("limit", "email={}&limit=%00"),
    "limit of bytes": ("limit", "email={}&limit=%FF"),
    "limit repeated": ("limit", "email={}&limit=5&limit=-1"),
    "before=0": ("before", "email={}&before=0"),
    "before=-1": ("before", "email={}&before=-1"),
    "before of SQL": ("before", "email={}&before=1%20OR%201=1"),
    "before of 20 digits": ("before", "email={}&before=" + "9" * 20),
    "email missing": ("email", "limit=1"),
    "email empty": ("email", "email="),
    "email repeated": ("email", "email={}&email=nobody"),
    "email of NUL": ("email", "email=a%00@example.com"),
    "email of a surrogate": ("email", "email=%ED%A0%80@example.com"),
    "email of bytes": ("email", "email=%FF%FE@example.com"),
    "email in brackets": ("email", "email[]={}"),
}
QUERY_ROWS = [
    *(
        Hostile(
            f"activity: {name}", get(f"{ACTIVITY.path}?{query.format(EMAIL)}", SIGNED_IN), 400, field=field
        )
        for name, (field, query) in QUERIES.items()
    ),
    Hostile("activity: semicolons", get(f"{ACTIVITY.path}?email={EMAIL};limit=1", SIGNED_IN), 404),
    Hostile("activity: 300 fields", get(f"{ACTIVITY.path}?{'a=1&' * 300}", SIGNED_IN), 400),
    Hostile("activity: somebody else", get(f"{ACTIVITY.path}?email=stranger@example.com", SIGNED_IN), 404),
    Hostile("activity: nobody signed in", get(f"{ACTIVITY.path}?email={EMAIL}"), 401, key="detail"),
]

ROWS = [*PATH_ROWS, *NUMBER_ROWS, *QUERY_ROWS]
