"""Values that no field may take, and the fields of every endpoint that must refuse them."""

from typing import Any

WRONG_TYPES: list[Any] = [[], {}, [1], ["a"], {"a": 1}, [[]], 1.5, -0.5, 1e300, "\ud800", "\udfff\ud800"]
NO_TEXTS: list[Any] = [True, False, 0, 1, -1, 123456, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400]
CONTROLS = ["\x00", "a\x00b", "a\x07b", "a\x1b[0mb", "a\x7fb", "a\x85b", "a\ufffdb", "\tab", "a\x0cb"]
LINES = ["a\nb", "a\rb", "a\u2028b"]
TOO_LONG = ["x" * 5001, "é" * 5001]

BEYOND_64_BITS = [10**18 * 99, 10**400]
NO_NUMBERS: list[Any] = [
    True,
    False,
    "",
    "one",
    "1.0",
    "1e3",
    "0x1",
    "١٢٣",
    "１２３",
    "²",
    "1_000",
    "1 000",
    "+1",
    "9" * 20,
    "9" * 5000,
    "-",
    "--1",
    *BEYOND_64_BITS,
]
NO_OTPS = [
    "12345",
    "1234567",
    "１２３４５６",
    "١٢٣٤٥٦",
    "12 456",
    "12345a",
    "-12345",
    "+12345",
    "12345²",
    "0x1234",
]
NO_ADDRESSES = [
    "kim",
    "@",
    "kim@",
    "@example.com",
    "a@b@example.com",
    "kim @example.com",
    "kim@exam ple.com",
    "k\u200bim@example.com",
    f"{'k' * 250}@example.com",
    "ﷺ" * 100 + "@example.com",
    "kim@" + "ü" * 250 + ".com",
]
NO_NEW_ADDRESSES = [*NO_ADDRESSES, "kim@host", '"kim"@example.com', "kim@[127.0.0.1]", "kim@-example.com"]
NO_PHONES = [
    "98765 43210",
    "+",
    "+91",
    "+99912345678",
    "+91 98765 4321O",
    "+९१९८७६५४३२१०",
    "＋919876543210",
    "+919876543210 ext 5",
    "tel:+919876543210",
    "+1 800 FLOWERS",
    "+" + "9" * 40,
]
NO_DATES = [
    "2026-02-30",
    "2026-13-01",
    "2026-1-2",
    "01-02-2026",
    "2026-01-02T00:00:00Z",
    "２０２６-０１-０２",
    "0000-01-01",
    "today",
    "1767225600",
]
NO_URLS = [
    "example.com",
    "ftp://example.com/x",
    "javascript:alert(1)",
    "//example.com/x",
    "http://",
    "https://user:secret@example.com",
    "https://user@example.com",
    "https://exa mple.com",
    "https://example.com/<b>",
    "https://example.com:99999/",
    "https://example.com:0/",
    "https://[::1/",
    f"https://example.com/{'x' * 500}",
    "data:text/html,x",
]
NO_TRUTHS: list[Any] = [0, 1, -1, "2", "maybe", "wahr", "null", 2**64]

TEXT = [*WRONG_TYPES, *NO_TEXTS, *CONTROLS]
PARAGRAPHS = [value for value in TEXT if value != "\tab"]
LINE = [*TEXT, *LINES, *TOO_LONG]


def longer_than(length: int) -> list[str]:
    return ["x" * (length + 1), "é" * (length + 1)]


ADDRESS = [*LINE, *NO_ADDRESSES]
CODE = [*LINE, *NO_OTPS]
SECRET = [*LINE, *longer_than(256)]
NUMBER = [*WRONG_TYPES, *NO_NUMBERS]
DATE = [*LINE, *NO_DATES]
URL = [*LINE, *NO_URLS]
PHONE = [*LINE, *NO_PHONES]

USER_HOSTILE: dict[str, list[Any]] = {
    "first_name": [*LINE, *longer_than(150)],
    "last_name": [*LINE, *longer_than(150)],
    "username": [*LINE, *longer_than(150), "two words", "semi;colon", "kim!", "", "   ", None],
    "email": [*LINE, *NO_NEW_ADDRESSES, "", "  ", None],
    "phone": PHONE,
    "gender": [*LINE, "Male", "unknown", "ｍａｌｅ", "male,female"],
    "profile_pic": URL,
    "dob": [*DATE, "1899-12-31", "2999-01-01"],
    "short_name": [*LINE, *longer_than(50)],
    "timezone": [*LINE, "Mars/Olympus", "utc+1", "europe/berlin", "../../etc/passwd", *longer_than(63)],
    "current_password": SECRET,
}
APPLICATION_HOSTILE: dict[str, list[Any]] = {
    "application_address": [*PARAGRAPHS, *longer_than(1000)],
    "is_ats": [*WRONG_TYPES, *CONTROLS, *NO_TRUTHS],
    "application_mobileno": PHONE,
    "license_start_date": DATE,
    "license_end_date": DATE,
    "website": URL,
    "application_pan_no": [*LINE, "AAPFU0939", "AAPFU09399", "ＡＡＰＦＵ０９３９Ｆ", "AAPFU0939F1"],
    "application_gst_no": [*LINE, "27AAPFU0939F1ZW", "27AAPFU0939F1Z", "２７AAPFU0939F1ZV"],
    "default_status_id": [*[value for value in NUMBER if value != ""], -1, "-1", 2**63, 2**64],
    "default_referrer_id": [*[value for value in NUMBER if value != ""], -1, "-1", 2**63, 2**64],
    "secret_key": [*LINE, "fifteen-letters", *longer_than(256)],
    "state_name": [*LINE, *longer_than(100)],
    "logo_url": URL,
    "application_about": [*PARAGRAPHS, *longer_than(5000)],
    "billing_name": [*LINE, *longer_than(200)],
}
HOSTILE: dict[str, dict[str, list[Any]]] = {
    "forgot_reset_password": {
        "email": [*ADDRESS, "", "  "],
        "otp_entered": CODE,
        "new_password": SECRET,
        "confirm_password": SECRET,
    },
    "Resend_OTP": {"email": [*ADDRESS, "", None]},
    "SendAndVerifyOTP": {"email": [*ADDRESS, "", None], "otp": CODE},
    "ValidateEmail": {"email": [*ADDRESS, "", None], "otp": [*CODE, "", "  ", None]},
    "account_locked": {"email": [*ADDRESS, "", None], "Password": [*SECRET, "", None]},
    "UnblockUser": {"email": [*ADDRESS, "", None]},
    "Update_User_Details": USER_HOSTILE,
    "Update_Application_Details": APPLICATION_HOSTILE,
    "Update_User_and_Application_Details": {
        **USER_HOSTILE,
        "user_id": [value for value in NUMBER if value != "" and value not in BEYOND_64_BITS],  # those: 404
    },
    "login": {"email": [*ADDRESS, "", None], "password": [*SECRET, "", None]},
    "token_refresh": {"refresh_token": [*TEXT, *LINES, *longer_than(4096), "", "  ", None]},
}
