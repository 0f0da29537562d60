"""An application's details as clients send and see them."""

from collections.abc import Callable
from typing import Any

from rest_framework import serializers

from application.models import LARGEST_ID
from application.tax_numbers import parse_gstin, parse_pan
from config.http.fields import (
    DateOnlyField,
    ParagraphsField,
    PasswordField,
    PhoneField,
    TextField,
    TrueOrFalseField,
    WebAddressField,
    WholeNumberField,
)
from config.http.serializers import PartialDetails

MAY_BE_EMPTY: Any = {"allow_blank": True, "allow_null": True}
STAFF_ALONE = "Changed by staff alone; ignored from others."


class TaxNumberField(TextField):
    """Text that `parse` turns into its canonical form."""

    parse: Callable[[str], str]

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            return type(self).parse(text) if text else ""
        except ValueError:
            self.fail("tax_number")


class PanField(TaxNumberField):
    default_error_messages = {"tax_number": "Enter a valid PAN, such as ACUPA7085R."}
    parse = staticmethod(parse_pan)


class GstinField(TaxNumberField):
    default_error_messages = {"tax_number": "Enter a valid GSTIN, such as 27AAPFU0939F1ZV."}
    parse = staticmethod(parse_gstin)


class ApplicationDetails(PartialDetails):
    """All may be empty: null and "" alike."""

    id = serializers.IntegerField(read_only=True)
    application_address = ParagraphsField(max_length=1000, **MAY_BE_EMPTY)
    is_ats = TrueOrFalseField(allow_null=True, help_text=f"{STAFF_ALONE} null means false.")
    application_mobileno = PhoneField(help_text="International, begins with +.", **MAY_BE_EMPTY)
    license_start_date = DateOnlyField(allow_null=True, help_text=STAFF_ALONE)
    license_end_date = DateOnlyField(allow_null=True, help_text=f"{STAFF_ALONE} Not before the start.")
    website = WebAddressField(max_length=500, **MAY_BE_EMPTY)
    application_pan_no = PanField(**MAY_BE_EMPTY)
    application_gst_no = GstinField(**MAY_BE_EMPTY)
    default_status_id = WholeNumberField(min_value=0, max_value=LARGEST_ID, allow_null=True)
    default_referrer_id = WholeNumberField(min_value=0, max_value=LARGEST_ID, allow_null=True)
    secret_key = PasswordField(
        min_length=16, help_text="Kept as a hash, never shown; an empty one removes it.", **MAY_BE_EMPTY
    )
    state_name = TextField(max_length=100, **MAY_BE_EMPTY)
    logo_url = WebAddressField(max_length=500, **MAY_BE_EMPTY)
    application_about = ParagraphsField(max_length=5000, **MAY_BE_EMPTY)
    billing_name = TextField(max_length=200, **MAY_BE_EMPTY)

    def validate_is_ats(self, value: bool | None) -> bool:
        return bool(value)
