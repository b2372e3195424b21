"""Add a city of your own: from polygons to a plan.

    python examples/your_own_city.py

San Ejemplo is made up: twelve square districts in California's Central Valley, a million people. The catalogue is copied to a
temporary folder first, so that nothing of yours changes; with a copy of your own you would set FLEETPLAN_CATALOGUE to its folder
and edit the files by hand where this script does. The marks ``# %%`` begin cells for editors that know notebooks.
"""

# %% A catalogue to work on: a copy, in a folder of its own.

import csv
import json
import shutil
import tempfile
from pathlib import Path

import fleetplan
from fleetplan.catalogue import default_catalogue_path
from fleetplan.catalogue.describe import check_row, check_text
from fleetplan.catalogue.new_asked import Districts
from fleetplan.catalogue.newcity import new_city
from fleetplan.errors import CatalogueError

work = Path(tempfile.mkdtemp(prefix="fleetplan-"))
catalogue = work / "cities"
shutil.copytree(default_catalogue_path(), catalogue)

# %% The polygons: any file that GIS tools write will do, with a name and the people of each district. Here: 4 by 3 squares of
# about 3 km, with most people in the middle.

PEOPLE = [[40_000, 90_000, 80_000, 35_000], [60_000, 160_000, 170_000, 70_000], [40_000, 95_000, 110_000, 50_000]]
SOUTH, WEST, STEP = 36.50, -119.95, 0.03


def square(row: int, column: int) -> list[list[list[float]]]:
    """Return the ring of one district, in degrees of longitude and latitude."""
    low, left = SOUTH + row * STEP, WEST + column * STEP
    corners = [(left, low), (left + STEP, low), (left + STEP, low + STEP), (left, low + STEP), (left, low)]
    return [[list(corner) for corner in corners]]


features = [
    {
        "type": "Feature",
        "properties": {"district": f"District {row + 1}-{column + 1}", "population": people},
        "geometry": {"type": "Polygon", "coordinates": square(row, column)},
    }
    for row, line in enumerate(PEOPLE)
    for column, people in enumerate(line)
]
polygons = work / "districts.geojson"
polygons.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")

# %% Begin the city. On the command line: fleetplan cities new "San Ejemplo" --districts districts.geojson

city = new_city("San Ejemplo", polygons, out=catalogue, said=Districts(year=2026))
print(f"written: {city.name}, with {', '.join(sorted(file.name for file in city.iterdir()))}")

# %% What has to be filled in? On the command line: fleetplan cities check. Every fault comes at once.

try:
    fleetplan.load_catalogue(catalogue)
except CatalogueError as error:
    print("\nTo fill in")
    for fault in error.faults:
        print(f"  {fault.where}: {fault.what}")

# %% Fill it in: where the city lies, whose law holds, which money. California's permits are in the catalogue already. What
# the partner holds of them was given for two counties by the bay, so the city needs a law of its own: the permit that adds San
# Ejemplo. Leave that file out, and the plan says that no permit covers the city.

BLANKS = {
    'country = ""': 'country = "US"',
    "jurisdictions = []": 'jurisdictions = ["united-states", "california", "san-ejemplo"]',
    'currency = ""': 'currency = "USD"',
    'time_zone = ""': 'time_zone = "America/Los_Angeles"',
    'drive_side = ""': 'drive_side = "right"',
}
text = (city / "city.toml").read_text(encoding="utf-8")
for blank, filled in BLANKS.items():
    text = text.replace(blank, filled)

LAW = """
[jurisdiction]
slug = "san-ejemplo"
name = "San Ejemplo"
level = "city"

[[permit]]
id = "san-ejemplo-area-extension"
title = "Area extension"
permit = "amendment of the deployment permit"
authority = "California DMV, then CPUC staff"
scope = "city"
holder = "stack"
all_of = ["cpuc-driverless-deployment"]
any_of = []
after_start = []
event = ""
months_min = 1.4
months_likely = 4
months_max = 9
opens = "area"
fare_factor = 1.0
operator_on_board = false
vehicles_per_remote_operator = 0
fleet_cap = 0
fleet_cap_kind = "concurrent"
area = "adds the city"
hours = "none"
area_levels = 0
airport = ""
optional = true
fee = ""
notes = "The months are those of Los Angeles."
source = "made up for this example"
confidence = "assumed"
"""
(catalogue / "jurisdictions" / "san-ejemplo.toml").write_text(LAW.lstrip(), encoding="utf-8")

# Two defaults that matter most: how many rides there are, and what one costs. Each figure names its source; ours are made up as
# well, and say so.
FIGURES = {
    ("market.trips_per_day", "trips/day"): 150_000,
    ("market.mean_fare_local", "local currency/trip"): 21,
}
for (key, unit), value in FIGURES.items():
    head, figure, rest = text.partition(f"[{key}]\n")
    _, _, rest = rest.partition("confidence = ")
    text = f'{head}{figure}value = {value}\nunit = "{unit}"\nsource = "made up for this example"\nconfidence = {rest}'
(city / "city.toml").write_text(text, encoding="utf-8")

# %% A yard to charge at, and a partner with whom there are talks. `fleetplan cities new` wrote a row for every stack.

with (city / "depots.csv").open("a", encoding="utf-8", newline="") as file:
    yard = ["Old cannery", 36.545, -119.90, 60, 92.5, "spare", 9, "", "made up for this example", "assumed"]
    csv.writer(file, lineterminator="\n").writerow(yard)

with (catalogue / "deployments.csv").open(encoding="utf-8", newline="") as file:
    deployments = list(csv.DictReader(file))
for row in deployments:
    if (row["stack"], row["city"]) == ("lucid-nuro-gravity", "san-ejemplo"):
        row |= {
            "permitted": "yes",
            "reason": "holds California's first permits",
            "deal": "talks",
            "deal_note": "made up",
        }
        row |= {"source": "made up for this example"}
with (catalogue / "deployments.csv").open("w", encoding="utf-8", newline="") as file:
    table = csv.DictWriter(file, list(deployments[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(deployments)

# %% Check again: the catalogue is sound now, and the check says what is still a default.

known = fleetplan.load_catalogue(catalogue)
print(f"\n{check_text(check_row(known), catalogue)}")

# %% Plan it. Its zones, trips and response curves are computed now and kept for the next time.

request = fleetplan.parse_request(
    {
        "name": "San Ejemplo",
        "cities": ["San Ejemplo"],
        "capital": {"per_quarter_usd": 10e6},
        "horizon": {"start": "2027-01", "months": 48, "single_months": 0},
    }
)
plan = fleetplan.plan(request, fleetplan.Run(catalogue=known), time_limit_s=30, gap=0.01)
(rollout,) = plan.cities

print(
    f"\n{plan.name}: worth {plan.objective / 1e6:,.1f} million USD, no plan is worth more than {plan.bound / 1e6:,.1f}"
)
print(f"  {rollout.outcome.sentence}")
for line in rollout.deployments:
    print(f"  {line.partner} opens in {line.launch}, without a driver from {line.driver_out or 'never'}")
    print(f"  {line.vehicles[-1]:,} vehicles carry {line.trips_per_day[-1]:,.0f} riders' trips a day at the end")
print(f"  it leans on {len(rollout.doubtful_figures)} figures that are assumed or doubtful; the first ones to replace:")
for use in rollout.doubtful_figures[:5]:
    print(f"    {use.key} = {use.value:g} {use.unit}")

# %% Throw the copy away.

shutil.rmtree(work)
