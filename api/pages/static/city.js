/* A city's page: the month shown on the map, in the words beside it, on the charts and in the address. */
import { placeOf } from "./lib/charts.js";
import { loadGround, widest, zoneWords } from "./lib/ground.js";
import { drawMap, hasWebGl, kindOf, showPeriod } from "./lib/map.js";
import { say } from "./lib/http.js";
import { replayInPlace } from "./city/replay.js";
import { askInPlace } from "./city/why_not.js";
import { remadeInPlace } from "./lib/remade.js";

const STEP_MS = 750;
const byId = (id) => document.getElementById(id);

byId("print").addEventListener("click", () => print());
remadeInPlace();
if (byId("ask-why-not")) askInPlace(byId("ask-why-not"));
if (byId("replayed")) replayInPlace(byId("replayed"));

const data = byId("moments");
const moments = data ? JSON.parse(data.textContent) : [];
const slider = byId("month");
const state = { t: slider ? Number(slider.value) : 0, ground: null, map: null };

/* --- the map ----------------------------------------------------------------------------------------------------------------- */

async function start() {
  const box = byId("citymap");
  if (!box) return;
  try {
    state.ground = await loadGround(box.dataset.ground);
    if (!moments.length) state.t = state.ground.periods.length - 1;
    paint();
    byId("rollout").dataset.ready = "yes";
    if (hasWebGl()) {
      await wanted(box.closest(".mapside"));
      state.map = await drawMap(box, state.ground, { zone: (i) => zoneWords(state.ground, i, state.t) });
      paint();
    }
  } catch (error) {
    byId("map-problem").textContent = `The map cannot be moved: ${error.message}. The drawing stands in for it.`;
    byId("map-problem").hidden = false;
  }
  byId("rollout").dataset.ready = "yes";
}

/* The map that moves brings a large script: it comes when somebody turns to the drawing, which has followed the month till then. */
function wanted(figure) {
  const button = byId("move-map");
  button.hidden = false;
  return new Promise((resolve) => {
    const come = () => { button.hidden = true; resolve(); };
    for (const kind of ["pointerenter", "touchstart"]) figure.addEventListener(kind, come, { once: true, passive: true });
    button.addEventListener("click", come, { once: true });
  });
}

function paint() {
  if (!state.ground) return;
  if (state.map) showPeriod(state.map, state.ground, state.t);
  else paintDrawn(state.ground, state.t);
}

/* The server's drawing follows the month as well: it stands until the map is ready, and where there is no WebGL. */
function paintDrawn(ground, t) {
  const drawn = document.querySelector(".drawn");
  const open = widest(ground, t);
  for (const ring of drawn.querySelectorAll(".ring")) ring.classList.toggle("on", kindOf(Number(ring.dataset.level), open) === "open");
  for (const area of drawn.querySelectorAll(".area")) {
    const level = ground.stacks[Number(area.dataset.stack)].level[t];
    area.style.display = level ? "" : "none";
    if (level) area.setAttribute("href", `#area-${area.dataset.slug}-${level}`);
  }
  for (const depot of drawn.querySelectorAll(".depot")) depot.classList.toggle("later", Number(depot.dataset.live) > t);
}

/* --- the month --------------------------------------------------------------------------------------------------------------- */

function show(t, { aloud = false } = {}) {
  const moment = moments[t];
  if (!moment) return;
  state.t = t;
  slider.value = t;
  slider.setAttribute("aria-valuetext", moment.name);
  byId("now-month").textContent = moment.name;
  byId("now-sentence").textContent = moment.sentence;
  for (const part of document.querySelectorAll(".now-stack")) tell(part, moment.stacks[Number(part.dataset.stack)]);
  for (const button of document.querySelectorAll(".year-maps button")) {
    if (Number(button.dataset.t) === t) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
  paint();
  markCharts();
  const address = new URL(location.href);
  address.searchParams.set("month", moment.month);
  history.replaceState(null, "", address);
  if (aloud) say(`${moment.name}. ${moment.sentence}`);
}

function tell(part, stack) {
  part.querySelector(".mode").textContent = stack.mode;
  part.querySelector("dl").replaceChildren(...stack.facts.map(([name, value]) => {
    const pair = document.createElement("div");
    pair.append(
      Object.assign(document.createElement("dt"), { textContent: name }),
      Object.assign(document.createElement("dd"), { textContent: value }),
    );
    return pair;
  }));
}

/* A line at the month shown, over each chart that runs over the horizon. */
function markCharts() {
  for (const box of document.querySelectorAll(".marked .chart")) {
    const line = box.querySelector(".now-line") ?? box.querySelector(".plane").appendChild(Object.assign(document.createElement("i"), { className: "now-line" }));
    line.style.left = `${100 * placeOf(box, moments[state.t].month)}%`;
  }
}

/* --- controls ------------------------------------------------------------------------------------------------------------------ */

let timer = 0;

function play(on) {
  const button = byId("play");
  clearInterval(timer);
  timer = 0;
  button.setAttribute("aria-pressed", String(on));
  button.textContent = on ? "Pause" : "Play";
  if (!on) return;
  if (state.t >= moments.length - 1) show(0);
  timer = setInterval(() => {
    if (state.t >= moments.length - 1) play(false);
    else show(state.t + 1);
  }, STEP_MS);
}

function step(by) {
  play(false);
  show(Math.min(Math.max(state.t + by, 0), moments.length - 1), { aloud: true });
}

if (slider) {
  let wanted = 0;
  slider.addEventListener("input", () => {
    play(false);
    cancelAnimationFrame(wanted);
    wanted = requestAnimationFrame(() => show(Number(slider.value)));
  });
  byId("play").addEventListener("click", () => play(!timer));
  byId("back").addEventListener("click", () => step(-1));
  byId("forth").addEventListener("click", () => step(1));
  for (const button of document.querySelectorAll(".year-maps button")) {
    button.addEventListener("click", () => { play(false); show(Number(button.dataset.t), { aloud: true }); });
  }
  markCharts();
}

await start();
