"""Every refusal about applications: its status, its code, its exact sentence."""

from typing import ClassVar

from config.http.refusals import Refusal


class ApplicationDoesNotExist(Refusal):
    """Also for an application that the caller may not see."""

    status_code = 404
    default_code = "application_not_found"
    default_detail = "Application with provided ID does not exist"


class LicenceEndsBeforeItStarts(Refusal):
    """Judged against the stored row too, so no serializer can say it."""

    default_detail = "Invalid input."
    details: ClassVar[dict[str, list[str]]] = {
        "license_end_date": ["The licence cannot end before it starts."]
    }
