"""Links that show one picture or clip for a while to whoever has them, without an account.

A webhook leaves this machine, and who reads it in a chat can't log in to the API. So a link holds when it expires and a
signature over that and the path (HMAC-SHA256, RFC 2104): who changes either has a link that is worth nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import stat
import tempfile
from pathlib import Path

from domain.errors import ConfigError

_KEY_BYTES = 32
_PURPOSE = b"nowseen link 1"


class LinkSigner:
    """`path` is all of an address after the host, query included, less what the link adds to it: the expiry and the
    signature. Write it in one way: another order of the query is another path."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if len(key) < _KEY_BYTES:
            raise ConfigError(f"a key for links has at least {_KEY_BYTES} bytes, this one {len(key)}")
        self._key = key

    def sign(self, path: str, expires_s: int) -> str:
        """43 characters that need no escaping in a query. `expires_s` in Unix seconds."""
        # The expiry leads, and holds digits alone: no path can be taken for another with another expiry.
        signed = b"%b\n%d\n%b" % (_PURPOSE, expires_s, path.encode("utf-8", "surrogatepass"))
        return base64.urlsafe_b64encode(hmac.digest(self._key, signed, hashlib.sha256)).rstrip(b"=").decode()

    def check(self, path: str, signature: str, expires_s: int, now_s: float) -> bool:
        """Whether `sign` gave it for this path and expiry, and it is still good. In constant time for any signature."""
        expected = self.sign(path, expires_s).encode()
        return hmac.compare_digest(expected, signature.encode("utf-8", "surrogatepass")) and now_s < expires_s

    def __repr__(self) -> str:
        return "LinkSigner(hidden)"


def load_link_key(path: Path) -> bytes:
    """The key in this file, made at first. Raises ConfigError when others may read it or it is damaged.

    Of several processes that make it at once all get the same. To take back every link that it signed, remove the file.
    """
    if not path.exists():
        _make(path)
    try:
        with path.open("rb") as file:
            mode, key = stat.S_IMODE(os.fstat(file.fileno()).st_mode), file.read()
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error}") from error
    if mode & 0o077:
        raise ConfigError(f"{path} holds a key and others may read it (mode {mode:o}): chmod 600 {path}")
    if len(key) != _KEY_BYTES:
        raise ConfigError(f"{path} has {len(key)} bytes and not {_KEY_BYTES}: remove it, and another key is made")
    return key


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # with mode 0600 from the start
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(name)  # fails when another process was faster: its key counts
    except FileExistsError:
        pass
    finally:
        Path(name).unlink()
