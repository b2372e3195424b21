"""What each figure of the catalogue is called, which rule or money line reads it, and what would make it firmer.

The rules and lines are those of ``docs/model.md``. A figure that no rule reads is kept for the record and says so.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from fleetplan.economics import LINES


class Words(NamedTuple):
    """A figure's name in words, what reads it (empty: nothing does), and the topic it belongs to."""

    title: str
    use: str
    topic: str


TOPICS: Final = {
    "market": "Market and fares",
    "people": "People and jobs",
    "places": "Hot spots and gateways",
    "speed": "Traffic and weather",
    "pattern": "Season and hours",
    "cost": "Local costs",
    "depots": "Depots",
    "law": "Permits",
    "rivals": "Rivals",
    "vehicle": "Vehicles",
    "contract": "Contracts",
    "supply": "Supply",
    "operation": "Fleet operation",
    "finance": "Finance and exchange",
    "economics": "Unit economics",
}
FIRMER: Final = {
    "market": "A year of the platform's own trips, fares and unmet requests in the city.",
    "people": "The newest census or register by district, and the statistics office's jobs by place of work.",
    "places": "Counted pick-ups and drop-offs at the place, or the operator's own passenger statistics.",
    "speed": "Measured trip times of the platform's drivers, and a log of days on which vehicles stood still.",
    "pattern": "The platform's own trips by hour, weekday and month.",
    "cost": "A quote from a supplier in the city, or the payroll of staff who do this work there.",
    "depots": "A letter of intent from the landlord and a dated connection offer from the grid company.",
    "law": "A dated answer of the authority, or the file of an applicant who has been through it.",
    "rivals": "The rival's permit file or a count of its vehicles on the street.",
    "vehicle": "The maker's data sheet under contract, or metered kilometres of vehicles in service.",
    "contract": "The signed term sheet.",
    "supply": "The partner's delivery schedule with what it owes when it slips.",
    "operation": "Half a year of records of a driver-out fleet: what it does, what it waits for, what it costs.",
    "finance": "A lender's term sheet, or the treasury's planning rates.",
    "economics": "Invoices or published accounts of a fleet of this kind.",
}

