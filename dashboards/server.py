"""The server of the page: Streamlit's own, with a guard before it."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from starlette.middleware import Middleware
from streamlit.starlette import App

from dashboards.host_guard import HostGuard
from domain.served_hosts import ServedHosts

# Given here instead of in a config.toml: Streamlit reads that from the folder it is started in, and this page must look
# the same from any folder.
_LOOK = {
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "theme.baseRadius": "0.6rem",
    "theme.light.primaryColor": "#0f766e",
    "theme.light.backgroundColor": "#ffffff",
    "theme.light.secondaryBackgroundColor": "#f4f6f6",
    "theme.light.textColor": "#1b2527",
    "theme.dark.primaryColor": "#2dd4bf",
    "theme.dark.backgroundColor": "#121718",
    "theme.dark.secondaryBackgroundColor": "#1b2223",
    "theme.dark.textColor": "#e4eaea",
}


def serve(api_url: str, host: str, port: int, hosts: ServedHosts) -> None:
    """Serves the page at http://host:port, to requests that name one of `hosts`, until the process is told to stop.

    `api_url` is the search node as this machine reaches it. Pictures and clips are fetched by the viewer's browser from
    the addresses that the node puts in its answers.
    """
    page = Path(__file__).with_name("app.py")
    app = App(page, middleware=[Middleware(HostGuard, hosts=hosts)])
    for number in (signal.SIGTERM, signal.SIGINT):
        # The server handles them while it runs, and raises them once more when it has shut down: that is no failure.
        signal.signal(number, lambda *_: sys.exit(0))
    sys.argv = [str(page), "--api", api_url]  # what the page is given
    app.run(
        config={
            "server.address": host,
            "server.port": port,
            "server.headless": True,
            "server.fileWatcherType": "none",
            "browser.gatherUsageStats": False,
            **_LOOK,
        }
    )
