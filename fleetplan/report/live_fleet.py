"""Vehicles and stalls of a workbook that recalculates: prices by year, loans, sales, and what is kept after the horizon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fleetplan.catalogue.types import Figure
from fleetplan.doubt.fixed import CityFixed, Fixed, PoolFixed
from fleetplan.doubt.ranges import ranged
from fleetplan.report.live_cells import Live, Rows, number


@dataclass(frozen=True, slots=True)
class Time:
    """Addresses of what every sheet shares: months counted after the horizon, and the worth of 1 USD a month over them."""

    counted: str
    going_on: str
    rate: float
    horizon: int
    done: int

    def discount(self, months: float) -> str:
        """Return the present worth, in the first month planned, of 1 USD so many months after the start, as a number."""
        return number((1.0 + self.rate) ** (-(months - self.done) / 12.0))


@dataclass(frozen=True, slots=True)
class Terms:
    """How a thing is kept: addresses of its life in months, of what is left of it and its loan; its row of prices by month."""

    life: str
    rest: str
    prices: str
    share: str = "0"
    due: str = "0"
    months: str = "0"
    inflation: str = "0"
    rate: str = "0"


def most_after(fixed: Fixed) -> int:
    """Return how many months may count after the horizon at the high end of that figure."""
    figure: Figure = fixed.catalogue.assumptions["terminal.years"]
    known = ranged(figure)
    return round(12 * (known.high[0] if known else figure.value))


def vehicle_price(live: Live, fixed: Fixed, pool: PoolFixed, month: int) -> str:
    """Return the price of a vehicle without spares in an absolute month, as a formula."""
    own, stack = fixed.catalogue.assumptions, pool.stack
    kit, cells = own["price.kit_index_by_year"], own["price.battery_usd_per_kwh_by_year"]

    def of(figure: Figure) -> str:
        years = np.array(figure.years)
        at = max(0, int(np.searchsorted(years, month // 12, side="right")) - 1)
        return live.ref(figure, at)

    price, share = live.ref(stack.figures["vehicle.price_usd"]), live.ref(stack.figures["vehicle.kit_share"])
    battery = live.ref(stack.figures["vehicle.battery_kwh"])
    fallen = f"{battery}*({live.ref(cells, 0)}-{of(cells)})"
    plain = f"MAX(0,{price}*(1-{share}+{share}*{of(kit)}/{live.ref(kit, 0)})-{fallen})"
    there = pool.built
    if there is None or month < there.month:
        return f"{plain}*{number(fixed.tariffs(pool.fleet.stack, month))}"
    dearer = f"{live.ref(own['supply.fixed_cost_share'])}*{number(there.short)}*{price}*(1-{share})"
    times = "1" if there.price_usd is None else f"{number(there.price_usd)}/{price}"
    return f"MAX(0,{times}*({plain}+{dearer}))"


def shortfall(live: Live, fixed: Fixed, pool: PoolFixed) -> str:
    """Return what is owed at the end for vehicles short of a contract's minimum, as a formula."""
    figures = pool.stack.figures
    years = live.ref(figures["contract.minimum_years"])
    least = live.ref(figures["contract.minimum_quantity"])
    short = f"MAX(0,{least}*MIN(1,{number(float(fixed.lengths.sum()) / 12)}/{years})-{number(pool.taken)})"
    return f"-{live.ref(figures['contract.shortfall_usd_per_vehicle'])}*{short}"


