"""Words and nothing else: text from strangers, made safe to hand to a language model or to show to people.

A model's reply may carry what a recording told it to say. So an image that would send words to a server as it loads, a
link, a tag, or characters that no reader sees must not come through, however they are nested.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 10_000  # characters; what comes after is left out, so that no text can make the patterns slow

_PASSES = 5  # what is left of deeper nesting loses its brackets
_KEPT_FORMAT = "\u200c\u200d"  # joiners: Persian, Hindi and many emoji are misspelt without them
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})

_HIDDEN_TAGS = "think|thinking|thought|reasoning|tool_calls?|function_calls?|tools?|script|style"
_BLOCK = re.compile(rf"<({_HIDDEN_TAGS})\b[^<>]*>.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_BEFORE_END_OF_THOUGHT = re.compile(r"\A.*</(?:think|thinking|thought|reasoning)\s*>", re.IGNORECASE | re.DOTALL)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~).*$", re.MULTILINE)
_TAG = re.compile(r"<[^<>]*>")
_IMAGE = re.compile(r"!\[[^\[\]]*\](?:\([^()]*\)|\[[^\[\]]*\])")
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()]*\)")
_NUMBERS = re.compile(r"[\d\s,;^-]+")
_ADDRESS = re.compile(
    r"(?:\b[a-z][a-z0-9+.-]*://|\bwww\.|\b(?:javascript|vbscript|data|mailto):(?=\S))[^\s\[\]()<>]*", re.I
)
_LINE_MARK = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|>+[ \t]*|[-+•][ \t]+|[0-9]{1,3}[.)][ \t]+)+", re.MULTILINE)


def seen_only(text: str) -> str:
    """Without control characters and others that no reader sees; line ends and tabs are blanks, runs of them one."""
    seen = (
        " " if char in "\n\r\t\u2028\u2029" else char
        for char in text
        if char in _KEPT_FORMAT or char in "\n\r\t\u2028\u2029" or unicodedata.category(char) not in _UNSEEN
    )
    return " ".join("".join(seen).split())


def plain_lines(markup: str) -> list[str]:
    """The lines of a Markdown or HTML text as plain words: no blank ones.

    Links keep their words and lose their address; images, and what a model thinks aloud or would have a tool do, go
    altogether. No line holds an address with a scheme, "](", "![", "<", ">", "`" or a character that isn't seen.
    """
    text = _BEFORE_END_OF_THOUGHT.sub("", markup[:LONGEST])
    for _ in range(_PASSES):
        before = text
        text = _BLOCK.sub(" ", text)
        text = _FENCE.sub("", text)
        text = _TAG.sub("", text)
        text = _IMAGE.sub("", text)
        text = _LINK.sub(_link_words, text)
        text = _ADDRESS.sub("", text)
        if text == before:
            break
    text = re.sub(r"[<>`*]", "", _LINE_MARK.sub("", text))
    lines = [_disarmed(seen_only(line)) for line in text.splitlines()]
    return [line for line in lines if line]


def _link_words(link: re.Match[str]) -> str:
    """A number in brackets is a citation, and stays one."""
    return f"[{link[1]}]" if _NUMBERS.fullmatch(link[1]) else link[1]


def _disarmed(line: str) -> str:
    while (parted := line.replace("://", "").replace("](", "] (").replace("![", "[")) != line:
        line = parted
    return line
