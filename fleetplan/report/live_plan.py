"""A plan as a workbook that recalculates: figures with a switch, fleets and money by city with live formulas, a summary.

What is decided stands in it as numbers; everything that a figure moves is a formula. The sheets hold the same rules as
:mod:`fleetplan.doubt.books`, so that the value at the likely figures is the plan's, and with a figure switched to its low or high
the one that the tornado says.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from fleetplan.doubt.books import Books
from fleetplan.doubt.fixed import DAYS_PER_MONTH, CityFixed
from fleetplan.months import month_text
from fleetplan.plans.check.money import CAPITAL_LINES, PUBLIC_KWH_PER_DAY
from fleetplan.plans.check.value import CAPITAL_CHARGED
from fleetplan.report.live_cells import FIRST_INPUT, Live, Rows, number, opened, printed_small, weighted
from fleetplan.report.live_fleet import Time, pool_sheet, stalls_kept
from fleetplan.report.live_service import ServiceSheet

MOST_SHEET_NAME = 31
FORBIDDEN = "[]:*?/\\'"


def live_workbook(books: Books) -> bytes:
    """Return the workbook of a plan."""
    out = io.BytesIO()
    live = opened(out)
    _Writer(live, books).write()
    live.book.close()
    return out.getvalue()


def sheet_name(text: str, taken: set[str]) -> str:
    """Return a name that a sheet may have and none has yet.

    >>> sheet_name("bay-area [1]", {"bay-area 1"})
    'bay-area 1 2'
    """
    plain = "".join(c for c in text if c not in FORBIDDEN)
    short = plain[:MOST_SHEET_NAME].strip()
    name, number_ = short, 2
    while name.lower() in {t.lower() for t in taken}:
        name = f"{short[: MOST_SHEET_NAME - 3]} {number_}"
        number_ += 1
    taken.add(name)
    return name


def _part_of(pool: Rows, line: str, share: Sequence[float], t: int) -> str:
    return f"{pool.out(line, t)}*{number(share[t])}"


Sheets = Sequence[ServiceSheet]


def _share(mine: Sheets, inside: Mapping[str, Sequence[bool]], held: float, t: int) -> str:
    """Return what part of their riders the services within an area keep in a period."""
    claims = [
        f"{s.rows.out(s.riders, t)}/{s.rows.out('season, rivals and price', t)}"
        for s in mine
        if inside[s.service.name][t]
    ]
    if not claims:
        return "1"
    return f"MIN(1,{number(held)}*{mine[0].market()}*{mine[0].city_won(t)}/MAX({'+'.join(claims)},1E-9))"


def _shared(rows: Rows, before: str, there: Sequence[bool], share: Callable[[int], str], t: int) -> str:
    """Return a service's riders once an area's are shared."""
    return f"{rows.cell(before, t)}*{share(t)}" if there[t] else rows.cell(before, t)


class _Writer:
    def __init__(self, live: Live, books: Books) -> None:
        self.live, self.books, self.fixed = live, books, books.fixed
        self.names: set[str] = set()
        self.labels = [month_text(int(m)) for m in self.fixed.starts]
        self.pools = {p.fleet.stack: p for p in self.fixed.pools}

    def write(self) -> None:
        summary, inputs = self._bare("Summary"), self._bare("Inputs")
        self.time = self._time()
        parts: dict[str, list[str]] = {city.rollout.city: [] for city in self.fixed.cities}
        pools = {slug: self._pool(slug) for slug in self.pools if self.pools[slug].buys}
        sheets = [
            ServiceSheet(
                self.live,
                self.fixed,
                s,
                self._rows(f"{s.city.slug} {s.stack.slug}", f"{s.city.name}: {s.stack.partner}"),
            )
            for s in self.fixed.services
        ]
        for sheet in sheets:
            sheet.write_riders()
        for city in self.fixed.cities:
            parts[city.rollout.city].append(self._city(city, sheets))
        for sheet in sheets:
            sheet.write_trips(self.books.served[sheet.service.name])
            lines = sheet.write_money(self.pools)
            place = sheet.service.city.slug
            parts[place].append(self._worth(sheet.rows, lines))
            if sheet.service.stack.slug in pools:
                parts[place].append(self._share_of_pool(sheet, pools[sheet.service.stack.slug]))
        self.live.write_inputs(inputs)
        self._summary(summary, parts, sheets)
        printed_small(summary, first_row=3, columns=1)
        printed_small(inputs, first_row=FIRST_INPUT - 1, columns=1)

    def _bare(self, name: str) -> Any:
        self.names.add(name)
        return self.live.book.add_worksheet(name)

    def _rows(self, name: str, title: str) -> Rows:
        free = sheet_name(name, self.names)
        rows = Rows(self.live, self.live.book.add_worksheet(free), free, len(self.fixed.starts))
        rows.head(self.labels, title)
        return rows

    def _time(self) -> Time:
        rows, fixed = self._rows("Time", "Periods and discounting"), self.fixed
        rate, horizon = fixed.case.request.discount_rate, float(fixed.lengths.sum())
        done, since = fixed.case.request.grid.done, fixed.case.today - fixed.case.start
        offsets = (fixed.starts - fixed.starts[0]).astype(float) - since
        rows.add("months", "months", lambda t: float(fixed.lengths[t]), "whole")
        rows.add("worth of 1 USD at the start", "", lambda t: (1 + rate) ** (-offsets[t] / 12) * (t >= done), "plain")
        middles = offsets + fixed.lengths / 2
        rows.add("worth of 1 USD in the middle", "", lambda t: (1 + rate) ** (-middles[t] / 12) * (t >= done), "plain")
        own = fixed.catalogue.assumptions
        years, growth = self.live.ref(own["terminal.years"]), self.live.ref(own["terminal.growth"])
        counted = rows.single("months counted after the horizon", "months", f"ROUND(12*{years},0)", "whole")
        q = rows.single("growth against discount, a month", "", f"((1+{growth})/(1+{number(rate)}))^(1/12)", "plain")
        sum_of = f"IF(ABS({q}-1)<1E-12,{counted},{q}^0.5*({q}^{counted}-1)/({q}-1))"
        going_on = rows.single(
            "worth of 1 USD a month after the horizon",
            "USD",
            f"{number((1 + rate) ** (-(horizon - since) / 12))}*{sum_of}",
            "plain",
        )
        self.at_start, self.in_middle = (
            rows.span("worth of 1 USD at the start"),
            rows.span("worth of 1 USD in the middle"),
        )
        return Time(counted, going_on, rate, int(horizon), since)

    def _pool(self, slug: str) -> Rows:
        pool = self.pools[slug]
        rows = self._rows(f"vehicles {slug}", f"Vehicles of {pool.fleet.partner}")
        pool_sheet(self.live, self.fixed, pool, self.time, rows)
        return rows

    def _city(self, city: CityFixed, sheets: Sequence[ServiceSheet]) -> str:
        rows, live, fixed = (
            self._rows(f"{city.rollout.city} city", f"{city.city.name}: team, depots, charging"),
            self.live,
            self.fixed,
        )
        mine = [s for s in sheets if s.service.city.slug == city.rollout.city]
        if len(mine) > 1:
            self._share_riders(rows, mine)
        own, figures = fixed.catalogue.assumptions, city.city.figures
        kwh = city.public * PUBLIC_KWH_PER_DAY * DAYS_PER_MONTH * fixed.lengths
        premium = (
            f"MAX(0,{live.ref(own['public_charge_usd_per_kwh'])}-{live.ref(figures['cost.electricity_usd_per_kwh'])})"
        )
        site = live.ref(figures["cost.depot_fixed_usd"]) if city.site_paid else "0"
        stall = live.ref(figures["cost.charger_stall_usd"])
        team = f"{live.ref(own['team.usd_per_year'])}/12"
        rows.add("team", "USD", lambda t: f"-{team}*{number(city.team_months[t])}")
        rows.add("depot_site", "USD", lambda t: f"-{site}*{number(city.ordered[t])}")
        rows.add("stalls", "USD", lambda t: f"-{stall}*{number(city.placed[t])}")
        rows.add("public_charging", "USD", lambda t: f"-{number(kwh[t])}*{premium}")
        stalls_kept(live, fixed, city, self.time, rows)
        worth = self._worth(rows, ["team", "depot_site", "stalls", "public_charging"])
        kept = f"{rows.one('stalls kept after the horizon')}+{rows.one('stalls left in the end')}"
        return f"({worth}+{kept})"

    def _share_riders(self, rows: Rows, mine: Sequence[ServiceSheet]) -> None:
        """Leave the services of a city no more riders together than each of its areas holds, from the smallest on."""
        for area, level in enumerate(mine[0].service.levels, start=1):
            inside = {s.service.name: [0 < reached <= area for reached in s.service.deployed.row.level] for s in mine}
            item = rows.add(
                f"share of riders in area {area}",
                "",
                partial(_share, mine, inside, level.surface.demand_trips_per_day),
                "plain",
            )
            before = {sheet.service.name: sheet.riders for sheet in mine}
            for sheet in mine:
                name = sheet.service.name
                shared = partial(_shared, sheet.rows, before[name], inside[name], partial(rows.out, item))
                sheet.riders = sheet.rows.add(f"riders shared in area {area}", "a day", shared)

    def _worth(self, rows: Rows, lines: Sequence[str]) -> str:
        """Write what lines are worth, with the years after the horizon; return its address."""
        parts = [
            f"SUMPRODUCT({rows.span(line)},{self.at_start if line in CAPITAL_LINES else self.in_middle})"
            for line in lines
        ]
        rate = [(float(w), t) for t, w in enumerate(self.fixed.run_rate) if w]
        lasting = [line for line in lines if line not in CAPITAL_CHARGED]
        running = weighted([(w, rows.cell(line, t)) for line in lasting for w, t in rate])
        on = f"{running}*{self.time.going_on}"
        return rows.single("net present value", "USD", f"{'+'.join(parts)}+{on}", "money")

    def _share_of_pool(self, sheet: ServiceSheet, pool: Rows) -> str:
        """Write a deployment's share of its stack's vehicles; return the address of its worth."""
        rows, share = sheet.rows, sheet.service.share
        names = []
        for line in ("vehicles", "loan", "resale", "shortfall"):
            item = f"share of {line}"
            rows.add(item, "USD", partial(_part_of, pool, line, share.tolist()))
            names.append(item)
        parts = [
            f"SUMPRODUCT({rows.span(item)},{self.at_start if item.endswith(' vehicles') else self.in_middle})"
            for item in names
        ]
        kept = f"({pool.one('kept after the horizon')}+{pool.one('left in the end')})*{number(float(share[-1]))}"
        return rows.single("net present value of its vehicles", "USD", f"{'+'.join(parts)}+{kept}", "money")

    def _summary(self, sheet: Any, parts: dict[str, list[str]], sheets: Sequence[ServiceSheet]) -> None:
        put, formats, plan = sheet, self.live.formats, self.fixed.case.plan
        put.write_string(0, 0, plan.name, formats["title"])
        put.write_string(
            1, 0, "Switch figures in the sheet Inputs; everything here follows. Decisions stay as the plan has them."
        )
        put.write_row(
            3, 0, ["city", "net present value", "vehicles at the end", "trips a day at the end"], formats["bold"]
        )
        row = 4
        for city in self.fixed.cities:
            put.write_string(row, 0, city.city.name)
            mine = [s for s in sheets if s.service.city.slug == city.rollout.city]
            last = len(self.fixed.starts) - 1
            vehicles = "+".join(s.rows.out("vehicles", last) for s in mine)
            trips = "+".join(s.rows.out("trips", last) for s in mine)
            # With what the plan has: programmes that open a file without working it out show these.
            own = city.rollout.deployments
            put.write_formula(row, 1, f"={'+'.join(parts[city.rollout.city])}", formats["money"], city.rollout.npv_usd)
            put.write_formula(row, 2, f"={vehicles}", formats["whole"], sum(d.vehicles[-1] for d in own))
            put.write_formula(row, 3, f"={trips}", formats["whole"], sum(d.trips_per_day[-1] for d in own))
            row += 1
        put.autofilter(3, 0, max(4, row - 1), 3)
        put.write_string(row + 1, 0, "the plan, with the figures chosen")
        total = f"=SUM(B5:B{row})" if row > 4 else "=0"
        put.write_formula(row + 1, 1, total, formats["money"], plan.kpis.npv_usd)
        put.write_string(row + 2, 0, "the plan, as it was made")
        put.write_number(row + 2, 1, plan.kpis.npv_usd, formats["money"])
        put.write_string(row + 3, 0, "difference")
        put.write_formula(row + 3, 1, f"=B{row + 2}-B{row + 3}", formats["money"])
        put.set_column(0, 0, 38)
        put.set_column(1, 3, 24)
        put.activate()
