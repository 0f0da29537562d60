"""Hooks for the OpenAPI document: canonical paths alone, and the refusals that operations share."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from config.http.negotiation import PROBLEM_JSON, error_body, problem_body
from config.http.refusals import PayloadTooLarge, ServiceUnavailable
from config.http.schema import NOT_SIGNED_IN

Endpoint = tuple[str, str, str, Any]  # path, route, method, view function
RETRY_AFTER = {"Retry-After": ("Seconds to wait.", {"type": "integer", "minimum": 1})}
CHALLENGE = {"WWW-Authenticate": ("The scheme to sign in with.", {"type": "string"})}


@dataclass(frozen=True, kw_only=True)
class SharedRefusal:
    """One status whose sentences, by their codes, are the same at every operation that has it."""

    name: str
    status: HTTPStatus
    sentences: Mapping[str, str]
    headers: Mapping[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)

    def as_component(self, key: str) -> dict[str, Any]:
        bodies = {code: error_body(key=key, sentence=sentence) for code, sentence in self.sentences.items()}
        problems = {
            code: problem_body(status=self.status, title=self.status.phrase, code=code, sentence=sentence)
            for code, sentence in self.sentences.items()
        }
        component = "DetailBody" if key == "detail" else "ErrorBody"
        return {
            "description": self.status.phrase,
            "headers": {
                name: {"description": text, "schema": schema, "required": True}
                for name, (text, schema) in self.headers.items()
            },
            "content": {
                "application/json": _media_type(component, bodies),
                PROBLEM_JSON: _media_type("ProblemBody", problems),
            },
        }


NOT_AUTHENTICATED = SharedRefusal(
    name="NotSignedIn",
    status=HTTPStatus.UNAUTHORIZED,
    sentences={"not_authenticated": NOT_SIGNED_IN, "token_invalid": "Token is invalid or expired"},
    headers=CHALLENGE,
)
TOO_LARGE = SharedRefusal(
    name="PayloadTooLarge",
    status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    sentences={PayloadTooLarge.default_code: PayloadTooLarge.default_detail},
)
UNSUPPORTED = SharedRefusal(
    name="UnsupportedMediaType",
    status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    sentences={"unsupported_media_type": 'Unsupported media type "text/plain" in request.'},
)
THROTTLED = SharedRefusal(
    name="TooManyRequests",
    status=HTTPStatus.TOO_MANY_REQUESTS,
    sentences={"throttled": "Too many requests. Try again in 42 seconds."},
    headers=RETRY_AFTER,
)
UNAVAILABLE = SharedRefusal(
    name="Unavailable",
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    sentences={ServiceUnavailable.default_code: ServiceUnavailable.default_detail},
    headers=RETRY_AFTER,
)


def keep_canonical_paths(endpoints: Sequence[Endpoint], **kwargs: Any) -> list[Endpoint]:
    """Canonical are the routes with a name to `reverse`; aliases and slashless twins have none."""
    named = set(_named_routes(get_resolver().url_patterns))
    return [endpoint for endpoint in endpoints if endpoint[1] in named]


def add_shared_refusals(result: dict[str, Any], generator: Any, **kwargs: Any) -> dict[str, Any]:
    """What a view does not say by itself: it follows from the view's authentication and throttles."""
    responses = result["components"].setdefault("responses", {})
    for path, _, method, callback in generator.endpoints:
        operation = result["paths"].get(path, {}).get(method.lower())
        if operation is None:
            continue  # the document's own path
        for refusal in _shared(callback.cls, method, operation):
            name, component = _component(refusal, callback.cls)
            responses[name] = component
            reference = {"$ref": f"#/components/responses/{name}"}
            operation["responses"].setdefault(str(refusal.status.value), reference)
        operation["responses"] = dict(sorted(operation["responses"].items()))
    return result


def complete_request_bodies(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """A body is required even where no single field is, and Swagger UI's forms want examples by field."""
    for operation in _operations(result):
        if body := operation.get("requestBody"):
            body["required"] = True
            for form in body["content"].values():
                _show_examples_by_field(form, result["components"]["schemas"])
    return result


def leave_open_doors_bare(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """A security of `[{}]` means none at all, but Swagger UI would draw a padlock."""
    for operation in _operations(result):
        if operation.get("security") == [{}]:
            del operation["security"]
    return result


def _operations(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in result["paths"].values():
        yield from operations.values()


def _named_routes(patterns: Sequence[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from _named_routes(pattern.url_patterns, route)
        elif pattern.name:
            yield route


def _shared(view: Any, method: str, operation: dict[str, Any]) -> Iterator[SharedRefusal]:
    if view.authentication_classes:
        yield NOT_AUTHENTICATED
    if method != "GET":
        yield TOO_LARGE
    if "requestBody" in operation:
        yield UNSUPPORTED
    if getattr(view, "throttles", ()) or (getattr(view, "counts_changes", False) and method != "GET"):
        yield THROTTLED
    yield UNAVAILABLE


def _component(refusal: SharedRefusal, view: Any) -> tuple[str, dict[str, Any]]:
    """Its name and itself, under the key that the view's clients get it."""
    if refusal is NOT_AUTHENTICATED:
        return refusal.name, refusal.as_component("detail")
    if getattr(view, "error_key", "") == "detail":
        return f"{refusal.name}AsDetail", refusal.as_component("detail")
    return refusal.name, refusal.as_component("error")


def _show_examples_by_field(form: dict[str, Any], schemas: dict[str, Any]) -> None:
    fields = schemas[form["schema"]["$ref"].rpartition("/")[2]]["properties"]
    for example in form["examples"].values():
        for name, value in example["value"].items():
            fields[name].setdefault("example", value)


def _media_type(component: str, bodies: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "schema": {"$ref": f"#/components/schemas/{component}"},
        "examples": {name: {"value": body} for name, body in bodies.items()},
    }
