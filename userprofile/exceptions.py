"""Every refusal of account security: its status, its code, its exact sentence."""

import math

from config.http.refusals import Refusal


class UserNotFound(Refusal):
    status_code = 404
    default_code = "user_not_found"
    default_detail = "User not found"


class UserDoesNotExist(UserNotFound):
    """`account_locked/` words it so."""

    default_detail = "User does not exist"


class UserIdDoesNotExist(UserNotFound):
    default_detail = "User with provided ID does not exist"


class ActivityUserNotFound(UserNotFound):
    default_detail = "User not found."


class NoUserToUnblock(UserNotFound):
    """`User_unblock/` answers every refusal with 400, as the seed says."""

    status_code = 400


class AccountLocked(Refusal):
    status_code = 403
    default_code = "account_locked"
    default_detail = "Account locked. Contact admin."


class AccountLockedNow(AccountLocked):
    """The failure that closed the door; `login/` words it like every later one."""


class InvalidCredentialsLocked(AccountLocked):
    """`account_locked/` tells the failure that closed the door from those after it."""

    default_detail = "Invalid credentials. Account locked. Contact admin."


class AccountBlocked(Refusal):
    status_code = 403
    default_code = "account_blocked"
    default_detail = "Forget password attempts exceeded. Your account has been blocked."


class NotBlocked(Refusal):
    default_code = "not_blocked"
    default_detail = "User is not blocked"


class TooEarlyToUnblock(Refusal):
    default_code = "too_early"
    default_detail = "24 hours have not passed since last attempt"


class OtpInvalid(Refusal):
    default_code = "otp_invalid"
    default_detail = "Invalid OTP"


class OtpExpired(Refusal):
    default_code = "otp_expired"
    default_detail = "Expired OTP"


class OtpUsed(Refusal):
    default_code = "otp_used"
    default_detail = "OTP is already used"


class OtpAttemptsExceeded(Refusal):
    default_code = "otp_attempts_exceeded"
    default_detail = "OTP attempts exceeded. Request a new OTP."


class InvalidCredentials(Refusal):
    """Knows how many failures are left (None for an address that nobody has), and does not say it."""

    status_code = 401
    default_code = "invalid_credentials"
    default_detail = "Invalid credentials"

    def __init__(self, *, attempts_remaining: int | None) -> None:
        super().__init__()
        self.attempts_remaining = attempts_remaining


class InvalidCredentialsWithCount(Refusal):
    """`account_locked/` does say it."""

    status_code = 401
    default_code = "invalid_credentials"

    def __init__(self, *, attempts_remaining: int) -> None:
        super().__init__(f"Invalid credentials. {attempts_remaining} attempts remaining.")


class TooManyRequests(Refusal):
    """What a rule itself has counted too often; worded like the throttles before the views."""

    status_code = 429
    default_code = "throttled"

    def __init__(self, *, wait: float) -> None:
        self.wait = max(math.ceil(wait), 1)
        super().__init__(f"Too many requests. Try again in {self.wait} seconds.")


class TokenInvalid(Refusal):
    """A refresh token that is malformed, expired, spent, or whose session has ended."""

    status_code = 401
    default_code = "token_invalid"
    default_detail = "Token is invalid or expired"


class UserIsNotAuthenticated(Refusal):
    status_code = 401
    default_code = "not_authenticated"
    default_detail = "User is not authenticated."


class ReauthenticationRequired(Refusal):
    status_code = 403
    default_code = "reauthentication_required"
    default_detail = "Sign in again or send current_password to change the email."


class CrossSiteRefused(Refusal):
    status_code = 403
    default_code = "cross_site"
    default_detail = "Cross-site sign-in refused."


class TargetRequired(Refusal):
    default_code = "target_required"
    default_detail = "user_id or application_id is required"


class TwoTargets(TargetRequired):
    default_detail = "Give user_id or application_id, not both"


class FieldRefusal(Refusal):
    """A value that only the database, the clock or a secret can judge: `details` names the field."""

    default_detail = "Invalid input."

    def __init__(self, **details: list[str]) -> None:
        super().__init__()
        self.details = details
