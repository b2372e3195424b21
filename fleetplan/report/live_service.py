"""A deployment in a workbook that recalculates: riders, trips, kilometres and every money line by period, as formulas."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from fleetplan.catalogue.types import Figure
from fleetplan.doubt.fixed import DAYS_PER_MONTH, Fixed, PoolFixed, ServiceFixed
from fleetplan.plans.check.money import FIELD_DUTY, HOURS_PER_MONTH, OPERATOR_HOURS_PER_MONTH
from fleetplan.report.live_cells import Live, Rows, number, weighted
from fleetplan.report.live_fleet import vehicle_price

Array = NDArray[np.float64]
Cells = dict[str, Callable[[int], str]]
NOISE = 1e-12
FARE = "drivers' fare of a mean trip"


class ServiceSheet:
    """Writes one deployment. Riders come first, so that a city with several can share them; then all else."""

    def __init__(self, live: Live, fixed: Fixed, service: ServiceFixed, rows: Rows) -> None:
        self.live, self.fixed, self.service, self.rows = live, fixed, service, rows
        self.own = fixed.catalogue.assumptions
        self.periods = range(len(fixed.starts))
        self.riders = "riders"

    # --- references ---

    def of_own(self, key: str) -> str:
        """Return the address of a figure of assumptions.toml."""
        return self.live.ref(self.own[key])

    def eco(self, item: str) -> str:
        """Return the address of a figure of economics.csv."""
        return self.live.ref(self.fixed.catalogue.economics[item])

    def city(self, key: str) -> str:
        """Return the address of a figure of the city."""
        return self.live.ref(self.service.city.figures[key])

    def stack(self, key: str) -> str:
        """Return the address of a figure of the stack."""
        return self.live.ref(self.service.stack.figures[key])

    def in_year(self, figure: Figure, t: int) -> str:
        """Return the address of what a list by calendar year holds in a period."""
        at = int(np.searchsorted(np.array(figure.years), int(self.fixed.starts[t]) // 12, side="right")) - 1
        return self.live.ref(figure, max(0, at))

    def over(self, figure: Figure, weights: Array) -> str:
        """Return a weighted sum of a list's numbers."""
        return weighted([(float(w), self.live.ref(figure, k)) for k, w in enumerate(weights) if w > NOISE])

    # --- riders and trips ---

    def write_riders(self) -> None:
        """Write what is decided and the riders that the service may have, by itself."""
        rows, service = self.rows, self.service
        rows.add("vehicles", "vehicles", lambda t: float(service.vehicles[t]), "whole")
        rows.add("area in force", "level", lambda t: float(service.deployed.row.level[t]), "whole")
        season = service.city.figures["season.month_factors"]
        middle = self.fixed.starts - self.fixed.starts[0] + self.fixed.lengths / 2
        price = f"{self.stack('contract.fare_multiplier')}^{self.of_own('price.elasticity')}"
        rows.add(
            "season, rivals and price",
            "",
            lambda t: (
                f"{self.over(season, self.fixed.calendar_months[:, t])}*(1-{self._rivals(float(middle[t]))})"
                f"*{price}*{number(service.rivals_leave[t])}"
            ),
            "plain",
        )
        rows.add(
            "riders", "a day", lambda t: f"{self.market()}*{rows.cell('season, rivals and price', t)}*({self._won(t)})"
        )

    def _rivals(self, middle: float) -> str:
        """Return the share that rivals have by a month; those of a line in doubt follow it."""
        horizon, share = number(float(self.fixed.lengths.sum())), self.city("market.rival_share")
        line = self.service.rivals_line
        if line is None:
            return f"{share}*{number(middle)}/{horizon}"
        part, volume = self.of_own("rival.line_share"), self.of_own("rival.line_vehicles_per_year")
        built = volume if line.vehicles_per_year is None else number(float(line.vehicles_per_year))
        late = number(max(0.0, middle - line.delay_months))
        return f"MIN(1,{share}*((1-{part})*{number(middle)}+{part}*{built}/{volume}*{late})/{horizon})"

    def market(self) -> str:
        """Return the city's riders over those that its curves were made for."""
        figures = self.service.city.figures
        keys = [k for k in ("market.trips_per_day", "market.platform_share") if k in figures and figures[k].value]
        return "*".join(f"({self.city(k)}/{number(figures[k].value)})" for k in keys) or "1"

    def _won(self, t: int) -> str:
        curve, pilot = self.own["adoption.curve_monthly"], self.of_own("adoption.operator_share")
        parts = [
            f"{number(ring.adds_per_day)}*{pilot if ring.pilot[t] else self.over(curve, ring.ages[:, t])}"
            for ring in self.service.rings
            if ring.open[t]
        ]
        return "+".join(parts) or "0"

    def city_won(self, t: int) -> str:
        """Return the share of riders that the city's services together may win in a period."""
        if self.service.city_pilot[t]:
            return self.of_own("adoption.operator_share")
        return self.over(self.own["adoption.curve_monthly"], self.service.city_ages[:, t])

    def write_trips(self, served: Array) -> None:
        """Write trips and kilometres; ``served``: the share of the most possible that the plan carries."""
        rows, service = self.rows, self.service
        table = self.own["fleet.trips_per_car_day_by_half_year"]
        best = [
            f"MAX({','.join(self.live.ref(table, k) for k in range(half + 1))})" for half in range(len(table.values))
        ]

        def each(t: int) -> str:
            return weighted([(float(w), best[k]) for k, w in enumerate(service.halves[:, t]) if w > NOISE])

        def curve(t: int) -> str:
            riders = rows.cell(self.riders, t)
            planes = {
                (round(float(b), 12), float(a * service.vehicles[t] + g))
                for a, b, g in service.planes[:, :, t]
                if np.isfinite(g)
            }
            told = [
                f"{number(rest)}+{number(slope)}*{riders}" if slope else number(rest) for slope, rest in sorted(planes)
            ]
            return f"MAX(0,MIN({','.join(told)}))"

        def trips(t: int) -> str:
            if not service.vehicles[t]:
                return "0"
            cars = f"{number(service.vehicles[t])}*(1+{self.of_own('service.spare_share')})"
            room = (service.km_most[t] - service.km_per_vehicle[t]) * service.vehicles[t]
            far = [number(max(0.0, room) / service.km_per_trip[t])] if service.km_per_trip[t] > 0 else []
            carried = f"MIN({curve(t)},{rows.cell(self.riders, t)})*{number(service.carried[t])}"
            far = [f for f in far if f != "inf"]
            return f"{number(served[t])}*MIN({','.join([carried, f'{each(t)}*{cars}', *far])})"

        idle = service.km_per_vehicle * service.vehicles
        rows.add("trips", "a day", trips)
        rows.add(
            "kilometres",
            "a day",
            lambda t: f"{number(service.km_per_trip[t])}*{rows.cell('trips', t)}+{number(idle[t])}",
        )

    # --- money ---

    def write_money(self, pools: Mapping[str, PoolFixed]) -> list[str]:
        """Write every money line; return their names."""
        lines = {**self._fares(), **self._costs(), **self._once()}
        if self.service.pays("capital"):
            lines["wear"] = self._wear(pools[self.service.stack.slug])
        for line, cell in lines.items():
            self.rows.add(line, "USD", cell)
        return list(lines)

    def _fares(self) -> Cells:
        rows, service, fixed = self.rows, self.service, self.fixed
        usd = self.of_own(f"fx.{service.city.currency}")

        def drivers(t: int) -> str:
            if not service.trip_km[t]:
                return "0"
            length = f"(0.25+0.75*{number(service.trip_km[t])}/{self.city('market.mean_trip_km')})"
            return f"{self.city('market.mean_fare_local')}*{usd}/(1+{self.city('market.fare_tax')})*{length}"

        rows.add(FARE, "USD", drivers, "plain")

        def fares(t: int) -> str:
            paying = number(service.paying[t] * fixed.days[t])
            fare = f"{rows.cell(FARE, t)}*{self.stack('contract.fare_multiplier')}"
            return f"{fare}*{paying}*{rows.cell('trips', t)}"

        share = self.stack("contract.platform_fare_share")
        lines: Cells = {"net_fares": fares, "partner_share": lambda t: f"-(1-{share})*{rows.cell('net_fares', t)}"}
        if fixed.case.request.value == "incremental":
            lost = service.city.figures["market.displaced_share_by_year"]
            lines["displaced"] = lambda t: (
                f"-{self.in_year(lost, t)}*{self.city('market.human_take_net')}*{rows.cell(FARE, t)}"
                f"*{rows.cell('trips', t)}*{number(fixed.days[t])}"
            )
        return lines

    def _costs(self) -> Cells:
        rows, service, fixed = self.rows, self.service, self.fixed
        months = service.vehicles * fixed.lengths
        licence = self.own["price.licence_index_by_year"]
        cover, agents = self.own["price.insurance_index_by_year"], self.own["remote.vehicles_per_agent_by_half_year"]

        def a_month(usd: str, t: int, count: float | None = None) -> str:
            return f"-{usd}*{number(months[t] if count is None else count)}"

        def minded(t: int) -> str:
            parts = []
            for half, weight in enumerate(service.staff_halves[:, t]):
                if weight > NOISE:
                    most = f"MAX({','.join(self.live.ref(agents, k) for k in range(half + 1))})"
                    lawful = (
                        f"MIN({most},{number(service.lawful_agents)})" if np.isfinite(service.lawful_agents) else most
                    )
                    parts.append(f"{number(float(weight))}/{lawful}")
            return f"({'+'.join(parts)})" if parts else "0"

        def energy(t: int) -> str:
            frost = f"(1+({self.city('weather.winter_energy_factor')}-1)*{number(fixed.winter[t])})"
            wheels = f"{rows.cell('kilometres', t)}*{self.stack('vehicle.energy_kwh_per_km')}*{frost}"
            computer = (
                f"{self.of_own('service.aux_kw')}*{self.of_own('service.service_hours')}*{number(service.vehicles[t])}"
            )
            price = f"{number(fixed.days[t])}*{self.city('cost.electricity_usd_per_kwh')}"
            return f"-({wheels}+{computer})/(1-{self.eco('charging_loss')})*{price}"

        km = {t: f"{rows.cell('kilometres', t)}*{number(fixed.days[t])}" for t in self.periods}
        paid: Cells = {
            "payment": lambda t: f"-{self.eco('payment_processing')}*{rows.cell('net_fares', t)}",
            "support": lambda t: (
                f"-{self.eco('customer_support_per_trip')}*{rows.cell('trips', t)}*{number(fixed.days[t])}"
            ),
            "energy": energy,
            "maintenance": lambda t: f"-{self.eco('maintenance_and_tyres_per_km')}*{km[t]}",
            "licence": lambda t: (
                f"-{self.stack('contract.licence_usd_per_km')}*{self.in_year(licence, t)}/{self.live.ref(licence, 0)}*{km[t]}"
            ),
            "insurance": lambda t: (
                f"-{self.city('cost.insurance_usd_per_km')}*{self.in_year(cover, t)}/{self.live.ref(cover, 0)}*{km[t]}"
            ),
            "operator_fee": lambda t: a_month(self.city("cost.operator_fee_usd_per_vehicle_month"), t),
            "data": lambda t: a_month(self.eco("connectivity_and_data_per_vehicle_month"), t),
            "remote": lambda t: a_month(f"{self.city('cost.remote_agent_usd_per_h')}*{HOURS_PER_MONTH}*{minded(t)}", t),
            "field": lambda t: a_month(
                f"{FIELD_DUTY}*{self.city('cost.field_agent_usd_per_h')}*{HOURS_PER_MONTH}"
                f"/{self.eco('event_response_vehicles_per_field_agent')}",
                t,
            ),
            "safety_operator": lambda t: a_month(
                f"{self.city('cost.operator_usd_per_h')}*{number(OPERATOR_HOURS_PER_MONTH)}",
                t,
                float(service.operators[t] * fixed.lengths[t]),
            ),
        }
        lines = {line: cell for line, cell in paid.items() if service.pays(line)}
        if service.pays("data"):
            lines["local_charges"] = lambda t: a_month(self.city("market.av_local_charge_usd_month"), t)
        lines["fixed_fee"] = lambda t: a_month(
            f"{self.stack('contract.fee_usd_per_vehicle_day')}*{number(DAYS_PER_MONTH)}", t
        )
        return lines

    def _once(self) -> Cells:
        service = self.service
        share = self.stack("contract.launch_share")
        charged = "1" if service.first_of_stack else self.of_own("launch.followup_factor")
        launch = f"{self.stack('contract.launch_cost_usd')}*{share}*{charged}"
        area = f"{self.of_own('area.expansion_usd_per_km2')}*{share}"
        lines: Cells = {
            "launch": lambda t: f"-{launch}*{number(service.started[t])}",
            "area": lambda t: f"-{area}*{number(service.area_km2[t])}",
            "exit": lambda t: f"-{self.of_own('exit.usd_per_service')}*{number(service.exits[t])}",
        }
        if service.pays("capital"):
            lines["placing"] = lambda t: f"-{self.of_own('fleet.delivery_usd')}*{number(service.added[t])}"
            lines["withdrawal"] = lambda t: f"-{self.of_own('fleet.move_usd_per_vehicle')}*{number(service.left[t])}"
        return lines

    def _wear(self, pool: PoolFixed) -> Callable[[int], str]:
        rows, service, fixed = self.rows, self.service, self.fixed
        spare, rest = self.of_own("service.spare_share"), self.of_own("fleet.residual_share")
        life = f"MAX(1,ROUND(12*{self.of_own('fleet.life_years')},0))"

        def wear(t: int) -> str:
            by_km = f"{rows.cell('kilometres', t)}*{number(fixed.days[t])}/{self.of_own('fleet.life_km')}"
            by_age = f"{number(service.vehicles[t] * fixed.lengths[t])}*(1+{spare})/{life}"
            return f"-MAX(0,{by_km}-{by_age})*{vehicle_price(self.live, fixed, pool, int(fixed.starts[t]))}*(1-{rest})"

        return wear
