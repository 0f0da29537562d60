"""What Django's own error pages and mails may tell: where it went wrong, and nothing that anybody sent."""

import re
from collections.abc import ItemsView
from types import TracebackType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class TellsNothing(SafeExceptionReporterFilter):
    """Variables and fields are hidden, in DEBUG too, and so are settings that are URLs with a password."""

    hidden_settings = re.compile(
        f"{SafeExceptionReporterFilter.hidden_settings.pattern}|URL|DSN|DATABASES", re.IGNORECASE
    )

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        names = request.POST if request is not None else {}
        return dict.fromkeys(names, self.cleansed_substitute)

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: TracebackType
    ) -> ItemsView[str, Any]:
        names = tb_frame.f_locals  # type: ignore[attr-defined]  # Django passes a frame
        return dict.fromkeys(names, self.cleansed_substitute).items()
