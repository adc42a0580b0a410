"""Airflow's plugin: the Studio in its navigation, and under ``/dustjacket``."""

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

PREFIX = "/dustjacket"


class AirflowMount:
    """The Studio's door, made at its first request: many processes of Airflow read plugins."""

    def __init__(self) -> None:
        self._app: Any = None

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer a request."""
        if self._app is None:
            from dustjacket.studio.proxy import make_proxy

            self._app = make_proxy()
        await self._app(scope, receive, send)


class DustjacketPlugin(AirflowPlugin):
    """What Dustjacket adds to Airflow."""

    name = "dustjacket"
    fastapi_apps: ClassVar[list[Any]] = [
        {"name": "Dustjacket Studio", "app": AirflowMount(), "url_prefix": PREFIX}
    ]
    external_views: ClassVar[list[Any]] = [
        {
            "name": "Studio",
            "href": f"{PREFIX}/",
            "destination": "nav",
            "url_route": "studio",
        }
    ]
