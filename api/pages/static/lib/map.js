/* A city's map: zones by demand, areas in force, crossings, depots, gateways. Plotly carries it, MapLibre inside draws it.

   import { drawMap, hasWebGl } from "./lib/map.js";
   import { loadGround } from "./lib/ground.js";

   const ground = await loadGround(`/plans/${plan}/cities/${city}/ground.json`);
   const map = await drawMap(box, ground, { label: "Map of London", outlines: ["s0", "s1"], zone: (i) => ({ head, lines }) });
   map.fill((i) => "open");        kind of each zone by its index: one of KINDS; only what changed is painted
   map.outline(0, level);          outline number 0 (colour class outlines[0]) shows that ladder level; 0 hides it
   map.depots([{ at: [lon, lat], state: "live", head, lines }]);   state: live, ordered or later (not shown)
   map.fit(); map.zoom(1);         the whole city; nearer or farther
   map.close();                    frees the map

   `box` is an empty element with a size and `position: relative`; `box.dataset.ready` is "yes" once the map stands. `zone` tells
   what the card beside the pointer says. Give `outlines: []` for none. drawMap throws where there is no WebGL: keep the drawn
   map of the server then. `showPeriod(map, ground, t)` does fill, outline and depots for one plan. Colours follow the page.
   How zones are filled: none (no candidate), candidate, open, and for two plans only_a (hatched), only_b. */
import { plotly } from "./plotly.js";
import { colour, onColours } from "./colours.js";
import { depotState, depotWords, shapes, widest, zoneWords } from "./ground.js";

export const KINDS = ["none", "candidate", "open", "only_a", "only_b"];
const RAMPS = { candidate: ["g0", "faint", 0.7], open: ["o0", "accent"], only_a: ["s1", "s5"], only_b: ["s2", "s2"] };
const KIND = ["coalesce", ["feature-state", "kind"], 1];
const MOST_LABELS = 10;
const SCALE_BARS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50];
const NEAREST = 15.5;
const buttonsRoom = (width) => ({ left: width - 50, right: width, top: 0, bottom: 130 });
const CONFIG = { displayModeBar: false, responsive: false, scrollZoom: true, doubleClick: false };
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export function hasWebGl() {
  try {
    return Boolean(document.createElement("canvas").getContext("webgl2"));
  } catch {
    return false;
  }
}

/** Draw a city; resolves when the map stands. */
export async function drawMap(box, ground, { label = `Map of ${ground.name}`, outlines = ground.stacks.map((s) => s.css), zone = null } = {}) {
  if (!hasWebGl()) throw new Error("this browser draws no WebGL");
  const parts = furnish(box);
  await plotly();
  const map = await begin(parts.canvas, ground, outlines);
  map.getCanvas().setAttribute("aria-label", `${label}. Arrow keys move it, plus and minus zoom.`);
  map.doubleClickZoom.enable();
  map.cooperativeGestures.enable();
  map.setMaxZoom(NEAREST);
  map.addImage("hatch", hatch());
  map.addLayer({ id: "hatched", type: "fill", source: "zones", layout: { visibility: "none" }, paint: { "fill-pattern": "hatch", "fill-opacity": ["match", KIND, KINDS.indexOf("only_a"), 1, 0] } }, "water");
  const camera = { touched: false };
  const fit = (animate = true) => map.fitBounds(corners(ground.view), { padding: 2, animate: animate && !still() });
  const marks = overlay(parts, map, ground);
  const card = cards(parts, map, ground, (i) => (zone ?? ((n) => zoneWords(ground, n, ground.periods.length - 1)))(i));
  marks.hover(card);
  map.on("movestart", (event) => { if (event.originalEvent) camera.touched = true; });
  const step = (by) => { camera.touched = true; map.easeTo({ zoom: map.getZoom() + by, duration: still() ? 0 : 220 }); };
  buttons(parts.buttons, step, () => { camera.touched = false; fit(); });
  fit(false);
  const resized = new ResizeObserver(() => {
    keepView(parts.canvas, map);
    if (!camera.touched) fit(false);
    marks.place();
  });
  resized.observe(box);
  onColours(box, () => recolour(map, ground, outlines));
  await idle(map);
  marks.declutter();
  box.dataset.ready = "yes";
  return {
    map,
    fill: filler(map, ground),
    outline: (number, level) => {
      for (const id of [`area-${number}`, `case-${number}`]) map.setFilter(id, ["==", ["get", "level"], level]);
    },
    depots: marks.depots,
    fit,
    zoom: step,
    close: () => {
      resized.disconnect();
      Plotly.purge(parts.canvas);
      box.replaceChildren();
      delete box.dataset.ready;
    },
  };
}

