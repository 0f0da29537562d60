"""What the two logs have in common: they are read, never written, however long they are."""

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from userprofile.addresses import canonical
from userprofile.admin.times import short
from userprofile.models import User

MOST_ROWS = 10_000
HOW_FAR = f"The newest {MOST_ROWS:,} rows are shown: search or filter for older ones."


class NewestRows(Paginator):  # type: ignore[type-arg]  # no generic at run time
    """Counts and shows no more than MOST_ROWS: to count millions takes longer than to read a page."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[:MOST_ROWS].count())


class LogAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # no generic at run time
    """Newest first; nothing is added, changed or deleted, and only what is shown can be filtered by."""

    paginator = NewestRows
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ()
    ordering = ("-id",)
    list_per_page = 50
    list_max_show_all = 0
    search_fields = ("user__email_canonical",)

    class Media:
        css = {"all": ("userprofile/admin.css",)}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """A filter on a column that no page shows would tell it, letter by letter."""
        column = lookup.partition("__")[0]
        return column in self.get_fields(request) and super().lookup_allowed(lookup, value, request)

    @admin.display(description="created")
    def created(self, row: Any) -> str:
        return short(row.created_at)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By a whole address in any spelling: an account's rows are found by its index."""
        term = search_term.strip()
        return (self.search(queryset, term) if term else queryset), False

    def search(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        try:
            owner = User.objects.filter(email_canonical=canonical(term)).first()
        except ValueError:
            owner = None
        if owner is not None:
            return queryset.filter(user=owner)
        return self.of_nobody(queryset, term)

    def of_nobody(self, queryset: QuerySet[Any], address: str) -> QuerySet[Any]:
        """The rows that name an address which no account has now."""
        raise NotImplementedError