def pool_sheet(live: Live, fixed: Fixed, pool: PoolFixed, time: Time, rows: Rows) -> None:
    """Write purchases, loans, sales and the years after of a stack's vehicles; lines by period and two worths at the end."""
    own = fixed.catalogue.assumptions
    spare = live.ref(own["service.spare_share"])
    starts = [int(m) for m in fixed.starts]
    rows.add("vehicles bought", "vehicles", lambda t: float(pool.bought[t]), "whole")
    rows.add(
        "price of a vehicle with spares", "USD", lambda t: f"{vehicle_price(live, fixed, pool, starts[t])}*(1+{spare})"
    )
    share = f"MIN({live.ref(pool.stack.figures['contract.financed_share'])},{live.ref(own['finance.loan_to_value'])})"
    life = rows.single(
        "life of a vehicle", "months", f"MAX(1,ROUND(12*{live.ref(own['fleet.life_years'])},0))", "whole"
    )
    term = f"MIN({life},ROUND(12*{live.ref(own['finance.term_years'])},0))"
    months = rows.single("months of a loan", "months", term, "whole")
    rate = rows.single("interest a month", "", f"{live.ref(own['finance.interest'])}/12", "plain")
    paid = f"IF({rate}=0,1/{months},{rate}/(1-(1+{rate})^(-{months})))"
    due = rows.single("monthly payment on 1 USD", "USD", paid, "plain")
    inflation, rest = live.ref(own["finance.inflation"]), live.ref(own["fleet.residual_share"])
    rows.add(
        "vehicles",
        "USD",
        lambda t: f"-{rows.cell('price of a vehicle with spares', t)}*(1-{share})*{rows.cell('vehicles bought', t)}",
    )
    cohorts = [int(t) for t in np.flatnonzero(pool.bought)]
    for b in cohorts:
        _cohort(rows, fixed, b, (life, months, inflation, rest))

    def over(item: str, t: int) -> str:
        return "+".join(rows.cell(f"{item} of {starts[b]}", t) for b in cohorts) or "0"

    rows.add("loan", "USD", lambda t: f"-{share}*{due}*({over('owed months', t)})")
    rows.add("resale", "USD", lambda t: over("sold", t))
    rows.add("shortfall", "USD", lambda t: shortfall(live, fixed, pool) if t == len(starts) - 1 else "0")
    after = most_after(fixed)
    end = starts[-1] + int(fixed.lengths[-1])
    prices = _Prices(rows, "price after the horizon")
    prices.write(after + 1, lambda k: f"{vehicle_price(live, fixed, pool, end + k)}*(1+{spare})")
    terms = Terms(life, rest, "price after the horizon", share, due, months, inflation, rate)
    running, left = [], []
    for b in cohorts:
        price = rows.cell("price of a vehicle with spares", b)
        worth = _followed(rows, time, terms, (starts[b], end, after), price, starts[0])
        lives = f"IF({starts[-1] - starts[b]}<{life},{rows.cell('vehicles bought', b)},0)"
        running.append(f"{lives}*{worth[0]}")
        left.append(f"{lives}*{worth[1]}")
    rows.single("kept after the horizon", "USD", "+".join(running) or "0")
    rows.single("left in the end", "USD", "+".join(left) or "0")


def _cohort(rows: Rows, fixed: Fixed, b: int, terms: tuple[str, str, str, str]) -> None:
    """Write what vehicles bought in one period owe month by month, and what they fetch once their life is over."""
    life, months, inflation, rest = terms
    starts = [int(m) for m in fixed.starts]
    bought = f"{rows.cell('price of a vehicle with spares', b)}*{rows.cell('vehicles bought', b)}"

    def owed(t: int) -> str:
        ages = [m - starts[b] for m in fixed.case.months(t) if m >= starts[b]]
        parts = [f"IF({age}<{months},(1+{inflation})^({number(-(age + 0.5) / 12)}),0)" for age in ages]
        return f"{bought}*({'+'.join(parts)})" if parts else "0"

    def sold(t: int) -> str:
        gone = f"{starts[b]}+{life}"
        before = f"{starts[t - 1]}<{gone}" if t else "TRUE"
        price = (
            f"MIN({rows.cell('price of a vehicle with spares', b)},{rows.cell('price of a vehicle with spares', t)})"
        )
        count = rows.cell("vehicles bought", b)
        return f"IF(AND({starts[t]}>={gone},{before}),{count}*{price}*{rest},0)" if t > b else "0"

    rows.add(f"owed months of {starts[b]}", "USD", owed)
    rows.add(f"sold of {starts[b]}", "USD", sold)


@dataclass
class _Prices:
    """A row by months after the horizon, longer than the periods."""

    rows: Rows
    item: str

    def write(self, months: int, cell: Callable[[int], str]) -> None:
        """Write the row."""
        width, self.rows.columns = self.rows.columns, months
        self.rows.add(self.item, "USD", cell)
        self.rows.columns = width


