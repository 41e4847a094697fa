"""Reading a YAML file of ours so that one run shows every mistake, each with its line and what is allowed.

A reader asks a `Section` for the keys it wants; whatever it did not ask for is an unknown key. A getter that finds a
mistake notes it and returns a value of the right type, so that reading goes on to the next mistake.
"""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Collection, Sequence

import yaml

from domain.errors import ConfigError

MAX_CHARACTERS = 200_000
MAX_DEPTH = 10

_TAG = "tag:yaml.org,2002:"


def compose(text: str, most_characters: int = MAX_CHARACTERS) -> yaml.Node:
    """The document's nodes, which know their lines.

    Raises ConfigError for what is not YAML, and for what could take unbounded time or memory to read.
    """
    if len(text) > most_characters:
        raise ConfigError(f"the file has {len(text)} characters; at most {most_characters} are read")
    depth = 0
    try:
        for event in yaml.parse(text, yaml.SafeLoader):
            # A few lines of nested aliases stand for gigabytes, and nesting is limited by Python's stack.
            line = event.start_mark.line + 1 if event.start_mark else 1
            if isinstance(event, yaml.AliasEvent):
                raise ConfigError(f"line {line}: aliases (*name) are not allowed")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise ConfigError(f"line {line}: nested more than {MAX_DEPTH} deep")
        node = yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"line {line}: not YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"not YAML: {' '.join(str(error).split())}") from error
    if node is None:
        raise ConfigError("line 1: the file is empty")
    return node


class Mistakes:
    def __init__(self) -> None:
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, text: str) -> None:
        self._found.append((line, text))

    def raise_any(self) -> None:
        """Raises ConfigError with all of them in the order of their lines."""
        if self._found:
            raise ConfigError(
                [f"line {line}: {text}" for line, text in sorted(self._found, key=lambda found: found[0])]
            )


