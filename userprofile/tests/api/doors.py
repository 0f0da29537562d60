"""The table of all endpoints: what the tests of the rules that hold everywhere are driven by."""

from dataclasses import dataclass
from typing import Any

import pytest

ID = 700_000  # of the user and of the application whose details the table's paths name
EMAIL = "kim@example.com"
RIGHT = "Violet-Kite7"
OTP = "123456"


@dataclass(frozen=True, kw_only=True)
class Door:
    """One endpoint: its canonical path, and a body whose shape is valid, with every field it reads."""

    name: str
    path: str
    methods: tuple[str, ...] = ("post",)
    body: dict[str, Any]
    aliases: tuple[str, ...] = ()
    is_open: bool = True
    error_key: str = "error"

    @property
    def every_path(self) -> tuple[str, ...]:
        return (self.path, *self.aliases)

    @property
    def wrong_methods(self) -> list[str]:
        known = {*self.methods, *(["head"] if "get" in self.methods else [])}
        return [method for method in ("get", "head", "post", "put", "patch", "delete") if method not in known]

    @property
    def writing_methods(self) -> list[str]:
        return [method for method in self.methods if method != "get"]


USER_FIELDS: dict[str, Any] = {
    "first_name": "Kim",
    "last_name": "Nakamura",
    "username": "kim",
    "email": "kim.new@example.com",
    "phone": "+91 98765 43210",
    "gender": "other",
    "profile_pic": "https://example.com/kim.png",
    "dob": "1990-02-28",
    "short_name": "K",
    "timezone": "Asia/Tokyo",
}
APPLICATION_FIELDS: dict[str, Any] = {
    "application_address": "1 Main Road",
    "is_ats": True,
    "application_mobileno": "+919876543210",
    "license_start_date": "2026-01-01",
    "license_end_date": "2026-12-31",
    "website": "https://example.com",
    "application_pan_no": "AAPFU0939F",
    "application_gst_no": "27AAPFU0939F1ZV",
    "default_status_id": 1,
    "default_referrer_id": 2,
    "secret_key": "sixteen-characters-or-more",
    "state_name": "Kerala",
    "logo_url": "https://example.com/logo.png",
    "application_about": "About",
    "billing_name": "Kim",
}
WRITES = ("put", "patch", "post")

FORGET_PASSWORD = Door(
    name="forgot_reset_password",
    path="/userprofile/forget_password/",
    body={
        "email": EMAIL,
        "otp_entered": OTP,
        "new_password": "Amber-Fjord8",
        "confirm_password": "Amber-Fjord8",
    },
)
RESEND = Door(name="Resend_OTP", path="/userprofile/Resend_OTP/", body={"email": EMAIL})
GENERATE = Door(name="SendAndVerifyOTP", path="/userprofile/Generate_OTP/", body={"email": EMAIL, "otp": OTP})
VALIDATE = Door(
    name="ValidateEmail",
    path="/userprofile/Email-Validation/",
    aliases=("/userprofile/validate-email/", "/validate-email/"),
    body={"email": EMAIL, "otp": OTP},
)
ACCOUNT_LOCKED = Door(
    name="account_locked",
    path="/userprofile/account_locked/",
    aliases=("/userprofile/account-locked/", "/account-locked/"),
    body={"email": EMAIL, "Password": RIGHT},
)
UNBLOCK = Door(
    name="UnblockUser",
    path="/userprofile/User_unblock/",
    aliases=("/userprofile/User_Unblock/", "/api/unblock/"),
    body={"email": EMAIL},
)
USER_UPDATE = Door(
    name="Update_User_Details",
    path=f"/userprofile/User_update/{ID}/",
    methods=("get", *WRITES),
    body={**USER_FIELDS, "current_password": RIGHT},
    is_open=False,
)
APPLICATION_UPDATE = Door(
    name="Update_Application_Details",
    path=f"/application/Application_update/{ID}/",
    methods=("get", *WRITES),
    body=APPLICATION_FIELDS,
    is_open=False,
)
USER_AND_APP = Door(
    name="Update_User_and_Application_Details",
    path="/userprofile/User&App/",
    aliases=("/api/update/",),
    methods=WRITES,
    body={"user_id": ID, **USER_FIELDS, "current_password": RIGHT},
    is_open=False,
)
LOGIN = Door(
    name="login",
    path="/userprofile/login/",
    aliases=("/api/login/",),
    body={"email": EMAIL, "password": RIGHT},
    error_key="detail",
)
REFRESH = Door(
    name="token_refresh",
    path="/userprofile/token/refresh/",
    aliases=("/api/token/refresh/",),
    body={"refresh_token": "eyJ.e30.x"},
    error_key="detail",
)
ACTIVITY = Door(
    name="user_activity",
    path="/userprofile/user-activity/",
    aliases=("/api/user-activity/",),
    methods=("get",),
    body={"email": EMAIL, "limit": 10, "before": 1},
    is_open=False,
)
LOGOUT = Door(name="logout", path="/userprofile/logout/", aliases=("/api/logout/",), body={}, is_open=False)

DOORS = (
    FORGET_PASSWORD,
    RESEND,
    GENERATE,
    VALIDATE,
    ACCOUNT_LOCKED,
    UNBLOCK,
    USER_UPDATE,
    APPLICATION_UPDATE,
    USER_AND_APP,
    LOGIN,
    REFRESH,
    ACTIVITY,
    LOGOUT,
)
READING_DOORS = tuple(door for door in DOORS if door.writing_methods and door.body)  # those that read a body
OPEN_DOORS = tuple(door for door in DOORS if door.is_open)
CLOSED_DOORS = tuple(door for door in DOORS if not door.is_open)


def each(doors: tuple[Door, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("door", doors, ids=lambda door: door.name)
