/* A plan in the making: its events tell the phase, the best plan and the proven ceiling; at the end its review takes over. */
import { duration, gapText, usd } from "./lib/format.js";
import { at, call, say, showProblems } from "./lib/http.js";
import { drawConverging } from "./solving/chart.js";

const live = JSON.parse(document.getElementById("live").textContent);
const place = (id) => document.getElementById(id);
const loaded = Date.now();
const address = at(`/v1/plans/${encodeURIComponent(live.plan)}`);
const FINAL = ["succeeded", "infeasible", "cancelled", "failed"];
const SEARCHING = ["counting markets", "searching"];
const AFTER = ["whole vehicles", "prices", "conflicts", "checking", "done"];
const RECONNECT_MS = 3000;
const TURN_MS = 4000;
const ROUNDING_USD = 1; // a plan is stored in cents: the last figure may differ from the search's by that

/* Everything known so far. Times are seconds since the plan was taken up, by the service's clock. */
const now = {
  state: live.state, phase: "", message: "", best: null, bound: null, gap: null, provisional: false,
  began: null, searchBegan: null, searchEnded: null, seen: 0, stopping: live.stopping, passed: new Map(), cities: [],
};
const points = { best: [], bound: [] };
let source = null;
let ended = false;

/* ---- events ---- */

function follow() {
  source = new EventSource(`${address}/events`);
  source.onopen = () => line("");
  source.onerror = () => {
    if (ended) return;
    line("The connection is lost. The search goes on without it; trying to reach it again …");
    if (source.readyState === EventSource.CLOSED) setTimeout(ask, RECONNECT_MS);
  };
  for (const kind of ["state", "phase", "incumbent", "bound"]) source.addEventListener(kind, (event) => take(kind, event));
}

/* The stream is closed for good: either the plan has ended, or the service is away. */
async function ask() {
  if (ended) return;
  try {
    const told = await call("GET", address);
    if (FINAL.includes(told.state)) finish(told.state);
    else follow();
  } catch {
    setTimeout(ask, RECONNECT_MS);
  }
}

function take(kind, event) {
  const seq = Number(event.lastEventId);
  if (seq <= now.seen) return;
  now.seen = seq;
  const told = JSON.parse(event.data);
  const at = Date.parse(told.at) / 1000;
  if (kind === "state") state(told, at);
  else if (kind === "phase") phase(told, at);
  else figures(told, at);
  show();
}

function state(told, at) {
  now.state = told.state;
  if (told.state === "running") {
    now.began = at;
    now.attempt = told.attempt;
  }
  if (told.state === "queued") {
    Object.assign(now, { phase: "", began: null, lost: told.reason === "worker_lost" });
    if (now.lost) begin();
  }
  if (FINAL.includes(told.state)) finish(told.state);
}

/* A plan that lost its worker begins anew with another. */
function begin() {
  Object.assign(now, { best: null, bound: null, gap: null, searchBegan: null, searchEnded: null, cities: [] });
  points.best.length = points.bound.length = 0;
  now.passed.clear();
}

function phase(told, at) {
  const before = now.phase;
  now.phase = told.phase;
  now.message = told.message ?? "";
  if (told.phase === "cities" && now.message) now.cities.push(now.message);
  if (SEARCHING.includes(told.phase)) now.searchBegan ??= at;
  if (AFTER.includes(told.phase)) now.searchEnded ??= at;
  if (!now.passed.has(told.phase)) now.passed.set(told.phase, at);
  if (before !== told.phase) speak(title(told.phase));
}

function figures(told, at) {
  const x = at - now.began;
  if (told.best_usd !== null && (now.best === null || now.provisional || Math.abs(told.best_usd - now.best) >= ROUNDING_USD)) {
    if (now.best === null) speak(`A first plan is found, worth ${usd(told.best_usd)}.`);
    now.best = told.best_usd;
    now.provisional = now.phase === "provisional";
    points.best.push({ x, y: now.best, provisional: now.provisional });
  }
  if (told.bound_usd !== null && told.bound_usd !== now.bound) {
    now.bound = told.bound_usd;
    points.bound.push({ x, y: now.bound });
  }
  now.gap = told.gap;
}

/* Events that are replayed on arrival are no news. */
const speak = (text) => { if (Date.now() - loaded > 1500) say(text); };

/* ---- what is shown ---- */

function title(name) {
  const step = steps().find((s) => s.dataset.phases.split("|").includes(name));
  return step ? step.querySelector("b").textContent : name;
}

const steps = () => [...place("steps").children];

/* One repaint for all events that come at once. */
let due = false;
function show() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    showSteps();
    showDoing();
    showFigures();
    showStop();
    chart();
  });
}

function showDoing() {
  const chip = place("state").firstElementChild;
  chip.className = `state ${now.state}`;
  chip.textContent = now.state === "queued" ? "waiting" : now.state === "running" ? "solving" : chip.textContent;
  if (ended) return;
  const current = steps().find((s) => s.hasAttribute("aria-current"));
  if (now.stopping) tell("Stopping", now.best === null ? "Nothing is found yet, so nothing is kept." : "The best plan so far is finished and checked; that takes some seconds.");
  else if (now.state === "queued") waiting();
  else if (now.phase === "cities" && now.message) tell(`Reading the cities: ${city(now.message)}`, `${now.cities.length}${live.cities ? ` of ${live.cities}` : ""}. Streets, demand and how many trips a fleet can serve; the first time takes longest.`);
  else if (current) tell(current.querySelector("b").textContent, current.querySelector("p").textContent);
}

const city = (slug) => slug.replace(/(^|-)(\w)/g, (_, dash, letter) => (dash ? " " : "") + letter.toUpperCase());

