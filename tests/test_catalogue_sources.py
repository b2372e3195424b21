"""What a source of the shipped catalogue must look like: open to a reader outside, or said to be our judgement."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

# Aggregators, blogs, forums, mirrors and machine-written digests that the catalogue cites for want of better.
WEAK_SITES = frozenset(
    re.findall(
        r"\S+",
        """
3935.staging.lexmea.de agentictribune.com aiwire.ai allthe.news alpharndlabs.com americanceo.club apexitech.com
asiabits.com austinpost.com automotivenewshub.com avalanchenoticias.com.br azeritimes.com bastillepost.com
batbricks7.com belcourt.vercel.app beyondspx.com blog.dshr.org blog.progressiverobot.com brightgram.com btmatrix.com
businesspostcorner.com carzura.com convergedigest.com cronicaeconomica.com crunchinsight.com dataconomy.com
daxstreet.com derecholocal.es dev.industryleadersmagazine.com developmentstoday.com digitrendz.blog e.mffb.com.cn
ec4.arcamax.com erometimes.com evwire.com financialmediaguide.com frominsideasia.com girodiario.com gistcaster.com
gopher.nikiroo.be gr3p.net hardwarebee.com houstonrobotics.com hsjchronicle.com infeeds.com
juliachencoding.blogspot.com libr.swill.be losangelesfinancialtimes.com materialsindustry.com menafn.com
metaailabs.com news.hamidun.com newssummedup.com newsupdates24.com overpassesforamerica.com particle.news
particlenews.pages.dev peopleofinternet.com podcast-digest.pages.dev portalvasco.com qianlew.com reddit.airikr.me
redlib.fmhy.net redlib.private.coffee registry.deploy.report reportify.ai robotaxi.news scribd.com secwatch.observer
signalstrike.co site-one-liart-13.vercel.app smartnuts.com startupstorymedia.com stocksavvy.ai
takes.jamesomalley.co.uk techpatrol.com.tr teslamagz.com teslanewsdaily.com teslant.com teslasharetrend.blogspot.com
thincb2b.com tid.news topheadlines.io torquecafe.com trends.glance.com ttm.financial type0.ai villpress.com
wordupnews.com www.abhs.in www.ainvest.com www.bizandtech.net www.cosmico.org www.daily8.com www.devdiscourse.com
www.devompro.com www.extremarationews.com www.finanznachrichten.de www.findarticles.com www.globalautoinsight.com
www.globalbankingandfinance.com www.ignit.xyz www.insightswire.com www.itiger.com www.klamm.de www.machinebrief.com
www.marketspy.com www.megamodo.com www.mercy.news www.newsbeep.com www.newsscore.com www.offthekuff.com www.pulse.bot
www.rockingrobots.com www.selfdrivingcars360.com www.techbooky.com www.thedriverlessdigest.com www.thegraidient.ai
www.tomorrowsworldtoday.com www.tradevae.com www.type0.ai www.webpronews.com
""",
    )
)

OUR_NOTES = (
    r"\bfacts (README|cities|unit|partners|regulation|fleet)",
    r"\bthe facts\b",
    r"\brecalled\b",
    r"\brecollection",
    r"\b(unit-economics|partner-jurisdiction|regulation-stages|supply-lines|operations-to-2024)\b",
    r"\b(regulation|partners|fleet-sizing-science)\.md\b",
    r"\bpartners\.csv\b",
    r"\bsanity sheet\b",
    r"\bcompiler\b",
    r"\bshared/",
    r"\bREADME\b",
    r"\bpj\b",
)
ADDRESS = re.compile(r"https?://[^\s;)]+")
SECOND_HAND = re.compile(r"\bvia\b|\bas (reported|aggregated|quoted)\b")
REPEATED_BY = re.compile(r"\bbenchmarks/\w+\.py\b")
# What is cited without an address: documents by title, publisher and year, each for want of a page that could be found.
DOCUMENTS = frozenset(
    {
        "The Value of Time: Evidence from Auctioned Cab Rides, NBER Working Paper 27087, 2020",
        "US Census Bureau, 2020 census places by county",
        "Census and Statistics Department, Population and Household Statistics Analysed by District Council District 2023",
    }
)
TEXTS = ("note", "notes", "stand_in", "what", "fee", "reason", "deal_note", "plant", "unit")


class Sourced(NamedTuple):
    """A source as it stands in a file, and where."""

    where: str
    source: str
    confidence: str


def _tables(data: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(data, dict):
        yield where, data
        for key, inner in data.items():
            yield from _tables(inner, f"{where}.{key}")
    elif isinstance(data, list):
        for number, inner in enumerate(data):
            yield from _tables(inner, f"{where}[{number}]")


def _records(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return every table, row and feature of the catalogue's files."""
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.suffix == ".toml":
            yield from _tables(tomllib.loads(path.read_text(encoding="utf-8")), name)
        elif path.suffix == ".csv":
            with path.open(encoding="utf-8", newline="") as file:
                yield from ((f"{name}:{number}", dict(row)) for number, row in enumerate(csv.DictReader(file), 2))
        elif path.suffix == ".geojson":
            for number, feature in enumerate(json.loads(path.read_text(encoding="utf-8"))["features"]):
                yield f"{name}[{number}]", feature["properties"]


