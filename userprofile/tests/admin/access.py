"""The table of access to the admin: for each of its routes, by each method, the status that each caller gets.

Routes are written as the URL configuration has them. `ordinary` has an account without rights and is
whom the pages of a user are about; `staff` may enter and no more; `permitted` is staff with all four
permissions for the table that the route names (`user` where it names none). The last two were
superusers. Whoever has no business in the admin is sent to its sign-in by a 302.
"""

from dataclasses import dataclass, field

from userprofile.tests.access import Cells, cells_of
from userprofile.tests.conftest import PASSWORD

CALLERS = ("anonymous", "ordinary", "staff", "permitted", "superuser", "deactivated", "signed_out")
APP_LIST, ANYTHING_ELSE = "<app_label>/", "anything else"  # regular expressions in the URL configuration


@dataclass(frozen=True, kw_only=True)
class Group:
    """Routes that let in the same callers; `body` is what they are sent by POST."""

    routes: tuple[str, ...]
    table: str
    body: dict[str, str] = field(default_factory=dict)

    @property
    def cells(self) -> Cells:
        return cells_of(self.table)


GROUPS = [
    # Staff's own: nothing here is about anybody else.
    Group(
        routes=("",),
        table="""
                        anonymous  ordinary  staff  permitted  superuser  deactivated  signed_out
        rest                  302       302    200        200        200          302         302
        """,
    ),
    Group(
        routes=("password_change/",),
        table="""
                        anonymous  ordinary  staff  permitted  superuser  deactivated  signed_out
        PATCH,DELETE          302       302    405        405        405          302         302
        rest                  302       302    200        200        200          302         302
        """,
    ),
    Group(
        routes=("password_change/done/", "jsi18n/"),
        table="""
                          anonymous  ordinary  staff  permitted  superuser  deactivated  signed_out
        GET,HEAD,OPTIONS        302       302    200        200        200          302         302
        rest                    302       302    405        405        405          302         302
        """,
    ),
    Group(
        routes=("logout/",),
        table="""
                      anonymous  ordinary  staff  permitted  superuser  deactivated  signed_out
        POST,OPTIONS        302       302    200        200        200          302         302
        rest                302       302    405        405        405          302         302
        """,
    ),
    # One signs in here. The right password of an account without rights gets the form again.
    Group(
        routes=("login/",),
        body={"username": "ordinary@example.com", "password": PASSWORD},
        table="""
                        anonymous  ordinary  staff  permitted  superuser  deactivated  signed_out
        GET                   200       200    302        302        302          200         200
        PATCH,DELETE          405       405    405        405        405          405         405
        rest                  200       200    200        200        200          200         200
        """,
    ),
    # Nothing of ours has a public page to be sent to.
    Group(
        routes=("r/<path:content_type_id>/<path:object_id>/", ANYTHING_ELSE),
        table="""
                        anonymous  ordinary  staff  permitted  superuser  deactivated  signed_out
        rest                  302       302    404        404        404          302         302
        """,
    ),
    # Leads on to change/, which asks for the permission.
    Group(
        routes=(
            "application/application/<path:object_id>/",
            "auth/group/<path:object_id>/",
            "userprofile/emailslogs/<path:object_id>/",
            "userprofile/emailtemplates/<path:object_id>/",
            "userprofile/loginactivity/<path:object_id>/",
            "userprofile/user/<path:object_id>/",
        ),
        table="""
                        anonymous  ordinary  staff  permitted  superuser  deactivated  signed_out
        rest                  302       302    302        302        302          302         302
        """,
    ),
    # An application's owner is looked for among the users, by who may see them.
    Group(
        routes=("autocomplete/?app_label=application&model_name=application&field_name=owner",),
        table="""
                  anonymous  ordinary  staff  permitted  superuser  deactivated  signed_out
        GET,HEAD        302       302    403        200        200          302         302
        OPTIONS         302       302    200        200        200          302         302
        rest            302       302    405        405        405          302         302
        """,
    ),
    # Lists what one may see, and is nowhere for who may see nothing.
    Group(
        routes=(APP_LIST,),
        table="""
                        anonymous  ordinary  staff  permitted  superuser  deactivated  signed_out
        rest                  302       302    404        200        200          302         302
        """,
    ),
    # Lists, forms, histories and previews. A form that lacks its fields is shown again.
    Group(
        routes=(
            "application/application/",
            "application/application/add/",
            "application/application/<path:object_id>/change/",
            "application/application/<path:object_id>/history/",
            "auth/group/",
            "auth/group/<path:object_id>/history/",
            "userprofile/emailslogs/",
            "userprofile/emailslogs/<path:object_id>/history/",
            "userprofile/emailtemplates/",
            "userprofile/emailtemplates/add/",
            "userprofile/emailtemplates/<path:object_id>/change/",
            "userprofile/emailtemplates/<path:object_id>/history/",
            "userprofile/emailtemplates/<int:template_id>/preview/",
            "userprofile/loginactivity/",
            "userprofile/loginactivity/<path:object_id>/history/",
            "userprofile/user/",
            "userprofile/user/add/",
            "userprofile/user/<path:object_id>/change/",
            "userprofile/user/<path:object_id>/history/",
            "userprofile/user/<id>/password/",
        ),
        table="""
                        anonymous  ordinary  staff  permitted  superuser  deactivated  signed_out
        rest                  302       302    403        200        200          302         302
        """,
    ),
    Group(
        routes=(
            "application/application/<path:object_id>/delete/",
            "userprofile/emailtemplates/<path:object_id>/delete/",
            "userprofile/user/<path:object_id>/delete/",
        ),
        body={"post": "yes"},
        table="""
                        anonymous  ordinary  staff  permitted  superuser  deactivated  signed_out
        POST                  302       302    403        302        302          302         302
        rest                  302       302    403        200        200          302         302
        """,
    ),
    # What happened is looked at, and neither written by hand nor changed nor deleted.
    Group(
        routes=(
            "userprofile/emailslogs/<path:object_id>/change/",
            "userprofile/loginactivity/<path:object_id>/change/",
        ),
        table="""
                        anonymous  ordinary  staff  permitted  superuser  deactivated  signed_out
        POST                  302       302    403        403        403          302         302
        rest                  302       302    403        200        200          302         302
        """,
    ),
    Group(
        routes=(
            "userprofile/emailslogs/add/",
            "userprofile/emailslogs/<path:object_id>/delete/",
            "userprofile/loginactivity/add/",
            "userprofile/loginactivity/<path:object_id>/delete/",
        ),
        body={"post": "yes"},
        table="""
                        anonymous  ordinary  staff  permitted  superuser  deactivated  signed_out
        rest                  302       302    403        403        403          302         302
        """,
    ),
    # Rights are given by superusers alone.
    Group(
        routes=("auth/group/<path:object_id>/change/",),
        table="""
                        anonymous  ordinary  staff  permitted  superuser  deactivated  signed_out
        POST                  302       302    403        403        200          302         302
        rest                  302       302    403        200        200          302         302
        """,
    ),
    Group(
        routes=("auth/group/add/",),
        table="""
                        anonymous  ordinary  staff  permitted  superuser  deactivated  signed_out
        rest                  302       302    403        403        200          302         302
        """,
    ),
    Group(
        routes=("auth/group/<path:object_id>/delete/",),
        body={"post": "yes"},
        table="""
                        anonymous  ordinary  staff  permitted  superuser  deactivated  signed_out
        POST                  302       302    403        403        302          302         302
        rest                  302       302    403        403        200          302         302
        """,
    ),
]
ROWS = [(row, group) for group in GROUPS for row in group.routes]
