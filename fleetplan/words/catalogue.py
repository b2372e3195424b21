"""The catalogue in words: what contracts, modes, scopes and confidence mean, and sources with their addresses apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from fleetplan.catalogue.countries import country_names
from fleetplan.catalogue.lines import feeds
from fleetplan.catalogue.types import Catalogue, Confidence, Stack
from fleetplan.words.values import MODE_NAMES

CONFIDENCES: Final[tuple[Confidence, ...]] = ("high", "medium", "low", "assumed")
CONFIDENCE_MEANS: Final[dict[str, str]] = {
    "high": "Published, dated, and by somebody who would know: a statute, a regulator, a filing, a statistics office.",
    "medium": "One published source with a stake in the matter, or several that agree roughly.",
    "low": "Derived, second-hand, or from press and forums. The order of size should hold, the number may not.",
    "assumed": "A planner's default of ours. Nothing published was found; it stands in until somebody knows better.",
}
SCOPE_NAMES: Final = {"union": "whole union", "state": "whole state", "city": "this city"}
LEVEL_NAMES: Final = {"union": "union", "state": "country or state", "city": "city"}
CAP_NAMES: Final = {
    "concurrent": "vehicles at a time under this permit",
    "shared_quota": "vehicles at a time in the city, of all stacks together",
    "type_year": "vehicles of a type in a calendar year",
}
DEAL_NAMES: Final = {"announced": "announced", "talks": "in talks", "none": "no deal known", "rival": "rival"}
LAWFUL_NAMES: Final = {"yes": "may come", "conditional": "may come on conditions", "no": "may not come"}
HAS_NAMES: Final = {"yes": "yes", "no": "no", "limited": "limited", "unknown": "not known", "na": "does not apply"}
RIVAL_MODES: Final = {"test": "testing", "operator": "operator on board", "driver_out": "driver out"}
CONTRACT_NAMES: Final = {
    "own_and_license": "Own and license",
    "fixed_fee": "Fixed fee",
    "revenue_share": "Revenue share",
    "sale_license_share": "Sale, licence and share",
}
CONTRACT_MEANS: Final = {
    "own_and_license": "The platform buys the vehicles, runs them and pays the partner for the driving system.",
    "fixed_fee": "The partner brings vehicle and driving system; the platform pays so much a vehicle and day.",
    "revenue_share": "The partner brings vehicle and driving system and bears most costs; fares are shared.",
    "sale_license_share": "The platform buys the vehicles, pays for the driving system and leaves a share of the fares.",
}
CONTRACT_BRIEFLY: Final = {
    "own_and_license": "vehicles bought, driving system licensed",
    "fixed_fee": "fixed fee a vehicle",
    "revenue_share": "share of fares",
    "sale_license_share": "vehicles bought, licence and share of fares",
}
PAYS_NAMES: Final = {
    "capital": "the vehicles",
    "energy": "energy",
    "maintenance": "maintenance and tyres",
    "insurance": "insurance",
    "operator_fee": "cleaning, charging and parking by a fleet operator",
    "remote": "remote assistance",
    "field": "field staff",
    "data": "connectivity, data and local charges",
    "charger": "depots and chargers",
    "licence": "the licence of the driving system",
    "payment": "payment processing",
    "support": "rider support",
    "team": "the city team",
    "safety_operator": "safety operators on board",
}
MODE_SIGNS: Final = {
    "mapping": "○",
    "test_operator": "◔",
    "test_driver_out": "◑",
    "unpaid_operator": "◌",
    "unpaid_driver_out": "◍",
    "paid_operator": "◕",
    "paid_driver_out": "●",
    "approval": "◇",
    "area": "⬡",
    "airport": "△",
    "platform": "□",
}
MODE_MEANS: Final = {
    **MODE_NAMES,
    "approval": "approval",
    "area": "a wider area",
    "airport": "an airport",
}

_ADDRESS: Final = re.compile(r"https?://[^\s<>\"']+")
_TRAILING: Final = ".,;:!?"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text; ``address`` is empty where it is no link."""

    text: str
    address: str = ""


def country_words() -> dict[str, str]:
    """Return what each country is called, by its two letters."""
    return {**country_names(), "GB": "Great Britain"}


def pieces(text: str) -> list[Piece]:
    """Split a text into plain pieces and web addresses; only http and https become links.

    >>> [(p.text, bool(p.address)) for p in pieces("see https://a.org/x?y=1; derived")]
    [('see ', False), ('a.org/x?y=1', True), ('; derived', False)]
    """
    found: list[Piece] = []
    at = 0
    for match in _ADDRESS.finditer(text):
        address = _trimmed(match.group())
        if not urlsplit_or_none(address):
            continue
        found += [Piece(text[at : match.start()])] if match.start() > at else []
        found.append(Piece(_short(address), address))
        at = match.start() + len(address)
    return [*found, Piece(text[at:])] if at < len(text) or not found else found


def urlsplit_or_none(address: str) -> str:
    """Return the host of an address, or nothing when it has none or cannot be read."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def payers(stack: Stack) -> dict[str, list[str]]:
    """Return what the platform and what the partner pays, in the order of the catalogue."""
    return {
        "platform": [name for key, name in PAYS_NAMES.items() if key in stack.platform_pays],
        "partner": [name for key, name in PAYS_NAMES.items() if key not in stack.platform_pays],
    }


def _trimmed(address: str) -> str:
    """Drop what belongs to the sentence: trailing stops, and brackets that were not opened inside."""
    while address and (address[-1] in _TRAILING or _closes_nothing(address)):
        address = address[:-1]
    return address


def _closes_nothing(address: str) -> bool:
    pair = {")": "(", "]": "["}.get(address[-1])
    return pair is not None and address.count(address[-1]) > address.count(pair)


def _short(address: str, longest: int = 64) -> str:
    bare = re.sub(r"^https?://(www\.)?", "", address).rstrip("/")
    return bare if len(bare) <= longest else f"{bare[: longest - 1]}…"


def whom_it_feeds(catalogue: Catalogue, line: str) -> str:
    """Return in a sentence whom a line builds for; that it feeds no robotaxi where it builds for none."""
    fed = [catalogue.stacks[slug] for slug in feeds(catalogue, line)]
    own = [f"{s.partner}, {s.platform}" for s in fed if not s.rival]
    theirs = sorted({s.partner for s in fed if s.rival})
    if own:
        return f"Feeds {'; '.join(own)}."
    if theirs:
        return f"Feeds a rival, {' and '.join(theirs)}: its volume moves the rivals' share of riders."
    if catalogue.supply_lines[line].builds_vehicles:
        return "Feeds no robotaxi of the catalogue; a request may switch it on for one."
    return "Feeds no robotaxi: documented only."
