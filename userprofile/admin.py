"""The admin of accounts."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from userprofile.models import User

admin.site.register(User, UserAdmin)