/** Show one plan's city in a period: open zones, the area of each stack, depots. */
export function showPeriod(map, ground, t) {
  const open = widest(ground, t);
  map.fill((i) => kindOf(ground.zones.level[i], open));
  ground.stacks.forEach((s, n) => map.outline(n, s.level[t]));
  map.depots(ground.depots.map((d) => ({ at: d.at, state: depotState(ground, d, t), ...depotWords(ground, d, t) })));
}

export const kindOf = (level, open) => (!level ? "none" : level <= open ? "open" : "candidate");

/* --- the canvas ------------------------------------------------------------------------------------------------------------ */

const corners = ([west, south, east, north]) => [[west, south], [east, north]];

async function begin(canvas, ground, outlines) {
  const [west, south, east, north] = ground.reach;
  const { width, height } = canvas.getBoundingClientRect();
  const layout = {
    width,
    height,
    margin: { l: 0, r: 0, t: 0, b: 0 },
    paper_bgcolor: "rgba(0,0,0,0)",
    showlegend: false,
    hovermode: false,
    dragmode: "pan",
    map: { style: style(ground, outlines), bounds: { west, south, east, north }, ...camera(ground.view, width, height) },
  };
  await Plotly.newPlot(canvas, [{ type: "scattermap", lon: [null], lat: [null], hoverinfo: "skip" }], layout, CONFIG);
  return canvas._fullLayout.map._subplot.map;
}

/* The centre and zoom that show a box of degrees (MapLibre: the world is 512 px wide at zoom 0). */
function camera([west, south, east, north], width, height) {
  const y = (lat) => Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / Math.PI;
  const zoom = Math.log2(Math.min((width * 360) / (512 * (east - west)), (height * 2) / (512 * (y(north) - y(south)))));
  return { center: { lon: (west + east) / 2, lat: (south + north) / 2 }, zoom };
}

/* Plotly puts the camera of its layout back when it resizes: write down where the map is first. */
function keepView(canvas, map) {
  const { width, height } = canvas.getBoundingClientRect();
  if (!width || !height) return;
  const { lng, lat } = map.getCenter();
  canvas.layout.map.center = { lon: lng, lat };
  canvas.layout.map.zoom = map.getZoom();
  Plotly.relayout(canvas, { width, height });
}

function style(ground, outlines) {
  const data = shapes(ground);
  const sources = Object.fromEntries(Object.entries(data).map(([name, geojson]) => [name, { type: "geojson", data: geojson, tolerance: 0.1 }]));
  const paints = paint(ground, outlines);
  const layer = (id, type, source, more = {}) => ({ id, type, ...(source ? { source } : {}), paint: paints[id], ...more });
  const round = { layout: { "line-join": "round", "line-cap": "butt" } };
  const hidden = { filter: ["==", ["get", "level"], 0], ...round };
  return {
    version: 8,
    sources,
    layers: [
      layer("beyond", "background"),
      layer("land", "fill", "reach"),
      layer("zones", "fill", "zones"),
      layer("edges", "line", "zones"),
      layer("water", "fill", "water"),
      layer("shore", "line", "water"),
      ...outlines.flatMap((_, n) => [layer(`case-${n}`, "line", "levels", hidden), layer(`area-${n}`, "line", "levels", hidden)]),
      layer("crossings", "line", "crossings", { filter: ["get", "open"], layout: { "line-cap": "round" } }),
      layer("closed", "line", "crossings", { filter: ["!", ["get", "open"]] }),
      layer("crossings-hit", "line", "crossings"),
      layer("chosen", "line", "zones"),
    ],
  };
}

/* The paint of every layer in the colours of the page. */
function paint(ground, outlines) {
  const shades = ground.breaks.length + 1;
  const fills = KINDS.flatMap((name, k) => (k ? [k, ramp(RAMPS[name], shades)] : []));
  const offset = (n) => (n - (outlines.length - 1) / 2) * 3.4;
  const lines = outlines.flatMap((css, n) => [
    [`case-${n}`, { "line-color": colour("paper"), "line-width": 4.6, "line-opacity": n % 2 ? 0 : 0.8, "line-offset": offset(n) }],
    [`area-${n}`, { "line-color": colour(css.split(" ")[0]), "line-width": 2.6, "line-offset": offset(n), ...(n % 2 ? { "line-dasharray": [3.4, 1.1] } : {}) }],
  ]);
  return {
    beyond: { "background-color": colour("wash") },
    land: { "fill-color": colour("land"), "fill-antialias": false },
    zones: { "fill-color": ["match", KIND, ...fills, colour("land")], "fill-antialias": false },
    edges: { "line-color": colour("cell"), "line-width": ["interpolate", ["linear"], ["zoom"], 8, 0.25, 11, 0.7, 14, 1.6] },
    water: { "fill-color": colour("water") },
    shore: { "line-color": colour("coast"), "line-width": 1 },
    ...Object.fromEntries(lines),
    crossings: { "line-color": colour("ink"), "line-width": 2.2 },
    closed: { "line-color": colour("warn"), "line-width": 3, "line-dasharray": [0.7, 0.9] },
    "crossings-hit": { "line-color": "rgba(0,0,0,0)", "line-width": 9 },
    chosen: { "line-color": colour("ink"), "line-width": ["case", ["boolean", ["feature-state", "chosen"], false], 2, 0] },
  };
}

