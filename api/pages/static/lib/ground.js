/* Reads ground.json (fleetplan/report/ground.py) back into what a map draws, and says in words what stands where and when. */
import { count, month } from "./format.js";
import { call } from "./http.js";

/** Fetch a city's ground; `shade` of each zone is the number of breaks that its trips per km2 reach. */
export async function loadGround(address) {
  const ground = await call("GET", address);
  const { trips, km2 } = ground.zones;
  ground.zones.shade = trips.map((n, i) => ground.breaks.filter((b) => n / Math.max(km2[i], 0.05) >= b).length);
  return ground;
}

/** A ring of whole-number steps as closed longitude-latitude points. */
export function points(ground, ring) {
  const [west, south] = ground.origin;
  let [x, y] = ring;
  const found = [[west + x / ground.scale, south + y / ground.scale]];
  for (let i = 2; i < ring.length; i += 2) {
    x += ring[i];
    y += ring[i + 1];
    found.push([west + x / ground.scale, south + y / ground.scale]);
  }
  found.push(found[0]);
  return found;
}

const feature = (geometry, properties = {}, id = undefined) => ({ type: "Feature", id, geometry, properties });
const collection = (features) => ({ type: "FeatureCollection", features });
const multi = (ground, polygons) => ({ type: "MultiPolygon", coordinates: polygons.map((rings) => rings.map((r) => points(ground, r))) });

/** The map's sources as GeoJSON. */
export function shapes(ground) {
  const { ring, shade } = ground.zones;
  const [west, south, east, north] = ground.reach;
  const frame = [[west, south], [east, south], [east, north], [west, north], [west, south]];
  return {
    reach: collection([feature({ type: "Polygon", coordinates: [frame] })]),
    water: collection([feature(multi(ground, ground.water))]),
    zones: collection(ring.map((r, i) => feature({ type: "Polygon", coordinates: [points(ground, r)] }, { shade: shade[i] }, i))),
    levels: collection(ground.levels.map((k) => feature(multi(ground, k.rings), { level: k.level }))),
    crossings: collection(ground.crossings.map((c, i) => feature({ type: "LineString", coordinates: [c.a, c.b] }, { open: c.open }, i))),
  };
}

/** The widest level that any stack has open in a period, 0 for none. */
export const widest = (ground, t) => Math.max(0, ...ground.stacks.map((s) => s.level[t]));

/** The month in which a stack opens a level, null if it never does. */
export function opens(ground, stack, level) {
  const t = level ? stack.level.findIndex((k) => k >= level) : -1;
  return t < 0 ? null : ground.periods[t];
}

/** Where a zone lies, in words. */
export function whereabouts(ground, i) {
  const { names, near, away } = ground.zones;
  if (!names.length) return "Zone";
  return away[i] < 1 ? names[near[i]] : `${away[i].toFixed(1)} km from ${names[near[i]]}`;
}

/** What is known of a zone in a period: a head and lines. */
export function zoneWords(ground, i, t) {
  const { trips, people, level } = ground.zones;
  const lines = [`${count(trips[i])} trips a day, ${count(people[i])} people`];
  if (!level[i]) lines.push("outside every candidate area");
  for (const stack of ground.stacks) {
    const first = opens(ground, stack, level[i]);
    if (first) lines.push(`${stack.partner}: ${first <= ground.periods[t] ? "open since" : "opens"} ${month(first)}`);
  }
  if (level[i] && lines.length === 1) lines.push(`candidate area ${level[i]}, not opened in this plan`);
  return { head: whereabouts(ground, i), lines };
}

/** What a depot is in a period: "later" until it is ordered, "ordered" until it charges, then "live". */
export function depotState(ground, depot, t) {
  if (depot.from <= t) return "live";
  return depot.ordered <= ground.periods[t] ? "ordered" : "later";
}

export function depotWords(ground, depot, t) {
  const end = depot.live >= ground.end ? "beyond the horizon" : `live ${month(depot.live)}`;
  const stalls = depot.stalls[t] ? `${count(depot.stalls[t])} stalls in ${month(ground.periods[t])}` : `${count(depot.stalls.at(-1))} stalls at the end`;
  return { head: `Depot ${depot.site}`, lines: [`ordered ${month(depot.ordered)}, ${end}`, stalls] };
}
