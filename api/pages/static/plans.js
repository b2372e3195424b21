/* The list of plans: what is being solved moves, two plans can be chosen to compare, plans can be stopped and deleted. */
import { duration, gapText, usd } from "./lib/format.js";
import { at, call, say, showProblems } from "./lib/http.js";
import { CARD_ACTS, startCards } from "./plans/cards.js";

const POLL_MS = 2000;
const $ = (id) => document.getElementById(id);
let phases = {};
let cards;
const chosen = new Map();

function start() {
  phases = JSON.parse($("phases").textContent);
  document.addEventListener("click", closeMenus);
  document.addEventListener("keydown", (event) => event.key === "Escape" && closeMenus({ target: document.body }, true));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (!button) return;
    if (CARD_ACTS.has(button.dataset.act)) {
      closeMenus({ target: document.body });
      cards.act(button.dataset);
    } else confirmed(button.dataset);
  });
  $("plans").addEventListener("change", (event) => event.target.dataset.compare && choose(event.target));
  for (const select of document.querySelectorAll(".filters select")) select.addEventListener("change", () => select.form.requestSubmit());
  $("tray-clear").addEventListener("click", () => clearTray());
  $("tray-swap").addEventListener("click", () => showTray([...chosen.entries()].reverse()));
  $("confirm").addEventListener("close", () => { if ($("confirm").returnValue !== "yes") act = null; });
  cards = startCards(reread);
  localTimes();
  showElapsed();
  setInterval(showElapsed, 1000);
  setTimeout(poll, POLL_MS);
  document.querySelector("main").dataset.ready = "yes";
}

// --- what is being solved -----------------------------------------------------------------------------------------------

const live = () => [...document.querySelectorAll("[data-live]")];

/* Two small questions for the whole list; when one of its plans has moved on to another state, the list is read anew. */
async function poll() {
  try {
    if (!document.hidden && live().length) {
      const [running, queued] = await Promise.all(["running", "queued"].map((s) => call("GET", at(`/v1/plans?state=${s}&limit=200`))));
      const now = new Map([...running.plans, ...queued.plans].map((plan) => [plan.id, plan]));
      const moved = live().some((box) => now.get(box.dataset.live)?.state !== box.dataset.state);
      if (moved) await reread();
      else for (const box of live()) show(box, now.get(box.dataset.live));
    }
  } catch { /* the service is away for a moment: ask again */ }
  setTimeout(poll, POLL_MS);
}

function show(box, plan) {
  const best = plan.objective === null ? null : Number(plan.objective.amount);
  const bound = plan.bound === null ? null : Number(plan.bound.amount);
  const parts = [best !== null && `best ${usd(best)}`, bound !== null && `at most ${usd(bound)}`, best !== null && bound !== null && `gap ${gapText(best, bound, 1)}`];
  box.querySelector(".phase").textContent = phases[plan.phase] ?? plan.phase;
  box.querySelector(".so-far").textContent = parts.filter(Boolean).join(", ");
}

function showElapsed() {
  for (const box of live()) {
    const seconds = Math.max(0, (Date.now() - Date.parse(box.dataset.since)) / 1000);
    box.querySelector(".elapsed").textContent = duration(seconds);
  }
}

/* The service draws the list; a fresh one takes the place of the old, and whoever was in it stays where they were. */
async function reread(word) {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const list = fresh.getElementById("plans");
  if (!list) return location.reload();
  const states = new Map(live().map((box) => [box.dataset.live, box.dataset.state]));
  const focus = document.activeElement?.closest?.("li[data-plan]")?.dataset.plan;
  const open = document.querySelector(".menu[open]")?.closest("li[data-plan]")?.dataset.plan;
  $("plans").replaceChildren(...list.childNodes);
  $("summary").textContent = fresh.getElementById("summary").textContent;
  for (const [id] of chosen) {
    const box = document.querySelector(`[data-compare="${id}"]`);
    if (box) box.checked = true;
    else chosen.delete(id);
  }
  showTray([...chosen.entries()]);
  localTimes();
  showElapsed();
  if (open) document.querySelector(`li[data-plan="${open}"] > article .menu`)?.setAttribute("open", "");
  if (focus) document.querySelector(`li[data-plan="${focus}"] > article h2 a`)?.focus();
  say(word ?? ended(states));
}

function ended(states) {
  const told = [...states.keys()].filter((id) => !document.querySelector(`[data-live="${id}"]`)).map((id) => {
    const row = document.querySelector(`li[data-plan="${id}"] > article`);
    return row && `${row.querySelector("h2").textContent} is ${row.querySelector(".state").textContent}.`;
  });
  return told.filter(Boolean).join(" ");
}