_NET = "net fares: fare × trips"
CITY: Final = {
    "market.trips_per_day": Words(
        "Taxi and ride-hail trips a day", "demand: all trips are spread over zones", "market"
    ),
    "market.platform_share": Words("Share of trips on the platform", "demand: the part that can be served", "market"),
    "market.mean_trip_km": Words("Mean trip, airport trips apart", "demand: trip lengths; fare by distance", "market"),
    "market.mean_fare_local": Words("Mean fare, tax included", _NET, "market"),
    "market.fare_tax": Words("Tax inside the fare", _NET, "market"),
    "market.airport_share": Words("Share of trips with an airport end", "demand: airport trips", "market"),
    "market.av_local_charge_usd_month": Words("Local charges a vehicle", "money line local charges", "market"),
    "market.displaced_share_by_year": Words("Trips that replace drivers' trips", "money line displaced", "market"),
    "market.human_take_net": Words("Kept of a driver's fare", "money line displaced", "market"),
    "market.rival_share": Words("Share taken by rival robotaxis", "rule demand: grows to this by the end", "rivals"),
    "speed.peak_kmh": Words("Speed at peak", "travel times between zones", "speed"),
    "speed.offpeak_kmh": Words("Speed off peak", "travel times between zones", "speed"),
    "speed.freeway_kmh": Words("Speed on freeways", "travel times over freeway links", "speed"),
    "speed.circuity": Words("Road distance over crow distance", "travel distances between zones", "speed"),
    "cost.electricity_usd_per_kwh": Words("Electricity at the depot", "money line energy", "cost"),
    "cost.remote_agent_usd_per_h": Words("Remote agent, an hour", "money line remote", "cost"),
    "cost.field_agent_usd_per_h": Words("Field agent, an hour", "money line field", "cost"),
    "cost.operator_usd_per_h": Words("Safety operator, an hour", "money line safety operator", "cost"),
    "cost.insurance_usd_per_km": Words("Insurance of a vehicle, a km", "money line insurance", "cost"),
    "cost.operator_fee_usd_per_vehicle_month": Words("Fleet operator's fee", "money line operator fee", "cost"),
    "cost.charger_stall_usd": Words("A charger stall, installed", "money line stalls; budget", "depots"),
    "cost.depot_fixed_usd": Words("Opening a depot, stalls apart", "money line depot site; budget", "depots"),
    "cost.profit_tax": Words("Tax on profit", "value after tax", "finance"),
    "weather.days_without_service": Words("Days a year without service", "response curves: days served", "speed"),
    "weather.winter_energy_factor": Words("Energy in winter months", "money line energy; response curves", "speed"),
    "season.month_factors": Words("Demand by month", "rule demand: season", "pattern"),
    "profile.weekday": Words("Trips by hour on weekdays", "response curves: trips of each hour", "pattern"),
    "profile.weekend": Words("Trips by hour at weekends", "response curves: trips of each hour", "pattern"),
    "profile.day_of_week": Words("Trips by day of the week", "response curves: weekdays against weekends", "pattern"),
    "population.scale": Words("Newer population over sum of districts", "people by zone", "people"),
}
_WAIT = "response curves: how many trips a fleet serves"
CITY_FITTED: Final = {
    "law.search_factor": Words("Ways to riders over the square-root law's", f"{_WAIT}; deadhead", "operation"),
    "law.rebalance_factor": Words("Empty ways between stands over the least", f"{_WAIT}; deadhead", "operation"),
    "law.reserve": Words("Cars held against chance", _WAIT, "operation"),
    "law.least_way_min": Words("Way to a rider left however many cars stand", f"{_WAIT}; deadhead", "operation"),
    "law.turn_shape": Words("How alike waits for a car to become free are", _WAIT, "operation"),
}
_VEHICLE = "money lines vehicles, loan, wear, resale, residual, terminal; budget"
STACK: Final = {
    "vehicle.price_usd": Words("Price of a vehicle, landed", _VEHICLE, "vehicle"),
    "vehicle.kit_share": Words("Share of the driving kit in the price", f"{_VEHICLE}: falls by year", "vehicle"),
    "vehicle.battery_kwh": Words("Battery", f"{_VEHICLE}: cells get cheaper", "vehicle"),
    "vehicle.energy_kwh_per_km": Words("Energy, driving only", "money line energy", "vehicle"),
    "contract.platform_fare_share": Words("Platform's share of net fares", "money line partner share", "contract"),
    "contract.fee_usd_per_vehicle_day": Words("Fixed fee, a vehicle and day", "money line fixed fee", "contract"),
    "contract.licence_usd_per_km": Words("Licence, a kilometre", "money line licence", "contract"),
    "contract.launch_cost_usd": Words("Cost of a launch", "money line launch; budget", "contract"),
    "contract.launch_share": Words("Platform's share of launch cost", "money lines launch, area; budget", "contract"),
    "contract.fare_multiplier": Words(
        "Fare over the city's fare", "net fares; demand, by price elasticity", "contract"
    ),
    "contract.financed_share": Words(
        "Share of price financed by others", "money lines vehicles, loan; budget", "contract"
    ),
    "contract.minimum_quantity": Words("Minimum quantity", "money line shortfall", "contract"),
    "contract.minimum_years": Words("Years for the minimum quantity", "money line shortfall", "contract"),
    "contract.shortfall_usd_per_vehicle": Words("Owed for each vehicle not taken", "money line shortfall", "contract"),
    "supply.placeable": Words("Vehicles to be had by year's end", "rule stack supply", "supply"),
    "supply.yearly_cap": Words("Legal volume cap a year", "rule supply yearly cap", "supply"),
}
_FX = Words("Exchange rate", "net fares: local currency to USD", "finance")
OWN: Final = {
    "adoption.curve_monthly": Words("Adoption by months of driver-out service", "rule demand: adoption", "market"),
    "adoption.operator_share": Words("Riders of a pilot with an operator", "rule demand: adoption", "market"),
    "area.doubling_months": Words("Months in which an area doubles", "rule area growth", "operation"),
    "price.elasticity": Words("Response of trips to price", "rule demand: fare multiplier", "market"),
    "price.kit_index_by_year": Words("Price of the driving kit by year", f"{_VEHICLE}; by kit share", "finance"),
    "price.battery_usd_per_kwh_by_year": Words("Price of batteries by year", f"{_VEHICLE}; by kWh", "finance"),
    "price.licence_index_by_year": Words("Licence by year", "money line licence", "finance"),
    "price.insurance_index_by_year": Words("Insurance by year", "money line insurance", "finance"),
    "wait.elasticity": Words("Response of trips to wait", _WAIT, "market"),
    "wait.reference_min": Words("Wait at which the response is stated", _WAIT, "market"),
    **{key.replace("law.", "service."): words for key, words in CITY_FITTED.items()},
    "service.spare_share": Words(
        "Spare vehicles", "money lines vehicles, loan, wear, resale, residual, terminal", "operation"
    ),
    "service.out_share": Words("Vehicles in cleaning or repair", _WAIT, "operation"),
    "service.boarding_min": Words("Boarding and alighting", _WAIT, "operation"),
    "service.pickup_fixed_min": Words("Fixed part of a pickup", _WAIT, "operation"),
    "service.batching_s": Words("Time to batch requests", _WAIT, "operation"),
    "service.staging_km_per_vehicle_day": Words("Staging and depot kilometres", f"{_WAIT}; deadhead", "operation"),
    "service.aux_kw": Words("Power of computer and sensors", "money line energy; response curves", "operation"),
    "service.service_hours": Words("Hours a day switched on", "money line energy; response curves", "operation"),
    "service.charge_window_kw_share": Words("Mean charging power over peak", _WAIT, "operation"),
    "service.pace": Words("Robotaxi speed over traffic speed", _WAIT, "operation"),
    "service.energy_kwh_per_km": Words("Energy in the response curves", _WAIT, "operation"),
    "service.usable_kwh": Words("Energy between charging stops", _WAIT, "operation"),
    "service.charging_stop_h": Words("Time of a stop besides charging", _WAIT, "operation"),
    "fleet.trips_per_car_day_by_half_year": Words(
        "Most trips a car and day by half years driver-out", "rule productivity", "operation"
    ),
    "fleet.growth_vehicles_per_month": Words("Vehicles a running fleet adds a month", "rule ramp", "operation"),
    "fleet.growth_share_per_month": Words("Growth of a fleet a month", "rule ramp", "operation"),
    "fleet.first_year_fleet": Words("Most vehicles in a service's first year", "rule first year fleet", "operation"),
    "fleet.partner_growth_vehicles_per_month": Words(
        "Vehicles a partner adds a month over all cities", "rule partner growth", "operation"
    ),
    "fleet.partner_growth_share_per_month": Words(
        "Growth of a partner's fleets a month", "rule partner growth", "operation"
    ),
    "partner.contract_years": Words("Years of a partner's contract", "rule partner earns", "contract"),
    "partner.least_margin": Words("Share of its receipts that a partner must keep", "rule partner earns", "contract"),
    "fleet.partner_least_trips": Words("Least trips a partner's vehicle makes", "rule partner use", "contract"),
    "fleet.km2_per_vehicle_most": Words("Area a vehicle may serve at most", "rule area density", "operation"),
    "fleet.life_years": Words(
        "Life of a vehicle", "rule owned fleet; money lines wear, resale, loan, terminal", "finance"
    ),
    "fleet.life_km": Words("Life of a vehicle in kilometres", "money line wear", "finance"),
    "fleet.residual_share": Words(
        "Worth at the end of its life", "money lines wear, resale, residual, terminal", "finance"
    ),
    "fleet.delivery_usd": Words("Delivery of a vehicle", "money line placing; budget", "operation"),
    "fleet.move_usd_per_vehicle": Words("Moving a vehicle out of a city", "money line withdrawal", "operation"),
    "exit.usd_per_service": Words("Ending a service in a city", "money line exit", "operation"),
    "suspension.recovery_months": Words("Recovery after a suspension", "rules min_fleet, area_density", "operation"),
    "suspension.forgotten_months": Words("Adoption lost in a suspension", "rule demand", "operation"),
    "fleet.min_launch_fleet": Words("Least fleet of a driver-out service", "rule least fleet", "operation"),
    "fleet.likely_launch_fleet": Words("Vehicles that an opening brings at once", "rule ramp", "operation"),
    "fleet.operator_pilot_cap": Words("Most vehicles with an operator on board", "rule operator pilot", "operation"),
    "fleet.test_fleet": Words("Vehicles in tests", "rules least fleet, stack supply, depot capacity", "operation"),
    "remote.vehicles_per_agent_by_half_year": Words(
        "Vehicles a remote agent watches by half years driver-out", "money line remote; rule remote staff", "operation"
    ),
    "launch.followup_factor": Words("Cost of a later launch over the first", "money line launch; budget", "contract"),
    "depot.stall_life_years": Words("Life of a charger stall", "residual and terminal value of stalls", "finance"),
    "team.usd_per_year": Words("City team", "money line team", "operation"),
    "area.expansion_usd_per_km2": Words("Opening a further km²", "money line area; budget", "contract"),
    "public_charge_usd_per_kwh": Words("Public charging", "money line public charging", "operation"),
    "supply.fixed_cost_share": Words("Fixed cost of a plant", f"{_VEHICLE}: below break-even", "supply"),
    "rival.line_share": Words("Rivals' share that rests on a rival's line", "rule demand: rivals", "rivals"),
    "rival.line_vehicles_per_year": Words("Vehicles of a rival's line", "rule demand: rivals", "rivals"),
    "supply.public_charging_cars": Words("Vehicles at public chargers at most", "rule depot capacity", "depots"),
    "terminal.years": Words("Years counted after the horizon", "money lines residual, terminal", "finance"),
    "terminal.growth": Words("Growth after the horizon", "money line terminal", "finance"),
    "finance.inflation": Words("Inflation", "money line loan", "finance"),
    "finance.interest": Words("Interest on vehicles", "money lines loan, terminal", "finance"),
    "finance.loan_to_value": Words(
        "Share of price a lender finances", "money lines vehicles, loan, terminal; budget", "finance"
    ),
    "finance.term_years": Words("Term of a loan", "money lines loan, residual", "finance"),
}


