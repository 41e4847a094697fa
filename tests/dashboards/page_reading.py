"""What a page that was run shows, and what on it can be pressed."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Element


def html(page: AppTest) -> str:
    assert not page.exception
    bodies = (element.value for element in page.get("html") if isinstance(element, Element))
    return "".join(body for body in bodies if not body.startswith("<style>"))


def videos(page: AppTest) -> list[Any]:
    return [element.proto for element in page.get("video") if isinstance(element, Element)]


def button(page: AppTest, start: str) -> Any:
    (found,) = [button for button in page.button if button.label.startswith(start)]
    return found