function ramp([from, to, reach = 1], shades) {
  const [a, b] = [from, to].map((name) => colour(name).match(/[\d.]+/g).slice(0, 3).map(Number));
  const mixed = (share) => `rgb(${a.map((v, i) => Math.round(v + (b[i] - v) * share * reach)).join(",")})`;
  if (shades === 1) return mixed(0.5);
  const steps = Array.from({ length: shades }, (_, k) => [k, mixed(k / (shades - 1))]);
  return ["match", ["get", "shade"], ...steps.slice(0, -1).flat(), steps.at(-1)[1]];
}

function recolour(map, ground, outlines) {
  for (const [id, values] of Object.entries(paint(ground, outlines))) {
    for (const [name, value] of Object.entries(values)) map.setPaintProperty(id, name, value);
  }
}

function filler(map, ground) {
  const shown = new Uint8Array(ground.zones.cell.length).fill(255);
  return (kind) => {
    for (let id = 0; id < shown.length; id++) {
      const wanted = KINDS.indexOf(kind(id));
      if (wanted === shown[id]) continue;
      shown[id] = wanted;
      map.setFeatureState({ source: "zones", id }, { kind: wanted });
    }
    map.setLayoutProperty("hatched", "visibility", shown.includes(KINDS.indexOf("only_a")) ? "visible" : "none");
  };
}

const idle = (map) => new Promise((done) => { map.once("idle", done); map.triggerRepaint(); });

/* --- what stands on it -------------------------------------------------------------------------------------------------------- */

function element(tag, css, text = "") {
  return Object.assign(document.createElement(tag), { className: css, textContent: text });
}

function furnish(box) {
  const parts = {
    canvas: element("div", "map-canvas"),
    marks: element("div", "map-marks"),
    card: element("div", "map-card"),
    buttons: element("div", "map-buttons"),
    scale: element("span", "scale"),
  };
  parts.card.hidden = true;
  parts.marks.setAttribute("aria-hidden", "true");
  box.replaceChildren(...Object.values(parts));
  return parts;
}

function buttons(place, step, reset) {
  const found = [["+", "Nearer", () => step(1)], ["−", "Farther", () => step(-1)], ["⤢", "Whole city", reset]];
  place.replaceChildren(...found.map(([sign, name, act]) => {
    const button = element("button", "", sign);
    button.type = "button";
    button.title = name;
    button.setAttribute("aria-label", name);
    button.addEventListener("click", act);
    return button;
  }));
}

/* Names, depots and the scale bar as HTML above the canvas: text in MapLibre would need fonts from a server. */
function overlay(parts, map, ground) {
  const places = ground.places.map((p) => ({ ...p, node: mark(parts.marks, `place ${p.kind}`, p.short) }));
  let depots = [];
  let said = () => {};
  const put = (item) => {
    const { x, y } = map.project(item.at);
    Object.assign(item, { x, y });
    item.node.style.transform = `translate(${x}px,${y}px)`;
  };
  const place = () => {
    places.forEach(put);
    depots.forEach(put);
    scaleBar(parts.scale, map);
  };
  const declutter = () => {
    const bounds = parts.marks.getBoundingClientRect();
    const zoomed = Math.max(0, map.getZoom() - map.getMinZoom());
    const most = bounds.width < 480 ? MOST_LABELS / 2 : MOST_LABELS;
    const scale = parts.scale.getBoundingClientRect();
    const bar = { left: 0, right: scale.right - bounds.left + 8, top: scale.top - bounds.top - 6, bottom: bounds.height };
    label(places, [bar, buttonsRoom(bounds.width), ...depots.map(room)], bounds, Math.round(most * 2 ** Math.min(zoomed / 1.4, 3)));
  };
  map.on("move", place);
  map.on("moveend", declutter);
  const listen = (item, text) => {
    item.node.addEventListener("mouseenter", () => said(text(), item.x, item.y));
    item.node.addEventListener("mouseleave", () => said(null));
  };
  for (const p of places) listen(p, () => ({ head: p.name, lines: [p.kind === "spot" ? "hot spot" : `${p.kind}, ${p.words}`] }));
  place();
  return {
    place,
    declutter,
    hover: (show) => { said = show; },
    depots: (wanted) => {
      const shown = wanted.filter((d) => d.state !== "later");
      while (depots.length > shown.length) depots.pop().node.remove();
      shown.forEach((d, i) => {
        if (!depots[i]) {
          depots[i] = { node: mark(parts.marks, "depot-mark") };
          listen(depots[i], () => depots[i]);
        }
        Object.assign(depots[i], d);
        depots[i].node.firstChild.className = `depot-mark ${d.state}`;
        put(depots[i]);
      });
      declutter();
    },
  };
}

