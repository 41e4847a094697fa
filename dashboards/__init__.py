"""The dashboard: one page to search, to watch what arrives and to play it. It speaks HTTP to the search node only."""

from __future__ import annotations

from pathlib import Path

__all__ = ["streamlit_command"]

# Flags instead of a config.toml: Streamlit reads that from the folder it is started in, and this page must look the
# same from any folder.
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


def streamlit_command(python: str, api_url: str, host: str = "127.0.0.1", port: int = 8601) -> list[str]:
    """The argument list that serves the page at http://host:port until it is ended.

    `api_url` is the search node as this machine reaches it. Pictures and clips are fetched by the viewer's browser from
    the addresses that the node puts in its answers.
    """
    flags = {
        "server.address": host,
        "server.port": str(port),
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        **_LOOK,
    }
    command = [python, "-m", "streamlit", "run", str(Path(__file__).with_name("app.py"))]
    for name, value in flags.items():
        command += [f"--{name}", value]
    return [*command, "--", "--api", api_url]