def _read_by(figure: str) -> str:
    """Return which money lines read an item of economics.csv or a key of assumptions.toml; empty for none."""
    lines = [name.replace("_", " ") for name, line in LINES.items() if figure in line.figures]
    return f"money line{'s' if len(lines) > 1 else ''} {', '.join(lines)}" if lines else ""


LAW: Final = {
    "months": Words("Months", "rule permit path: when a mode may open", "law"),
    "fleet_cap": Words("Vehicles allowed", "rule permit cap", "law"),
    "vehicles_per_remote_operator": Words("Vehicles for a remote operator at most", "money line remote", "law"),
}
ECONOMICS: Final = {"vehicles_per_fast_stall": "rule depot capacity; response curves"}
"""What reads an item that no money line reads."""

ROWS: Final = {
    "population": Words("Residents", "people by zone, hence trips", "people"),
    "jobs": Words("Jobs", "people by zone, hence trips", "people"),
    "area_km2": Words("Area", "which zones a district holds", "people"),
    "weight": Words("Pull on trips", "people by zone: where jobs cluster", "places"),
    "passengers_per_day": Words("Passengers a day", "demand: trips of the airport or station", "places"),
    "trip_share": Words("Share of the city's trips", "demand: trips of the airport", "places"),
    "stalls": Words("Charger stalls at most", "rule depot capacity", "depots"),
    "kw_per_stall": Words("Power of a stall", "response curves: charging", "depots"),
    "lead_months": Words("Months from order to power", "rule depot capacity", "depots"),
}
_UPPER: Final = {"us": "US", "av": "AV", "ads": "ADS", "ev": "EV", "usd": "USD", "eur": "EUR", "cny": "CNY", "fx": "FX"}


