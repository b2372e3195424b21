"""Pages as a person reads them: fetched as a browser does, and without their markup."""

from __future__ import annotations

import html
import re

from fleetplan.words.unbroken import JOINER
from tests.api_support import Running

HTML = {"Accept": "text/html"}


def page_at(site: Running, path: str, status: int = 200) -> str:
    """Return a page as it was sent."""
    answered = site.client.get(path, headers=HTML)
    assert answered.status_code == status, answered.text
    return str(answered.text)


def words_of(page: str) -> str:
    """Return the words of a page, without markup, scripts and line breaks."""
    bare = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", bare))).replace(JOINER, "")