function tell(head, text) {
  if (place("doing").textContent !== head) place("doing").textContent = head;
  if (place("why").textContent !== text) place("why").textContent = text;
}

function waiting() {
  const { ahead, solving } = live.turn;
  const before = ahead === 0 ? "It is next" : `${ahead} plan${ahead === 1 ? " is" : "s are"} before it`;
  const busy = solving ? `${solving} ${solving === 1 ? "is" : "are"} being solved now` : "no plan is being solved now";
  const lost = now.lost ? " Its worker was lost; another one takes it up from the start." : "";
  tell("Waiting for its turn", `${before}; ${busy}.${lost} This page goes on by itself.`);
}

function showFigures() {
  place("best").textContent = usd(now.best);
  place("best-note").textContent = now.best === null ? "none yet" : now.provisional ? "provisional: the earlier plan's launches" : "keeps every rule of the model";
  place("bound").textContent = usd(now.bound);
  place("bound-note").textContent = now.bound === null ? "not proven yet" : "proven";
  place("gap").textContent = gapText(now.best, now.bound);
  place("gap").classList.toggle("reached", now.gap !== null && now.gap <= live.gap);
}

/* Seconds by the service's clock, whatever this machine's clock says. */
const elapsed = () => (now.began === null ? null : clock() - now.began);
const clock = () => now.offset + (Date.now() - loaded) / 1000;

function tick() {
  if (ended) return;
  const total = live.since_s + (Date.now() - loaded) / 1000;
  const seconds = now.state === "queued" ? total : elapsed() ?? total;
  place("elapsed").textContent = duration(Math.max(0, seconds));
  place("elapsed-note").textContent = now.state === "queued" ? "waiting" : "reading cities and checking included";
  if (now.searchBegan !== null) {
    const searched = (now.searchEnded ?? clock()) - now.searchBegan;
    place("searched").textContent = duration(Math.min(Math.max(0, searched), live.search_s + 30));
  } else place("searched").textContent = "–";
  if (now.state === "running") chart();
}

/* Why a step was passed over: the time for searching was used up, or there was nothing for it to do. */
function passedOver() {
  if (now.searchBegan === null) return "not needed";
  const searched = (now.searchEnded ?? clock()) - now.searchBegan;
  return searched >= 0.9 * live.search_s ? "no time left" : "not needed";
}

function showSteps() {
  const all = steps();
  const at = all.findIndex((s) => s.dataset.phases.split("|").includes(now.phase));
  all.forEach((step, i) => {
    const names = step.dataset.phases.split("|");
    const been = names.some((name) => now.passed.has(name));
    if (step.hasAttribute("data-only")) step.hidden = !been;
    step.className = i === at ? "now" : been ? "done" : i < at ? "skipped" : "";
    if (i === at) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
    step.querySelector(".at").textContent = i === at ? "now" : been ? "done" : i < at ? passedOver() : "";
  });
}

/* ---- the chart ---- */

function chart() {
  drawConverging(place("converging"), points.best, points.bound, elapsed() ?? 0);
}

/* ---- stopping ---- */

const keeps = () => (now.best === null
  ? "No plan has been found yet: nothing will be kept."
  : `The best plan so far, worth ${usd(now.best)}${now.bound === null ? "" : `, with ${gapText(now.best, now.bound)} open to the best there can be`}, is rounded to whole vehicles, checked and kept.`);

function showStop() {
  const button = place("stop");
  if (!button) return;
  button.disabled = now.stopping || ended || now.searchEnded !== null;
  button.textContent = now.stopping ? "Stopping …" : now.best === null ? "Stop without a plan" : `Stop and keep the best (${usd(now.best)})`;
  if (place("stopping").open) place("kept").textContent = keeps();
}

function dialogs() {
  const [button, dialog] = [place("stop"), place("stopping")];
  button?.addEventListener("click", () => {
    place("kept").textContent = keeps();
    dialog.showModal();
  });
  place("go-on").addEventListener("click", () => dialog.close());
  place("really").addEventListener("click", async () => {
    dialog.close();
    try {
      await call("POST", `${address}/cancel`);
      now.stopping = true;
      say("Stopping.");
      show();
    } catch (error) {
      showProblems(place("faults"), error);
    }
  });
}

/* ---- the line, the queue, the end ---- */

function line(text) {
  const box = place("line");
  const was = !box.hidden;
  box.hidden = !text;
  box.textContent = text;
  if (!text && was) say("Connected again.");
}

async function turns() {
  if (ended || now.state !== "queued") return;
  try {
    live.turn = await call("GET", at(`/pages/plans/${encodeURIComponent(live.plan)}/turn`));
    show();
  } catch { /* the line tells of a service that is away */ }
}

const ENDS = {
  succeeded: ["Solved", "The plan is checked. Its review opens …"],
  infeasible: ["No plan keeps every rule", "What clashes is shown next …"],
  failed: ["The plan could not be made", "What happened is shown next …"],
  cancelled: ["Stopped", "What was kept is shown next …"],
};

function finish(name) {
  if (ended) return;
  ended = true;
  source?.close();
  const [head, text] = ENDS[name];
  place("stopping").close?.();
  tell(head, text);
  place("state").firstElementChild.className = `state ${name}`;
  place("state").firstElementChild.textContent = head.toLowerCase();
  say(`${head}. ${text}`);
  document.body.dataset.ended = name;
  setTimeout(() => location.replace(at(`/plans/${encodeURIComponent(live.plan)}`)), 1200);
}

now.offset = Date.parse(live.now) / 1000;
dialogs();
show();
tick();
follow();
setInterval(tick, 1000);
setInterval(turns, TURN_MS);
document.body.dataset.ready = "yes";
