"""Files named by the SHA-256 of what is in them. Nothing a user sends ever becomes a part of a path."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from pathlib import Path

from api.store.errors import AnswerDamaged

OLD_S = 3600.0
"""Seconds after which a file that was being written belongs to nobody any more."""

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
        """Store bytes and return their hash; what stands there already is left alone if it is the same."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.path(sha256)
        if _holds(path, content):
            return sha256
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
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
        """Return the bytes with this hash, or None.

        Raises
        ------
        AnswerDamaged
            If other bytes stand there.
        """
        try:
            content = self.path(sha256).read_bytes()
        except FileNotFoundError:
            return None
        if hashlib.sha256(content).hexdigest() != sha256:
            msg = f"the stored file {sha256[:12]}… does not hold what was stored: it was altered or cut off"
            raise AnswerDamaged(msg)
        return content

    def sweep(self) -> int:
        """Remove files that were being written when a process died; return how many."""
        before, count = time.time() - OLD_S, 0
        for path in self.folder.glob("*/*.tmp"):
            try:
                if path.stat().st_mtime < before:
                    path.unlink()
                    count += 1
            except OSError:
                continue  # another process was faster
        return count

    def stored_bytes(self) -> int:
        """Return how much all files take."""
        total = 0
        for folder in os.scandir(self.folder) if self.folder.is_dir() else ():
            for file in os.scandir(folder.path) if folder.is_dir() else ():
                try:
                    total += file.stat().st_size
                except OSError:
                    continue  # removed meanwhile
        return total

    def remove(self, sha256: str) -> None:
        """Remove the bytes with this hash, if they are there."""
        self.path(sha256).unlink(missing_ok=True)


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False
