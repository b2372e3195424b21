/* The comparison page: decisions filtered, the map of the difference, and causes found out by plans with one change alone. */
import { plotly } from "./lib/plotly.js";
import { count, duration, month } from "./lib/format.js";
import { loadGround } from "./lib/ground.js";
import { drawMap, hasWebGl } from "./lib/map.js";
import { at, call, say, showProblems } from "./lib/http.js";

const POLL_MS = 2000;
const byId = (id) => document.getElementById(id);
const read = (id) => JSON.parse(byId(id)?.textContent ?? "null");
const page = byId("comparison");
const { a, b } = page.dataset;

/* --- decisions --- */

function filterDecisions() {
  const kind = document.querySelector("[name=kind]:checked").value;
  const place = byId("place").value;
  let left = 0;
  for (const row of document.querySelectorAll("table.decisions tbody tr")) {
    row.hidden = Boolean((kind && row.dataset.kind !== kind) || (place && row.dataset.city !== place));
    left += !row.hidden;
  }
  byId("none-left").hidden = left > 0;
  say(`${left} decision${left === 1 ? "" : "s"} shown`);
}

if (byId("place")) {
  byId("place").addEventListener("change", filterDecisions);
  for (const input of document.querySelectorAll("[name=kind]")) input.addEventListener("change", filterDecisions);
}

/* --- causes --- */

const toMake = read("to-make");

async function find() {
  byId("find").disabled = true;
  byId("problems").hidden = true;
  try {
    for (const { href, body, idempotency_key: key } of toMake.calls) await call("POST", href, body, { "Idempotency-Key": key });
    byId("find").hidden = true;
    say("The plans with one change alone are being made");
    await follow();
  } catch (error) {
    byId("find").disabled = false;
    showProblems(byId("problems"), error);
  }
}

/* Ask until every change is known; the page is then read anew. What fails or is stopped ends the waiting as well. */
async function follow() {
  byId("progress").hidden = false;
  const began = Date.now();
  for (;;) {
    const { causes } = await call("GET", at(`/v1/plans/${a}/comparison?with=${b}`));
    showProgress(causes.changes, Date.now() - began);
    if (causes.state !== "running") break;
    await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
  }
  say("Known: the page is read anew");
  location.hash = "why";
  location.reload();
}

const STATES = { known: "known", running: "being made", queued: "waits to be made", failed: "could not be made", cancelled: "stopped before it was made", missing: "not known yet" };

function showProgress(changes, passed) {
  const known = changes.filter((change) => change.state === "known").length;
  byId("bar").max = changes.length;
  byId("bar").value = known;
  byId("progress-words").textContent = `${known} of ${changes.length} known, ${duration(passed / 1000)}`;
  for (const change of changes) {
    const place = document.querySelector(`[data-pointer="${CSS.escape(change.pointer)}"] .unknown`);
    if (place) place.textContent = STATES[change.state];
  }
}

byId("find")?.addEventListener("click", find);
if (toMake.state === "running") follow().catch((error) => showProblems(byId("problems"), error));

/* --- the map of the difference --- */

const areas = read("areas") ?? [];
const shown = { city: areas[0], ground: null, map: null, turn: 0 };

function kindOf(level, in_a, in_b) {
  if (!level) return "none";
  if (level <= in_a && level <= in_b) return "open";
  if (level <= in_a) return "only_a";
  return level <= in_b ? "only_b" : "candidate";
}

function paint() {
  const { city } = shown;
  const t = Number(byId("map-slider").value);
  const [in_a, in_b] = [city.a[t], city.b[t]];
  const km2 = (level) => city.km2[level] ?? 0;
  byId("map-month").textContent = month(city.months[t]);
  byId("map-slider").setAttribute("aria-valuetext", month(city.months[t]));
  const [both, only_a, only_b] = [Math.min(km2(in_a), km2(in_b)), Math.max(0, km2(in_a) - km2(in_b)), Math.max(0, km2(in_b) - km2(in_a))];
  for (const [id, value] of [["km2-both", both], ["km2-a", only_a], ["km2-b", only_b]]) byId(id).textContent = `${count(value)} km²`;
  const first = city.months.findIndex((_, k) => city.a[k] !== city.b[k]);
  byId("map-words").textContent = first < 0 ? "The same area in every month." : `Areas differ first in ${month(city.months[first])}.`;
  shown.map?.fill((i) => kindOf(shown.ground.zones.level[i], in_a, in_b));
}

/* The month in which the two areas are farthest apart, the last one where they are the same. */
function farthest(city) {
  const apart = city.months.map((_, t) => Math.abs(city.km2[city.a[t]] - city.km2[city.b[t]]));
  const most = Math.max(...apart);
  return most ? apart.indexOf(most) : city.months.length - 1;
}

function zoneWords(i) {
  const { level, trips } = shown.ground.zones;
  const opens = (side) => shown.city.months[shown.city[side].findIndex((k) => level[i] && k >= level[i])];
  const told = (side) => (opens(side) ? month(opens(side)) : "never");
  return { head: `${count(trips[i])} trips a day`, lines: level[i] ? [`opens ${told("b")}; in the other plan ${told("a")}`] : ["outside every candidate area"] };
}

async function showCity() {
  const turn = ++shown.turn;
  const { city } = shown;
  byId("map-slider").max = city.months.length - 1;
  byId("map-slider").value = farthest(city);
  const whose = city.whose === "b" ? b : a;
  byId("map-link").href = at(`/plans/${whose}/cities/${city.city}`);
  shown.map?.close();
  shown.map = null;
  paint();
  if (!hasWebGl()) {
    byId("no-map").hidden = false;
    return;
  }
  const box = document.createElement("div");
  box.className = "difference-map";
  box.id = "difference-map";
  byId("difference-map").replaceWith(box);
  const ground = await loadGround(at(`/plans/${whose}/cities/${city.city}/ground.json`));
  await plotly();
  if (turn !== shown.turn) return;
  shown.ground = ground;
  const map = await drawMap(box, ground, { label: `Map of ${city.name}: where the areas of the two plans differ`, outlines: [], zone: zoneWords });
  if (turn !== shown.turn) map.close();
  else {
    shown.map = map;
    paint();
  }
}

function fail() {
  byId("no-map").textContent = "The map could not be loaded. The areas stand beside it.";
  byId("no-map").hidden = false;
}

if (areas.length) {
  byId("map-slider").addEventListener("input", paint);
  byId("map-city").addEventListener("change", (event) => {
    shown.city = areas.find((city) => city.city === event.target.value);
    showCity().catch(fail);
  });
  /* The map comes when somebody scrolls near it: its library is large. */
  byId("map-slider").max = shown.city.months.length - 1;
  byId("map-slider").value = farthest(shown.city);
  paint();
  const watcher = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watcher.disconnect();
    showCity().catch(fail);
  }, { rootMargin: "600px" });
  watcher.observe(byId("map"));
}
page.dataset.ready = "yes";
