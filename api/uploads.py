"""Files that are sent in a body, in base64."""

from __future__ import annotations

import base64
import binascii

from api import problems as p
from api.city_schemas import Upload


def content_of(upload: Upload, pointer: str) -> bytes:
    """Return what a file holds.

    Raises
    ------
    BadRequest
        If it is not base64; ``pointer`` says where in the body the file stands.
    """
    try:
        return base64.b64decode(upload.content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise p.BadRequest(flaws=[p.Flaw("is not base64", pointer=f"{pointer}/content", allowed="base64")]) from error
