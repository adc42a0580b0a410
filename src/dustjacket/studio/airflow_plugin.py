"""Airflow plugin: adds the Studio to Airflow's navigation and serves it under ``/dustjacket``.

Airflow finds it by the entry point ``airflow.plugins``. Every Airflow process imports this module,
so it imports nothing heavy.
"""

import sys
from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

from dustjacket.upkeep import listener

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

PREFIX = "/dustjacket"
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath "
    "fill='%23{}' d='M3 1h10v14H3z'/%3E%3Cpath fill='%23{}' d='M6 4h5v2H6z'/%3E%3C/svg%3E"
)


class AirflowMount:
    """The Studio's proxy as an ASGI app, built at the first request."""

    def __init__(self) -> None:
        self._app: Any = None

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Handle a request."""
        if self._app is None:
            from dustjacket.studio.proxy import make_proxy

            self._app = make_proxy()
        await self._app(scope, receive, send)


_WELCOME = (
    "**Dustjacket**: ask about titles and covers in the [Studio](plugin/studio). To read a listing "
    "of yours, trigger [01 Ingest catalog](dags/ingest_catalog) with its address: each step starts "
    "the next."
)


class DustjacketPlugin(AirflowPlugin):
    """The Studio inside Airflow: an app, a link in the navigation, and a line on the home page."""

    @classmethod
    def on_load(cls, *args: Any, **kwargs: Any) -> None:  # noqa: ARG003
        """Show where to begin, in the process that serves Airflow's pages."""
        if "airflow.api_fastapi.app" not in sys.modules:
            return
        from airflow import settings
        from airflow.api_fastapi.common.types import UIAlert

        settings.DASHBOARD_UIALERTS.append(UIAlert(text=_WELCOME, category="info"))

    name = "dustjacket"
    # The base class declares instance variables, so ClassVar is not possible here.
    fastapi_apps: list[Any] = [  # noqa: RUF012
        {"name": "Dustjacket Studio", "app": AirflowMount(), "url_prefix": PREFIX}
    ]
    listeners: list[Any] = [listener]  # noqa: RUF012
    external_views: list[Any] = [  # noqa: RUF012
        {
            "name": "Studio",
            "href": f"{PREFIX}/",
            "destination": "nav",
            "url_route": "studio",
            "icon": _ICON.format("9a3a22", "fff"),
            "icon_dark_mode": _ICON.format("e58b72", "1b1815"),
        }
    ]