def plain(item: str) -> str:
    """Return a key of economics.csv as words.

    >>> plain("insurance_usd_per_vehicle_year")
    'Insurance USD per vehicle year'
    """
    words = [_UPPER.get(word, word) for word in item.split("_")]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])


def words_of(key: str) -> Words:
    """Return the words of a figure by its key, such as ``london/city.toml#market.trips_per_day``."""
    file, _, inner = key.partition("#")
    if file == "economics.csv":
        return Words(plain(inner), ECONOMICS.get(inner) or _read_by(inner), "economics")
    if file == "assumptions.toml":
        return _own(inner)
    if file.startswith("jurisdictions/"):
        return LAW[inner.rpartition(".")[2]]
    if file.startswith("partners/"):
        return STACK.get(inner, Words(plain(inner.replace(".", " ")), "", "contract"))
    if found := CITY.get(inner) or CITY_FITTED.get(inner):
        return found
    name, _, column = inner.rpartition(".")
    found = ROWS.get(column, Words(plain(column), "", "places"))
    return found._replace(title=f"{found.title}: {name}")


def _own(inner: str) -> Words:
    if inner.startswith("fx.") and inner not in OWN:
        return _FX._replace(title=f"US dollars for one {inner.removeprefix('fx.')}")
    if inner.startswith("slip."):
        return Words(
            plain(inner.replace(".", " ")), "rule permit path: how late promises come, and how sure that is", "law"
        )
    return OWN.get(inner, Words(plain(inner.replace(".", " ")), _read_by(inner), "finance"))
