"""The paths under /userprofile/, and the aliases at the root."""

from django.urls import URLPattern

from config.http.paths import both_spellings
from userprofile import views

urlpatterns: list[URLPattern] = [
    *both_spellings("forget_password/", views.ForgotResetPassword.as_view(), "forgot_reset_password"),
    *both_spellings("Resend_OTP/", views.Resend_OTP.as_view(), "Resend_OTP"),
    *both_spellings("Generate_OTP/", views.SendAndVerifyOTP.as_view(), "SendAndVerifyOTP"),
    *both_spellings("Email-Validation/", views.ValidateEmail.as_view(), "ValidateEmail"),
    *both_spellings("validate-email/", views.ValidateEmail.as_view()),
    *both_spellings("account_locked/", views.AccountLocked.as_view(), "account_locked"),
    *both_spellings("account-locked/", views.AccountLocked.as_view()),
    *both_spellings("User_unblock/", views.UnblockUser.as_view(), "UnblockUser"),
    *both_spellings("User_Unblock/", views.UnblockUser.as_view()),
    *both_spellings("User_update/<int:user_id>/", views.UpdateUser.as_view(), "Update_User_Details"),
    *both_spellings("User&App/", views.UpdateAPIView.as_view(), "Update_User_and_Application_Details"),
    *both_spellings("login/", views.LoginView.as_view(), "login"),
    *both_spellings("token/refresh/", views.RefreshView.as_view(), "token_refresh"),
    *both_spellings("user-activity/", views.UserLoginActivityView.as_view(), "user_activity"),
    *both_spellings("logout/", views.LogoutView.as_view(), "logout"),
]

root_aliases: list[URLPattern] = [
    *both_spellings("validate-email/", views.ValidateEmail.as_view()),
    *both_spellings("account-locked/", views.AccountLocked.as_view()),
    *both_spellings("api/unblock/", views.UnblockUser.as_view()),
    *both_spellings("api/update/", views.UpdateAPIView.as_view()),
    *both_spellings("api/login/", views.LoginView.as_view()),
    *both_spellings("api/token/refresh/", views.RefreshView.as_view()),
    *both_spellings("api/user-activity/", views.UserLoginActivityView.as_view()),
    *both_spellings("api/logout/", views.LogoutView.as_view()),
]
