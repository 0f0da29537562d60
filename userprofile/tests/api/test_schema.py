"""The OpenAPI document: every operation with its real request and answers, and no word that is not so."""

import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

from config.http.refusals import Refusal
from userprofile.exceptions import InvalidCredentials, InvalidCredentialsWithCount
from userprofile.models import User

OPERATIONS = {
    "forgotPassword": ("post", "/userprofile/forget_password/"),
    "resendCode": ("post", "/userprofile/Resend_OTP/"),
    "unblockUser": ("post", "/userprofile/User_unblock/"),
    "generateValidationCode": ("post", "/userprofile/Generate_OTP/"),
    "validateEmail": ("post", "/userprofile/Email-Validation/"),
    "signInWithSession": ("post", "/userprofile/account_locked/"),
    "login": ("post", "/userprofile/login/"),
    "refreshToken": ("post", "/userprofile/token/refresh/"),
    "userActivity": ("get", "/userprofile/user-activity/"),
    "logout": ("post", "/userprofile/logout/"),
    "showUser": ("get", "/userprofile/User_update/{user_id}/"),
    "updateUser": ("put", "/userprofile/User_update/{user_id}/"),
    "updateUserPatch": ("patch", "/userprofile/User_update/{user_id}/"),
    "updateUserPost": ("post", "/userprofile/User_update/{user_id}/"),
    "updateUserOrApplication": ("put", "/userprofile/User&App/"),
    "updateUserOrApplicationPatch": ("patch", "/userprofile/User&App/"),
    "updateUserOrApplicationPost": ("post", "/userprofile/User&App/"),
    "showApplication": ("get", "/application/Application_update/{application_id}/"),
    "updateApplication": ("put", "/application/Application_update/{application_id}/"),
    "updateApplicationPatch": ("patch", "/application/Application_update/{application_id}/"),
    "updateApplicationPost": ("post", "/application/Application_update/{application_id}/"),
}
NAMES = {  # what reverse() calls the canonical paths
    "forgot_reset_password",
    "Resend_OTP",
    "SendAndVerifyOTP",
    "ValidateEmail",
    "account_locked",
    "UnblockUser",
    "login",
    "token_refresh",
    "user_activity",
    "logout",
    "Update_User_and_Application_Details",
}
THROTTLED = {
    *(name for name in OPERATIONS if name.startswith("updateUser")),
    "forgotPassword",
    "resendCode",
    "generateValidationCode",
    "validateEmail",
    "unblockUser",
    "signInWithSession",
    "login",
}
NOT_OURS = {  # refusals of DRF and the parsers; the requests below show that they are worded so
    (400, "invalid_input", "Invalid input."),
    (400, "malformed", "The body is not valid JSON."),
    (401, "not_authenticated", "Authentication credentials were not provided."),
    (415, "unsupported_media_type", 'Unsupported media type "text/plain" in request.'),
    (429, "throttled", "Too many requests. Try again in 42 seconds."),
}
JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
PROBLEM = "application/problem+json"


class Example(NamedTuple):
    """A body that the document shows, and where."""

    operation: str
    status: str  # "request", or the status of an answer
    media_type: str
    schema: dict[str, Any]
    value: dict[str, Any]


def generate() -> dict[str, Any]:
    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return found


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return generate()


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: operation
        for methods in document["paths"].values()
        for operation in methods.values()
    }


