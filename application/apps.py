"""The application app: the details of client applications."""

from django.apps import AppConfig


class ApplicationConfig(AppConfig):
    name = "application"
    verbose_name = "Client applications"
