/* Questions that are answered by planning again: reruns are posted as the service tells them, followed, and asked for anew until
   nothing is left to post. What was planned stays stored, so that a second question, of whomever, is answered at once. */
import { asking } from "./asked.js";
import { duration, unbroken } from "./format.js";
import { at, call, follow, say, showProblems } from "./http.js";

const POLL_MS = 2000;

const WAITING = new Set(["queued", "running"]);
const plansRead = (entries) => {
  const made = entries.reduce((sum, { made: one }) => sum + one, 0);
  return `${made} ${made === 1 ? "plan" : "plans"} read`;
};
const KINDS = {
  thresholds: {
    entries: (told) => told.thresholds,
    calls: (entry) => entry.reruns,
    some: (entry) => entry.made > 0,
    known: (entries) => `${entries.filter((e) => e.state === "known").length} of ${entries.length} known, ${plansRead(entries)}`,
    draw: thresholds,
  },
  limits: {
    entries: (told) => told.limits,
    calls: (entry) => (entry.rerun ? [entry.rerun] : []),
    some: (entry) => entry.state === "known",
    known: (entries) => `${entries.filter((e) => e.state === "known").length} of ${entries.length} known`,
    draw: limits,
  },
};

export function remadeInPlace() {
  for (const box of document.querySelectorAll("[data-remade]")) {
    const failed = (error) => showProblems(box.querySelector("[data-problems]"), error);
    const button = box.querySelector("[data-ask]");
    button?.addEventListener("click", () => {
      button.disabled = true;
      box.querySelector("[data-problems]").hidden = true;
      answer(box).catch(failed).finally(() => { button.disabled = false; });
    });
    if (box.dataset.known) readKnown(box).catch(failed);
  }
}

/* What somebody asked for before stands there at once; nothing is planned for it. */
async function readKnown(box) {
  const kind = KINDS[box.dataset.remade];
  const entries = kind.entries(await call("GET", box.dataset.address));
  const known = entries.filter(kind.some);
  if (!known.length) return;
  box.querySelector("[data-answer]").replaceChildren(...kind.draw(known, box));
  const left = entries.filter((entry) => entry.state !== "known").length;
  const button = box.querySelector("[data-ask]");
  if (!left) button?.remove();
  else if (button) say(`${known.length} of ${entries.length} known`);
}

async function answer(box) {
  const kind = KINDS[box.dataset.remade];
  const progress = box.querySelector("[data-progress]");
  const place = box.querySelector("[data-answer]");
  const began = Date.now();
  const plans = asking(progress);
  progress.hidden = false;
  progress.textContent = "Looking up what is known";
  try {
    for (;;) {
      const entries = kind.entries(await follow(box.dataset.address));
      place.replaceChildren(...kind.draw(entries, box));
      progress.textContent = `${kind.known(entries)}, ${duration((Date.now() - began) / 1000)}`;
      const fresh = plans.stopped ? [] : entries.flatMap(kind.calls).filter(plans.isNew);
      for (const one of fresh) await plans.post(one);
      if (!fresh.length && !entries.some((entry) => WAITING.has(entry.state))) break;
      await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
    }
  } finally {
    plans.done();
  }
  say(plans.stopped ? "Stopped" : "Answered");
}

function element(name, text, className = "") {
  return Object.assign(document.createElement(name), { textContent: unbroken(text), className });
}

function table(heads, rows) {
  const box = element("div", "", "scroll");
  const made = document.createElement("table");
  const head = made.createTHead().insertRow();
  for (const name of heads) head.append(Object.assign(element("th", name), { scope: "col" }));
  const body = made.createTBody();
  for (const cells of rows) {
    const row = body.insertRow();
    cells.forEach((cell, k) => {
      const one = k ? element("td", "") : Object.assign(element("th", ""), { scope: "row" });
      one.append(...(Array.isArray(cell) ? cell : [cell]).map((part) => (part instanceof Node ? part : unbroken(part ?? "–"))));
      row.append(one);
    });
  }
  box.append(made);
  return box;
}

