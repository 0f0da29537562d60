"""The front page of the OpenAPI document: what the service is, and what holds at every operation."""

TITLE = "Userprofile: account security"
DESCRIPTION = """
One-time passwords by e-mail, forgotten passwords, lockout and unblocking, e-mail validation, JWT sign-in
with an activity log, and the details of users and applications.

**Signing in on this page.** Send `login/` once: the page then sends the access token by itself. Or press
*Authorize* and paste an `access_token`.

**Requests** are JSON, form-encoded or multipart, in UTF-8, and at most 64 KiB. Every path also works without
its last slash. Operations without a padlock need no sign-in, and ignore an `Authorization` header.

**Errors** are `{"error": "<one sentence>"}`, with `details` by field for invalid input; some operations say
`detail` or `message` instead of `error`, as shown there. With `Accept: application/problem+json` the same
error comes as RFC 9457 problem details with a stable `code`. A wrong method is a 405, an unknown path a 404,
both in JSON. Where `PREVENT_ENUMERATION` is on, an unknown address is answered like a known one.

| | sign-in lock | reset lock | block |
|---|---|---|---|
| cause | wrong passwords in a row | wrong reset codes | too many reset codes asked for |
| stops | new sign-ins | reset codes and resets | asking for reset codes |
| lifted by | an admin, a completed reset | an admin | `User_unblock/` later, an admin, a completed reset |

Where `LOCK_DURATION` is set, a lock also ends by itself.
"""
TAGS = [
    {"name": "Sign-in", "description": "Tokens, sessions and the activity log"},
    {"name": "Forgotten password", "description": "Reset codes by e-mail, and the block of too many"},
    {"name": "E-mail validation", "description": "Proof that an address is the user's own"},
    {"name": "Users", "description": "Details of users"},
    {"name": "Applications", "description": "Details of applications"},
]
SWAGGER_UI = {
    "deepLinking": True,
    "displayRequestDuration": True,
    "defaultModelsExpandDepth": 0,
    "tryItOutEnabled": True,
    "validatorUrl": None,  # Swagger's own would send the document's address to another host
}
SETTINGS = {
    "TITLE": TITLE,
    "DESCRIPTION": DESCRIPTION,
    "VERSION": "1.0.0",
    "TAGS": TAGS,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATION_PARAMETERS": False,
    "PREPROCESSING_HOOKS": ["config.http.schema_hooks.keep_canonical_paths"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.http.schema_hooks.add_shared_refusals",
        "config.http.schema_hooks.complete_request_bodies",
        "config.http.schema_hooks.leave_open_doors_bare",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": SWAGGER_UI,
}
