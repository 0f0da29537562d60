"""HTTP for the details of applications."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from application import details
from application.schema import application_details
from application.serializers import ApplicationDetails


@application_details
class UpdateApplication(APIView):
    """Show or change the details of one application."""

    def get(self, request: Request, application_id: int) -> Response:
        application = details.find(application_id=application_id, user=request.user)
        return Response(ApplicationDetails(application).data)

    def put(self, request: Request, application_id: int) -> Response:
        application = details.find(application_id=application_id, user=request.user)
        serializer = ApplicationDetails(application, data=request.data)
        serializer.is_valid(raise_exception=True)
        details.update(application=application, changes=serializer.validated_data, user=request.user)
        return Response({"message": "Application details updated successfully"})

    post = patch = put