function localTimes() {
  const form = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
  for (const time of document.querySelectorAll(".plans time")) {
    time.title = time.textContent;
    time.textContent = form.format(new Date(time.dateTime));
  }
}

// --- compare ------------------------------------------------------------------------------------------------------------

const MOST_PLANS = 20;

function choose(box) {
  if (box.checked) chosen.set(box.dataset.compare, box.dataset.name);
  else chosen.delete(box.dataset.compare);
  const entries = [...chosen.entries()];
  // Ids grow with time: the earlier plan is the one that the later is compared with.
  showTray(box.checked ? entries.sort(([a], [b]) => (a < b ? -1 : 1)) : entries);
}

function showTray(entries) {
  chosen.clear();
  for (const [id, name] of entries) chosen.set(id, name);
  const two = entries.length === 2;
  const more = entries.length > 2;
  $("tray").hidden = entries.length === 0;
  for (const box of document.querySelectorAll("[data-compare]")) box.disabled = entries.length >= MOST_PLANS && !box.checked;
  $("tray-text").textContent = two ? `From ${entries[0][1]} to ${entries[1][1]}` : more ? `${entries.length} plans side by side` : (entries[0]?.[1] ?? "");
  $("tray-hint").textContent = two || more ? "" : "Choose a second plan to compare it with.";
  $("tray-go").hidden = !two && !more;
  $("tray-swap").hidden = !two;
  if (two) $("tray-go").href = at(`/plans/${entries[0][0]}/comparison?with=${entries[1][0]}`);
  if (more) $("tray-go").href = at(`/comparisons?${new URLSearchParams(entries.map(([id]) => ["plan", id]))}`);
  if (two) say(`Two plans chosen: ${$("tray-text").textContent}.`);
  else if (entries.length) say(more ? `${$("tray-text").textContent}.` : `${entries[0][1]} chosen. Choose a second plan.`);
}

function clearTray() {
  for (const box of document.querySelectorAll("[data-compare]:checked")) box.checked = false;
  showTray([]);
  document.querySelector("[data-compare]")?.focus();
}

// --- stop and delete ----------------------------------------------------------------------------------------------------

let act = null;
const GONE = "The plan, its progress, its comments and its files go for good. Reruns made from it stay, but no longer know what they were made from.";
const days = () => Number($("confirm")?.dataset.days ?? 0);
const ACTS = {
  delete: {
    head: (name) => `Delete ${name}?`,
    text: days() > 0 ? `It can be brought back for ${days()} day${days() === 1 ? "" : "s"}; until then it stands among the deleted plans.` : GONE,
    yes: "Delete it",
    call: (plan) => call("DELETE", at(`/v1/plans/${plan}`)),
    done: (name) => `${name} is deleted.`,
    after: (plan, name) => days() > 0 && cards.offerUndo(plan, name),
  },
  erase: {
    head: (name) => `Delete ${name} for good?`,
    text: GONE,
    yes: "Delete it for good",
    call: (plan) => call("DELETE", at(`/v1/plans/${plan}?for_good=true`)),
    done: (name) => `${name} is gone.`,
  },
  cancel: {
    head: (name) => `Stop ${name}?`,
    text: "The search ends now. If a plan was found by then, it is checked and kept with its proven gap.",
    yes: "Stop it",
    call: (plan) => call("POST", at(`/v1/plans/${plan}/cancel`)),
    done: (name) => `${name} is stopping.`,
  },
};

function confirmed({ act: kind, plan, name, state }) {
  act = { ...ACTS[kind], plan, name };
  closeMenus({ target: document.body });
  $("confirm-head").textContent = act.head(name);
  $("confirm-text").textContent = state === "queued" ? "It has not begun; nothing is lost but its place in the queue." : act.text;
  $("confirm-yes").textContent = act.yes;
  $("confirm-problems").hidden = true;
  $("confirm-yes").onclick = perform;
  $("confirm").showModal();
}

async function perform(event) {
  event.preventDefault();
  const { plan, name, call: make, done, after } = act;
  $("confirm-yes").disabled = true;
  try {
    await make(plan);
    $("confirm").close("yes");
    await reread(done(name));
    after?.(plan, name);
    document.getElementById("content").focus();
  } catch (error) {
    showProblems($("confirm-problems"), error);
  } finally {
    $("confirm-yes").disabled = false;
  }
}

function closeMenus({ target }, back = false) {
  for (const menu of document.querySelectorAll(".menu[open]")) {
    if (menu.contains(target)) continue;
    menu.open = false;
    if (back) menu.querySelector("summary").focus();
  }
}

if ($("plans")) start();
