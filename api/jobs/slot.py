"""A name for a worker that stays the same when it is started again, and that no two living workers share."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import IO

MOST = 1000


class Slot:
    """A numbered place in the data folder, held by a file lock that the system lets go when the process dies.

    ``worker`` names the place: the data folder's own random number and the place's number. A worker that is started again
    takes the lowest free place, so that DBOS knows its own unfinished work again.
    """

    def __init__(self, data_dir: Path) -> None:
        folder = data_dir / "workers"
        folder.mkdir(parents=True, exist_ok=True)
        self._file, number = self._take(folder)
        self.worker = f"worker-{_folder_name(folder)}-{number}"

    def _take(self, folder: Path) -> tuple[IO[bytes], int]:
        for number in range(MOST):
            file = (folder / f"{number}.lock").open("ab")
            if _locked(file):
                return file, number
            file.close()
        msg = f"more than {MOST} workers share {folder}"
        raise RuntimeError(msg)

    def release(self) -> None:
        """Leave the place to another."""
        self._file.close()


def _folder_name(folder: Path) -> str:
    path = folder / "name"
    try:
        with path.open("x", encoding="ascii") as file:
            file.write(secrets.token_hex(4))
    except FileExistsError:
        pass
    return path.read_text(encoding="ascii").strip() or "0"


def _locked(file: IO[bytes]) -> bool:
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl  # noqa: PLC0415

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