function thresholds(entries) {
  if (!entries.length) return [element("p", "No figure with a range moves this plan, so there is nothing to turn.")];
  return entries.map((entry) => {
    const part = document.createElement("section");
    part.dataset.state = entry.state;
    part.append(element("h4", entry.name), element("p", `${entry.stands}.`, "note"), ...entry.sentences.slice(1).map((text) => element("p", text, "reading")));
    for (const fault of entry.faults) part.append(element("p", fault, "note"));
    if (entry.rows.length) {
      const heads = Object.keys(entry.rows[0]);
      const every = element("details", "");
      every.append(element("summary", "Every value tried"), table(heads, entry.rows.map((row) => heads.map((name) => row[name]))));
      part.append(every);
    } else if (entry.state !== "known") part.append(element("p", `${capitalised(STATES[entry.state] ?? "being planned")}.`, "note"));
    return part;
  });
}

const capitalised = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
const STATES = { queued: "waits", running: "being planned", failed: "not found", cancelled: "stopped", missing: "not planned yet" };

function limits(entries, box) {
  const plan = box.dataset.address.split("/plans/")[1].split("/")[0];
  const widest = Math.max(1, ...entries.flatMap(({ probed }) => (probed?.most_usd == null ? [] : [Math.abs(probed.least_usd), Math.abs(probed.most_usd)])));
  const most = (entry) => entry.probed?.most_usd ?? -Infinity;
  const ranked = [...entries].sort((one, two) => most(two) - most(one));
  const rows = ranked.map((entry) => {
    const told = entry.worth || entry.sentence || STATES[entry.state];
    const link = entry.plan && entry.worth ? [" ", Object.assign(element("a", "compare", "from"), { href: at(`/plans/${plan}/comparison?with=${entry.plan}`) })] : [];
    return [entry.name, [told, ...worthBar(entry.probed, widest)], [nothingMoves(entry.probed) ? "no decision" : entry.moves, ...link]];
  });
  const drawn = entries.some(({ probed }) => probed?.most_usd != null);
  const said = "Bars: solid is proven, pale is what the bounds leave open; what costs goes to the left, what gains to the right.";
  return [...worthMost(ranked), table(["with", "is worth", "and moves"], rows), ...(drawn ? [element("p", said, "note")] : [])];
}

const nothingMoves = (probed) => probed?.npv_usd != null && !probed.changes.length && !probed.vehicles;

/* Which limit matters most, once all are known: only what is proven to be worth something is called so. */
function worthMost([first, ...others]) {
  if (!first?.probed || others.some((entry) => !entry.worth && !entry.sentence)) return [];
  if (!(first.probed.least_usd > 0)) return [element("p", "Of none of these steps is it proven that it is worth anything.", "reading")];
  return [element("p", `Worth most: ${first.name.charAt(0).toLowerCase()}${first.name.slice(1)}, ${first.worth}.`, "reading")];
}

/* What a step is worth as a bar from the middle: solid as far as it is proven, pale as far as it may go. */
function worthBar(probed, widest) {
  if (probed?.most_usd == null) return [];
  const { least_usd: least, most_usd: most } = probed;
  const place = (from, to, name) => {
    const bar = element("i", "", name);
    bar.style.left = `${50 + (50 * from) / widest}%`;
    bar.style.width = `${(50 * (to - from)) / widest}%`;
    return bar;
  };
  const lane = element("span", "", "worth-lane");
  lane.setAttribute("aria-hidden", "true");
  lane.append(place(Math.min(0, least), Math.max(0, most), "worth-may"));
  if (least > 0) lane.append(place(0, least, "worth-sure"));
  if (most < 0) lane.append(place(most, 0, "worth-sure less"));
  return [lane];
}