class Section:
    """One mapping of the file. `path` is where it stands, such as "topics.moments"."""

    def __init__(self, node: yaml.Node, path: str, mistakes: Mistakes) -> None:
        self.path = path
        self.line = node.start_mark.line + 1
        self.clean = True  # no mistake of its own so far: worth comparing its values with each other
        self._mistakes = mistakes
        self._entries: dict[str, tuple[int, yaml.Node]] = {}
        self._asked: dict[str, None] = {}
        self._readable = isinstance(node, yaml.MappingNode)
        if not isinstance(node, yaml.MappingNode):
            self._note(self.line, path, f"must be a mapping (key: value), not {_describe(node)}")
            return
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self._note(line, path, f"a key must be a name, not {_describe(key)}")
            elif key.value in self._entries:
                self._note(line, self._at(key.value), f"duplicate key; first on line {self._entries[key.value][0]}")
            else:
                self._entries[key.value] = (line, value)

    def names(self) -> tuple[str, ...]:
        return tuple(self._entries)

    def has(self, key: str) -> bool:
        """Whether the key is there; asking makes it a known key."""
        self._asked[key] = None
        return key in self._entries

    def refuse(self, key: str | None, why: str) -> None:
        """Notes a mistake on the key's line, or, without a key or where it is missing, on the section's."""
        line = self._entries[key][0] if key is not None and key in self._entries else self.line
        self._note(line, self.path if key is None else self._at(key), why)

    def text(self, key: str, *, one_of: Collection[str] | None = None, what: str = "value") -> str:
        """A string that isn't empty, and one of `one_of`, each of which is a `what`."""
        node = self._take(key)
        return "" if node is None else self._name(key, node, one_of, what)

    def texts(self, key: str, *, one_of: Collection[str] | None = None, what: str = "value") -> tuple[str, ...]:
        """A list of strings like `text`, without repeats."""
        node = self._take(key)
        if node is None:
            return ()
        if not isinstance(node, yaml.SequenceNode):
            self.refuse(key, f"must be a list ([a, b]), not {_describe(node)}")
            return ()
        found: list[str] = []
        for item in node.value:
            name = self._name(key, item, one_of, what)
            if name in found:
                self._note(item.start_mark.line + 1, self._at(key), f"{name!r} stands here twice")
            elif name:
                found.append(name)
        return tuple(found)

    def whole(self, key: str, at_least: int, at_most: int) -> int:
        """A whole number within the range."""
        return int(self._number(key, at_least, at_most, ("int",), "a whole number"))

    def number(self, key: str, at_least: float, at_most: float) -> float:
        """A finite number within the range."""
        return float(self._number(key, at_least, at_most, ("int", "float"), "a number"))

    def flag(self, key: str) -> bool:
        """True or false; false when the key is not there."""
        node = self._take(key) if self.has(key) else None
        if node is None:
            return False
        if not isinstance(node, yaml.ScalarNode) or node.tag != _TAG + "bool":
            self.refuse(key, f"must be true or false, not {_describe(node)}")
            return False
        return node.value.lower() in ("true", "yes", "on")

    def section(self, key: str) -> Section | None:
        """The mapping under the key, or none when the key is missing."""
        node = self._take(key)
        return None if node is None else Section(node, self._at(key), self._mistakes)

    def sections(self, key: str, pattern: re.Pattern[str]) -> dict[str, Section]:
        """A mapping of mappings whose names match the pattern."""
        outer = self.section(key)
        if outer is None:
            return {}
        found = {name: Section(node, outer._at(name), self._mistakes) for name, (_, node) in outer._entries.items()}
        for name in found:
            if not pattern.fullmatch(name):
                outer.refuse(name, f"{name[:80]!r} is not a name of this form: {pattern.pattern}")
        if outer.clean and not found:
            self.refuse(key, "is empty")
        return found

    def finish(self) -> None:
        """Notes the keys nobody asked for."""
        for key, (line, _) in self._entries.items():
            if key not in self._asked:
                self._note(line, self._at(key), f"unknown key{_meant(key, self._asked)}; allowed: {_list(self._asked)}")

    def _at(self, key: str) -> str:
        return f"{self.path}.{key[:80]}" if self.path else key[:80]

    def _note(self, line: int, path: str, text: str) -> None:
        self.clean = False
        self._mistakes.add(line, f"{path}: {text}" if path else text)

    def _take(self, key: str) -> yaml.Node | None:
        if self.has(key):
            return self._entries[key][1]
        if self._readable:
            self._note(self.line, self._at(key), "is missing")
        return None

    def _name(self, key: str, node: yaml.Node, one_of: Collection[str] | None, what: str) -> str:
        line = node.start_mark.line + 1
        if not isinstance(node, yaml.ScalarNode) or node.tag != _TAG + "str" or not node.value.strip():
            self._note(line, self._at(key), f"must be a name, not {_describe(node)}")
            return ""
        value = str(node.value)
        if one_of is not None and value not in one_of:
            self._note(
                line, self._at(key), f"{value[:80]!r} is no {what}{_meant(value, one_of)}; allowed: {_list(one_of)}"
            )
            return ""
        return value

    def _number(self, key: str, at_least: float, at_most: float, kinds: Sequence[str], what: str) -> float:
        node = self._take(key)
        if node is None:
            return at_least
        if isinstance(node, yaml.ScalarNode) and node.tag.removeprefix(_TAG) in kinds:
            with contextlib.suppress(ValueError):  # YAML's 0x10, 1:30 and .nan are numbers nobody means here
                value = int(node.value) if node.tag == _TAG + "int" else float(node.value)
                if at_least <= value <= at_most:
                    return value
        self.refuse(key, f"must be {what} from {at_least:g} to {at_most:g}, not {_describe(node)}")
        return at_least


def _describe(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        if node.tag == _TAG + "null" or not node.value.strip():
            return "nothing"
        kind = {"str": "the text", "int": "the number", "float": "the number"}.get(node.tag.removeprefix(_TAG), "")
        return f"{kind} {str(node.value)[:40]!r}".strip()
    return "a mapping" if isinstance(node, yaml.MappingNode) else "a list"


def _meant(name: str, allowed: Collection[str]) -> str:
    close = difflib.get_close_matches(name[:80], allowed, 1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _list(names: Collection[str]) -> str:
    return ", ".join(names) if names else "none"