function mark(place, css, text = "") {
  const node = element("div", "map-mark");
  node.append(element("span", css, text));
  place.append(node);
  return node;
}

const room = (depot) => ({ left: depot.x - 7, right: depot.x + 7, top: depot.y - 7, bottom: depot.y + 7 });

/* Show names by rank where they run into no other name, nor into what is taken, nor over the edge. */
function label(places, taken, { width, height }, most) {
  let shown = 0;
  for (const p of places) {
    p.wide ??= p.node.firstChild.offsetWidth || 7 * p.short.length;
    const own = { left: p.x - 8, right: p.x + p.wide + 12, top: p.y - 9, bottom: p.y + 9 };
    const inside = own.left > 2 && own.top > 2 && own.right < width - 2 && own.bottom < height - 2;
    const free = inside && shown < most && taken.every((o) => own.right < o.left || own.left > o.right || own.bottom < o.top || own.top > o.bottom);
    p.node.classList.toggle("out", !free);
    if (free) {
      taken.push(own);
      shown += 1;
    }
  }
}

function scaleBar(bar, map) {
  const middle = map.getCanvas().clientHeight / 2;
  const km = map.unproject([0, middle]).distanceTo(map.unproject([100, middle])) / 1000 / 100;
  const length = SCALE_BARS.findLast((b) => b / km < 0.25 * map.getCanvas().clientWidth) ?? SCALE_BARS[0];
  bar.style.width = `${length / km}px`;
  bar.textContent = length < 1 ? `${1000 * length} m` : `${length} km`;
}

/* A card beside the pointer that tells of the zone, link or mark below it. */
function cards(parts, map, ground, zone) {
  let chosen = null;
  const choose = (id) => {
    if (id === chosen) return;
    if (chosen !== null) map.setFeatureState({ source: "zones", id: chosen }, { chosen: false });
    if (id !== null) map.setFeatureState({ source: "zones", id }, { chosen: true });
    chosen = id;
  };
  const show = (told, x, y) => {
    parts.card.hidden = !told;
    if (!told) return;
    parts.card.replaceChildren(element("b", "", told.head), ...told.lines.map((line) => element("span", "", line)));
    const { clientWidth: wide, clientHeight: high } = parts.marks;
    const { offsetWidth: w, offsetHeight: h } = parts.card;
    const left = x + 16 + w > wide ? Math.max(4, x - 16 - w) : x + 16;
    const top = Math.min(Math.max(4, y - h / 2), Math.max(4, high - h - 4));
    parts.card.style.transform = `translate(${left}px,${top}px)`;
  };
  const at = (point) => {
    const [link] = map.queryRenderedFeatures(point, { layers: ["crossings-hit"] });
    if (link) {
      const c = ground.crossings[link.id];
      choose(null);
      show({ head: c.name, lines: [`${c.kind}${c.over ? ` over ${c.over}` : ""}`, c.words] }, point.x, point.y);
      return;
    }
    const [found] = map.queryRenderedFeatures(point, { layers: ["zones"] });
    choose(found ? found.id : null);
    show(found ? zone(found.id) : null, point.x, point.y);
  };
  const leave = () => { choose(null); show(null); };
  map.on("mousemove", (event) => at(event.point));
  map.on("click", (event) => at(event.point));
  map.on("mouseout", leave);
  map.on("dragstart", leave);
  map.on("zoomstart", leave);
  return (told, x, y) => { choose(null); show(told, x, y); };
}

/* 8 by 8 pixels of a diagonal stroke, for zones of one plan only. */
function hatch() {
  const data = new Uint8ClampedArray(8 * 8 * 4);
  for (let y = 0; y < 8; y++) {
    for (let x = 0; x < 8; x++) {
      if ((x + y) % 8 < 2) data.set([20, 26, 32, 150], 4 * (8 * y + x));
    }
  }
  return { width: 8, height: 8, data };
}
