"""Files named by the SHA-256 of what is in them. Nothing a user sends ever becomes a part of a path."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Files:
    """A folder of content-addressed files. Readers never see half a file: it is written aside, then renamed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path:
        """Return where the bytes with this hash stand, or would stand.

        Raises
        ------
        ValueError
            If it is not a hash.
        """
        if not _SHA256.fullmatch(sha256):
            msg = "not a SHA-256 in lower-case hex"
            raise ValueError(msg)
        return self.folder / sha256[:2] / sha256

    def put(self, content: bytes) -> str:
        """Store bytes and return their hash; bytes that stand there already are left alone."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.path(sha256)
        if path.is_file():
            return sha256
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        return sha256

    def read(self, sha256: str) -> bytes | None:
        """Return the bytes with this hash, or None."""
        try:
            return self.path(sha256).read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, sha256: str) -> None:
        """Remove the bytes with this hash, if they are there."""
        self.path(sha256).unlink(missing_ok=True)
