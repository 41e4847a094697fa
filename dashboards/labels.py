"""Texts from outside as labels of buttons, which are Markdown. Pure."""

from __future__ import annotations

_WORD_JOINER = "\u2060"  # is not seen, and a name with it is none that Streamlit knows


def plain(text: str) -> str:
    """`text` as a label that shows it as it is: no Markdown, and no :material/home: in it that would be drawn."""
    escaped = "".join(f"\\{each}" if each in r"\`*_{}[]()<>#+-.!|~$" else each for each in text)
    return escaped.replace(":", f":{_WORD_JOINER}")