@pytest.fixture(scope="module")
def records(cities_folder: Path) -> list[tuple[str, dict[str, Any]]]:
    return list(_records(cities_folder))


@pytest.fixture(scope="module")
def sourced(records: list[tuple[str, dict[str, Any]]]) -> list[Sourced]:
    found = [Sourced(where, r["source"], r["confidence"]) for where, r in records if "source" in r]
    assert len(found) > 1900
    return found


def _sites(source: str) -> set[str]:
    return {urlsplit(address).hostname or "" for address in ADDRESS.findall(source)}


@pytest.mark.parametrize("words", OUR_NOTES)
def test_no_text_cites_our_own_notes(
    cities_folder: Path, records: list[tuple[str, dict[str, Any]]], words: str
) -> None:
    wrong = [
        (where, key, record[key])
        for where, record in records
        for key in ("source", *TEXTS)
        if isinstance(record.get(key), str) and re.search(words, record[key])
    ]
    assert not wrong, wrong[:3]
    comments = [
        (path.name, line)
        for path in sorted(cities_folder.rglob("*.toml"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith("#") and re.search(words, line)
    ]
    assert not comments, comments[:3]


def test_every_source_can_be_followed_or_is_judged_with_a_range(sourced: list[Sourced]) -> None:
    """An address, a document by title, publisher and year, a definition, what a command repeats, or a judged range."""
    wrong = [s for s in sourced if not _can_be_followed(s.source)]
    assert not wrong, wrong[:3]


def _can_be_followed(source: str) -> bool:
    if source.startswith("our judgement"):
        return re.fullmatch(r"our judgement\b.{8,}\brange\b.+", source) is not None
    if source.startswith("by definition") or ADDRESS.search(source):
        return True
    return any(document in source for document in DOCUMENTS) or (
        source.startswith("derived") and REPEATED_BY.search(source) is not None
    )


def test_no_document_without_an_address_is_named_in_vain(sourced: list[Sourced]) -> None:
    for document in DOCUMENTS:
        assert re.search(r"\b(19|20)\d\d\b", document)
        assert [s for s in sourced if document in s.source and not ADDRESS.search(s.source)], document


def test_what_a_program_fitted_names_a_program_that_is_there(sourced: list[Sourced]) -> None:
    named = {name for s in sourced for name in REPEATED_BY.findall(s.source)}
    assert named
    assert all((Path(__file__).parents[1] / name).is_file() for name in named), named


def test_judgement_is_assumed_and_only_that_is(sourced: list[Sourced]) -> None:
    """What begins as our judgement carries no better confidence; what is assumed says that somebody judged."""
    assert not [s for s in sourced if s.source.startswith("our judgement") and s.confidence != "assumed"]
    told = ("our judgement", "by our", "by definition")
    assert not [s for s in sourced if s.confidence == "assumed" and not any(words in s.source for words in told)]


def test_weak_and_second_hand_sources_never_carry_high_confidence(sourced: list[Sourced]) -> None:
    """High needs an address outside the weak sites, or a publication at first hand."""
    wrong = [
        s
        for s in sourced
        if s.confidence == "high"
        and (_sites(s.source) <= WEAK_SITES if _sites(s.source) else SECOND_HAND.search(s.source))
    ]
    assert not wrong, wrong[:3]


def test_every_weak_site_is_cited_somewhere(sourced: list[Sourced]) -> None:
    assert set().union(*(_sites(s.source) for s in sourced)) >= WEAK_SITES


@pytest.mark.parametrize(
    ("source", "follows"),
    [
        ("https://example.org/fares", True),
        ("Taxisektion Zuerich, 2023", False),
        ("US Census Bureau, 2020 census places by county", True),
        ("derived: fitted to simulation (benchmarks/curves.py --fit), seed 1", True),
        ("derived: fitted to simulation, 2026", False),
        ("our judgement: no figure published; range 2-4", True),
        ("our judgement: no figure published", False),
        ("our judgement: range 2-4", False),
        ("an estimate", False),
    ],
)
def test_what_can_be_followed(source: str, follows: bool) -> None:
    assert _can_be_followed(source) is follows


def test_every_figure_of_unit_economics_is_read_by_a_rule(cities_folder: Path, root: Path) -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in sorted((root / "fleetplan").rglob("*.py")))
    with (cities_folder / "economics.csv").open(encoding="utf-8", newline="") as file:
        items = [row["item"] for row in csv.DictReader(file)]
    assert items
    assert not [item for item in items if f'"{item}"' not in code]
