"""The admin of accounts, mails and the activity log."""

from userprofile.admin import activity, groups, mails, templates, users

__all__ = ["activity", "groups", "mails", "templates", "users"]
