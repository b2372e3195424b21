"""What follows from a country alone: the money, the side of the road, the union it is in, and the time zone that lies nearest.

Currencies are those of ISO 4217, sides of the road those of the national traffic codes; both are looked up for the two letters of
ISO 3166 that the time zone database uses. A country that is not here is no fault: its city's blanks stay blank.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from fleetplan.catalogue.places import Zone, km_between, zones
from fleetplan.errors import Fault, near_misses

_LEFT: Final = (
    "AU BD BN BT BW CY FJ GB GG HK ID IE IM IN JE JM JP KE KY LK LS MO MT MU MV MW MY MZ NA NP NZ PG PK SC SG SR SZ TH TT TZ "
    "UG VG VI ZA ZM ZW"
)
_EURO: Final = "AD AT BE BG CY DE EE ES FI FR GR HR IE IT LT LU LV MC MT NL PT SI SK SM VA"
_OTHERS: Final = (
    "AE:AED AR:ARS AU:AUD BR:BRL CA:CAD CH:CHF CL:CLP CN:CNY CO:COP CR:CRC CZ:CZK DK:DKK EC:USD EG:EGP GB:GBP GG:GBP HK:HKD "
    "HU:HUF ID:IDR IL:ILS IM:GBP IN:INR IS:ISK JE:GBP JO:JOD JP:JPY KE:KES KR:KRW KW:KWD LI:CHF MA:MAD MO:MOP MX:MXN MY:MYR "
    "NO:NOK NZ:NZD OM:OMR PA:USD PE:PEN PH:PHP PL:PLN PR:USD QA:QAR RO:RON RS:RSD SA:SAR SE:SEK SG:SGD SV:USD TH:THB TR:TRY "
    "TW:TWD UA:UAH US:USD UY:UYU VN:VND ZA:ZAR"
)
_CURRENCIES: Final = {
    **dict.fromkeys(_EURO.split(), "EUR"),
    **{pair[:2]: pair[3:] for pair in _OTHERS.split()},
}

_EUROPEAN_UNION: Final = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
_ALSO: Final = {"UK": "GB", "EL": "GR"}
"""Letters that the European Union writes for two of its countries, past and present."""


@dataclass(frozen=True, slots=True)
class Country:
    """A country's two letters, its currency (empty where it is not known here), the side of the road, and a time zone."""

    code: str
    currency: str
    drive_side: Literal["left", "right"]
    time_zone: str


def country_at(code: str, lat: float, lon: float) -> Country | None:
    """Return what follows from a country for a city that lies at a point; nothing where no time zone is of that country.

    >>> country_at("CH", 47.56, 7.6)
    Country(code='CH', currency='CHF', drive_side='right', time_zone='Europe/Zurich')
    >>> country_at("XX", 47.56, 7.6)
    """
    own = [zone for zone in zones().values() if zone.country == code]
    if not own:
        return None
    return Country(
        code, _CURRENCIES.get(code, ""), "left" if code in _LEFT.split() else "right", _nearest(own, lat, lon).name
    )


@cache
def country_names() -> dict[str, str]:
    """Return the English name of every country that has a time zone, by its two letters, in their order.

    >>> country_names()["IT"]
    'Italy'
    """
    text = files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    own = {zone.country for zone in zones().values()}
    return dict(sorted((row[0], row[1]) for row in rows if row[0] in own))


def code_of(given: str) -> str:
    """Return the two letters of a country that is called by them or by its English name; empty where none is.

    >>> code_of(" ch "), code_of("Italy"), code_of("UK"), code_of("Italia")
    ('CH', 'IT', 'GB', '')
    """
    word = " ".join(given.split()).casefold()
    names = {**{code.casefold(): code for code in country_names()}, **{k.casefold(): v for k, v in _ALSO.items()}}
    names |= {name.casefold(): code for code, name in country_names().items()}
    return names.get(word, "")


def no_country(where: str, given: str) -> Fault:
    """Return what is told of a word that is no country.

    >>> no_country("--country", "Itally").remedy
    'did you mean Italy?'
    """
    allowed = "two letters of ISO 3166, or the country's name in English: CH, Switzerland"
    remedy = near_misses(given, list(country_names().values())) or "write it so"
    return Fault(where, f"no country is called {given!r}", allowed, remedy)


def in_european_union(code: str) -> bool:
    """Return whether a country is a member of the European Union.

    >>> in_european_union("IT"), in_european_union("CH")
    (True, False)
    """
    return code in _EUROPEAN_UNION.split()


def _nearest(found: list[Zone], lat: float, lon: float) -> Zone:
    return min(found, key=lambda zone: km_between(zone.lat, zone.lon, lat, lon))