def answers(document: dict[str, Any], operation: str) -> dict[str, Any]:
    """The answers by status, those that several operations share included."""
    shared = document["components"]["responses"]
    given = operations(document)[operation]["responses"]
    return {
        status: shared[answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
        for status, answer in given.items()
    }


def examples(document: dict[str, Any]) -> Iterator[Example]:
    for name, operation in operations(document).items():
        bodies = {"request": operation.get("requestBody", {}), **answers(document, name)}
        for status, body in bodies.items():
            for media_type, content in body.get("content", {}).items():
                for example in content["examples"].values():
                    yield Example(name, status, media_type, content["schema"], example["value"])


def as_json_schema(value: Any) -> Any:
    """OpenAPI 3.0 writes `nullable` where JSON Schema has a type of its own."""
    if isinstance(value, list):
        return [as_json_schema(one) for one in value]
    if not isinstance(value, dict):
        return value
    plain = {key: as_json_schema(one) for key, one in value.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if value.get("nullable") is True else plain


def refusals_of_the_code() -> set[tuple[int, str, str]]:
    classes, found = [Refusal], set(NOT_OURS)
    while classes:
        one = classes.pop()
        classes += [child for child in one.__subclasses__() if child.__module__ != "config.http.schema"]
        if "__init__" not in vars(one):
            found.add((one.status_code, one.default_code, str(one.default_detail)))
    counted = [InvalidCredentialsWithCount(attempts_remaining=left) for left in (1, 2)]
    for refusal in (InvalidCredentials(attempts_remaining=None), *counted):
        found.add((refusal.status_code, refusal.default_code, str(refusal.detail)))
    return found


def test_document_is_valid_and_nothing_in_it_is_guessed() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", os.devnull)


def test_each_operation_has_an_id_of_its_own(document: dict[str, Any]) -> None:
    listed = {
        operation["operationId"]: (method, path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert listed == OPERATIONS


def test_paths_are_those_that_reverse_gives(document: dict[str, Any]) -> None:
    reversed_paths = {reverse(name) for name in NAMES}
    assert {path for path in document["paths"] if "{" not in path} == reversed_paths


def test_each_operation_says_in_words_what_it_does(document: dict[str, Any]) -> None:
    listed_tags = {tag["name"] for tag in document["tags"]}
    for operation in operations(document).values():
        assert operation["summary"]
        assert operation["description"]
        assert set(operation["tags"]) <= listed_tags


def test_each_operation_shows_a_success(document: dict[str, Any]) -> None:
    shown = {example.operation for example in examples(document) if example.status == "200"}
    assert shown == set(OPERATIONS)


def test_each_request_is_shown_in_json_and_as_a_form(document: dict[str, Any]) -> None:
    shown: dict[str, set[str]] = {}
    for example in examples(document):
        if example.status == "request":
            shown.setdefault(example.operation, set()).add(example.media_type)
    with_body = {name for name, operation in operations(document).items() if "requestBody" in operation}
    assert shown == {name: {JSON, FORM, MULTIPART} for name in with_body}
    assert set(OPERATIONS) - with_body == {"logout", "showUser", "showApplication", "userActivity"}


def test_each_example_has_the_shape_that_the_document_gives_it(document: dict[str, Any]) -> None:
    components = as_json_schema(document["components"])
    for example in examples(document):
        schema = {**as_json_schema(example.schema), "components": components}
        assert not list(Draft202012Validator(schema).iter_errors(example.value)), example


def test_each_refusal_shown_is_one_that_the_code_has(document: dict[str, Any]) -> None:
    known = refusals_of_the_code()
    for example in examples(document):
        if example.media_type == PROBLEM:
            value = example.value
            assert (int(example.status), value["code"], value["detail"]) in known, example
            assert value["status"] == int(example.status)


def test_each_refusal_is_shown_in_json_and_as_problem_details(document: dict[str, Any]) -> None:
    sentences: dict[tuple[str, str], dict[str, list[Any]]] = {}
    for operation, status, media_type, _, value in examples(document):
        if status not in ("request", "200"):
            sentence = next(value[key] for key in ("detail", "error", "message") if key in value)
            words = [sentence, value.get("details", value.get("errors"))]
            sentences.setdefault((operation, status), {}).setdefault(media_type, []).append(words)
    for where, by_media_type in sentences.items():
        assert by_media_type.keys() == {JSON, PROBLEM}, where
        if where != ("generateValidationCode", "404"):  # one sentence under two keys
            assert by_media_type[JSON] == by_media_type[PROBLEM], where


def test_throttled_operations_say_so_with_retry_after(document: dict[str, Any]) -> None:
    for name in OPERATIONS:
        given = answers(document, name)
        assert ("429" in given) == (name in THROTTLED), name
        for status in {"429", "503"} & given.keys():
            assert set(given[status]["headers"]) == {"Retry-After"}


def test_open_doors_ask_for_nothing_and_logout_takes_the_cookie_too(document: dict[str, Any]) -> None:
    needs = {name: operation.get("security") for name, operation in operations(document).items()}
    assert needs.pop("logout") == [{"bearerAuth": []}, {"sessionCookie": []}]
    closed = {name for name in OPERATIONS if name.startswith(("show", "update", "userActivity"))}
    assert {name for name, need in needs.items() if need == [{"bearerAuth": []}]} == closed
    assert {name for name, need in needs.items() if need is None} == needs.keys() - closed


def test_both_ways_to_sign_in_are_described(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert {name: (one["type"], one.get("scheme"), one.get("in")) for name, one in schemes.items()} == {
        "bearerAuth": ("http", "bearer", None),
        "sessionCookie": ("apiKey", None, "cookie"),
    }


def test_activity_has_its_parameters_and_the_link(document: dict[str, Any]) -> None:
    operation = operations(document)["userActivity"]
    assert [(one["name"], one["in"], one.get("required", False)) for one in operation["parameters"]] == [
        ("email", "query", True),
        ("limit", "query", False),
        ("before", "query", False),
    ]
    assert set(operation["responses"]["200"]["headers"]) == {"Link"}


@pytest.mark.django_db
def test_document_that_is_served_is_the_one_tested_here(client: Client, document: dict[str, Any]) -> None:
    assert client.get("/api/schema/").json() == document


# --- the answers, as the endpoints really give them --------------------------------------------

KIM, NOBODY = {"email": "kim@example.com"}, {"email": "nobody@example.com"}
BROKEN = "{"
REQUESTS: list[tuple[str, int, Any]] = [
    ("forgotPassword", 400, {}),
    ("forgotPassword", 400, BROKEN),
    ("forgotPassword", 400, {**KIM, "otp_entered": "12", "new_password": "x", "confirm_password": "x"}),
    ("forgotPassword", 400, {**KIM, "otp_entered": "123456", "new_password": "x", "confirm_password": "y"}),
    ("forgotPassword", 400, {**KIM, "otp_entered": "123456", "new_password": "x", "confirm_password": "x"}),
    ("forgotPassword", 200, KIM),
    ("forgotPassword", 404, NOBODY),
    ("resendCode", 400, {}),
    ("resendCode", 200, KIM),
    ("resendCode", 404, NOBODY),
    ("unblockUser", 400, {}),
    ("unblockUser", 400, KIM),
    ("unblockUser", 400, NOBODY),
    ("generateValidationCode", 200, KIM),
    ("generateValidationCode", 400, {**KIM, "otp": "12"}),
    ("generateValidationCode", 404, NOBODY),
    ("generateValidationCode", 404, {**NOBODY, "otp": "123456"}),
    ("validateEmail", 400, {**KIM, "otp": "12"}),
    ("validateEmail", 400, {**KIM, "otp": "123456"}),
    ("validateEmail", 404, {**NOBODY, "otp": "123456"}),
    ("signInWithSession", 200, {**KIM, "Password": "Violet-Kite7"}),
    ("signInWithSession", 400, KIM),
    ("signInWithSession", 401, {**KIM, "Password": "wrong"}),
    ("signInWithSession", 404, {**NOBODY, "Password": "wrong"}),
    ("login", 400, {"password": "x"}),
    ("login", 400, KIM),
    ("login", 400, BROKEN),
    ("login", 401, {**NOBODY, "password": "wrong"}),
    ("refreshToken", 400, {}),
    ("refreshToken", 401, {"refresh_token": "x"}),
    ("logout", 401, {}),
    ("updateUser", 400, {}),
    ("updateUser", 400, {"dob": "1850-01-01"}),
    ("updateUser", 400, {"email": "lee@example.com"}),
    ("updateUser", 200, {"first_name": "Asha"}),
    ("updateUserOrApplication", 400, {"first_name": "Asha"}),
    ("updateUserOrApplication", 400, {"user_id": 1, "application_id": 1}),
    ("updateUserOrApplication", 404, {"user_id": 999, "first_name": "Asha"}),
    ("updateUserOrApplication", 404, {"application_id": 999, "state_name": "Goa"}),
    ("showApplication", 404, None),
    ("userActivity", 400, None),
    ("userActivity", 400, {**KIM, "limit": 0}),
    ("userActivity", 400, {**KIM, "before": "x"}),
    ("userActivity", 404, NOBODY),
]
CLOSED = ("show", "update", "userActivity")


@pytest.mark.parametrize(("operation", "status", "body"), REQUESTS)
def test_answer_is_among_the_examples(
    operation: str,
    status: int,
    body: Any,
    document: dict[str, Any],
    make_user: Callable[..., User],
    user: User,
    api: APIClient,
    sign_in: Callable[..., APIClient],
) -> None:
    make_user("lee@example.com", password=None)
    method, path = OPERATIONS[operation]
    client = sign_in(user) if operation.startswith(CLOSED) else api
    sent: dict[str, Any] = {"data": body}
    if method != "get":
        sent = {"data": body, "content_type": JSON} if body == BROKEN else {"data": body, "format": "json"}
    address = path.format(user_id=user.pk, application_id=999)
    for media_type in [JSON] if status == 200 else [JSON, PROBLEM]:
        answer = getattr(client, method)(address, **sent, headers={"accept": media_type})
        assert answer.status_code == status, answer.content
        shown = answers(document, operation)[str(status)]["content"][media_type]["examples"].values()
        assert answer.json() in [example["value"] for example in shown]


@pytest.mark.django_db
@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_shared_refusal_is_among_the_examples(
    operation: str, document: dict[str, Any], api: APIClient, settings: Any
) -> None:
    """Without a sign-in, with a body of plain text, and with one that is too large."""
    method, path = OPERATIONS[operation]
    address = path.format(user_id=1, application_id=1)
    large = "x" * (settings.MAX_BODY_BYTES + 1)
    for sent in ("plain", large) if method != "get" else (None,):
        answer = api.generic(method.upper(), address, sent or "", content_type="text/plain")
        given = answers(document, operation)[str(answer.status_code)]["content"][JSON]
        assert answer.json() in [example["value"] for example in given["examples"].values()]
