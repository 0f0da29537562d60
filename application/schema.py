"""The OpenAPI document's words for the details of applications."""

from drf_spectacular.utils import extend_schema, extend_schema_view

from application.exceptions import ApplicationDoesNotExist, LicenceEndsBeforeItStarts
from application.serializers import ApplicationDetails
from config.http.schema import MalformedBody, answer, message, refusals
from config.http.schema_operations import change

TAG = "Applications"
DETAILS = {
    "application_address": "12 MG Road\nBengaluru",
    "is_ats": True,
    "application_mobileno": "+919876543210",
    "license_start_date": "2026-01-01",
    "license_end_date": "2026-12-31",
    "website": "https://example.com",
    "application_pan_no": "AAPFU0939F",
    "application_gst_no": "27AAPFU0939F1ZV",
    "default_status_id": 1,
    "default_referrer_id": 0,
    "state_name": "Karnataka",
    "logo_url": "https://example.com/logo.png",
    "application_about": "Tracks applicants.",
    "billing_name": "Example Private Limited",
}
EXAMPLES = {
    "A few fields": {"application_address": "d, City", "website": "https://example.com"},
    "All fields": {**DETAILS, "secret_key": "correct horse battery staple"},
}


application_details = extend_schema_view(
    get=extend_schema(
        operation_id="showApplication",
        tags=[TAG],
        summary="Show an application's details",
        description="For the owner and for staff; for anyone else the id does not exist.",
        responses={
            200: answer(ApplicationDetails, 200, {"An application": {"id": 1, **DETAILS}}),
            **refusals(ApplicationDoesNotExist),
        },
    ),
    put=change(
        "updateApplication",
        tags=[TAG],
        summary="Update an application's details",
        description=(
            "For the owner and for staff; for anyone else the id does not exist. PUT, PATCH and POST do the "
            "same: fields that are not sent stay as they are, unknown ones are ignored. "
            "What `GET` answers may be sent back whole."
        ),
        request=ApplicationDetails,
        examples=EXAMPLES,
        responses={
            200: message("Application details updated successfully"),
            **refusals(LicenceEndsBeforeItStarts, MalformedBody, ApplicationDoesNotExist),
        },
    ),
)