def _followed(
    rows: Rows, time: Time, terms: Terms, when: tuple[int, int, int], paid_first: str, start: int
) -> tuple[str, str]:
    """Write how one thing is kept month by month; return the addresses of its worth going on and of what is left in the end."""
    bought, end, after = when
    tag = f"{bought} {rows.row}"
    width, rows.columns = rows.columns, after + 1
    owner, paid = f"bought in, of {tag}", f"paid, of {tag}"

    def renewed(k: int) -> str:
        return f"{end + k - 1}-{rows.cell(owner, k - 1)}>={terms.life}"

    rows.at[paid] = rows.row + 1
    rows.add(
        owner,
        "month",
        lambda k: float(bought) if k == 0 else f"IF({renewed(k)},{end + k - 1},{rows.cell(owner, k - 1)})",
        "whole",
    )
    price = terms.prices
    rows.add(
        paid,
        "USD",
        lambda k: paid_first if k == 0 else f"IF({renewed(k)},{rows.cell(price, k - 1)},{rows.cell(paid, k - 1)})",
    )

    def flow(k: int) -> str:
        if k == 0:
            return "0"
        month, before, now = end + k - 1, rows.cell(paid, k - 1), rows.cell(price, k - 1)
        net = f"IF({renewed(k)},MIN({before},{now})*{terms.rest}-{now}*(1-{terms.share}),0)*{time.discount(month - start)}"
        if terms.due == "0":
            return f"IF({k - 1}<{time.counted},{net},0)"
        age = f"({month}-{rows.cell(owner, k)})"
        deflated = f"(1+{terms.inflation})^(-({age}+0.5)/12)"
        loan = f"IF({age}<{terms.months},{rows.cell(paid, k)}*{terms.share}*{terms.due}*{deflated},0)"
        return f"IF({k - 1}<{time.counted},{net}-{loan}*{time.discount(month + 0.5 - start)},0)"

    rows.add(f"kept, of {tag}", "USD", flow)
    spans = {item: rows.span(item) for item in (owner, paid, price)}
    running = f"SUM({rows.span(f'kept, of {tag}')})"
    rows.columns = width
    total = rows.single(f"worth kept, of {tag}", "USD", running)
    at = f"{time.counted}+1"
    age = rows.single(
        f"age in the end, of {tag}", "months", f"{end}+{time.counted}-INDEX({spans[owner]},1,{at})", "whole"
    )
    last = f"MIN(INDEX({spans[paid]},1,{at}),INDEX({spans[price]},1,{at}))"
    left = f"{last}*(1-MIN(1,{age}/{terms.life})*(1-{terms.rest}))"
    if terms.due != "0":
        still = f"MAX({terms.months}-{age},1)"
        annuity = f"IF({terms.rate}=0,1/{still},{terms.rate}/(1-(1+{terms.rate})^(-{still})))"
        owed = f"IF({age}<{terms.months},{terms.due}/({annuity})*(1+{terms.inflation})^(-{age}/12),0)"
        left = f"({left}-INDEX({spans[paid]},1,{at})*{terms.share}*{owed})"
    discounted = f"{left}*(1+{number(time.rate)})^(-({end - start - time.done}+{time.counted})/12)"
    return total, rows.single(f"worth left, of {tag}", "USD", discounted)


def stalls_kept(live: Live, fixed: Fixed, own: CityFixed, time: Time, rows: Rows) -> None:
    """Write what a city's stalls cost after the horizon and what is left of them."""
    starts = [int(m) for m in fixed.starts]
    end, after = starts[-1] + int(fixed.lengths[-1]), most_after(fixed)
    stall = live.ref(own.city.figures["cost.charger_stall_usd"])
    years = live.ref(fixed.catalogue.assumptions["depot.stall_life_years"])
    life = rows.single("life of a stall", "months", f"ROUND(12*{years},0)", "whole")
    prices = _Prices(rows, "price of a stall")
    prices.write(after + 1, lambda _: stall)
    running, left = [], []
    for b in (int(t) for t in np.flatnonzero(own.placed)):
        worth = _followed(rows, time, Terms(life, "0", "price of a stall"), (starts[b], end, after), stall, starts[0])
        running.append(f"{number(own.placed[b])}*{worth[0]}")
        left.append(f"{number(own.placed[b])}*{worth[1]}")
    rows.single("stalls kept after the horizon", "USD", "+".join(running) or "0")
    rows.single("stalls left in the end", "USD", "+".join(left) or "0")
