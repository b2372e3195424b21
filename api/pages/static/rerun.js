/* The rerun page: what is set becomes a patch, the service says it in words, and the plan is asked for again. */
import { unbroken } from "./lib/format.js";
import { at, call, once, say, showProblems } from "./lib/http.js";
import { tellCapital, tellLever } from "./rerun/effects.js";
import { compose } from "./lib/compose.js";
import { Added } from "./rerun/compose.js";
import { optionsDiffer, optionsOf, patchOf } from "./rerun/patch.js";

const read = (id) => JSON.parse(document.getElementById(id)?.textContent ?? "null");
const byId = (id) => document.getElementById(id);
const WAIT_MS = 220;

const data = read("data");
const page = byId("rerun");
const form = byId("levers");
const added = new Added(data, () => changed());
const figures = (read("figures-data") ?? []).flatMap(([owner, group]) => group.map((figure) => ({ ...figure, owner })));
let waiting = 0;
let asked = 0;
let key = { body: "", once: "" };

/* --- controls --- */

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", (event) => {
  const box = event.target.closest(".lever");
  if (box) pair(box, event.target);
  if (!event.target.closest("#composer, #figure-box") && event.target.id !== "figure") changed();
});
byId("name").addEventListener("input", (event) => {
  event.target.dataset.own = event.target.value ? "yes" : "";
  changed();
});

/* A slider and its number say the same. */
function pair(box, from) {
  const [range, number] = [box.querySelector("input[type=range]"), box.querySelector("input[type=number]")];
  if (range && number) (from === range ? number : range).value = from.value;
  tell(box);
}

function tell(box) {
  if (box.dataset.lever) tellLever(box, data);
  else if ("capital" in box.dataset) tellCapital(box, data);
}

function setLever(id, value) {
  if (id === "durations") {
    form.querySelector(`[name=durations][value="${value}"]`).checked = true;
    return;
  }
  if (id.startsWith("drop:")) {
    form.querySelector(`[data-asked="${CSS.escape(id.slice(5))}"] [data-drop]`).checked = value;
    return;
  }
  const box = id === "capital" ? form.querySelector("[data-capital]") : form.querySelector(`[data-lever="${CSS.escape(id)}"]`);
  const control = box.querySelector("input[type=number]") ?? box.querySelector("select");
  control.value = value;
  box.closest("details")?.setAttribute("open", "");
  pair(box, control);
}

for (const button of document.querySelectorAll("[data-preset]")) {
  button.addEventListener("click", () => {
    const preset = read("presets-data")[button.dataset.preset];
    for (const [id, value] of Object.entries(preset.sets)) setLever(id, value);
    changed();
    say(`Set: ${preset.name}`);
  });
}

/* --- added by hand --- */

compose(byId("composer"), data.kinds, (type, members) => added.constraint(type, members));

const picked = () => figures.find((figure) => figure.key === byId("figure").value);

function showFigure() {
  const figure = picked();
  byId("figure-box").hidden = !figure;
  if (!figure) return;
  const plain = (value) => (value === null ? "–" : `${value.toLocaleString("en-US", { maximumSignificantDigits: 6 })} ${figure.unit}`);
  const facts = [
    ["In the catalogue", figure.several ? `${figure.several} numbers, mean ${plain(figure.value)}` : plain(figure.value)],
    ...(figure.low !== null && figure.high !== null ? [["Low to high", `${plain(figure.low)} to ${plain(figure.high)}`]] : []),
    ["Read by", figure.use || "no rule yet"],
    ["Confidence", figure.confidence],
    ["Source", figure.source],
  ];
  byId("figure-facts").replaceChildren(...facts.map(([name, value]) => {
    const row = document.createElement("div");
    row.append(Object.assign(document.createElement("dt"), { textContent: name }), Object.assign(document.createElement("dd"), { textContent: value }));
    return row;
  }));
  const quick = figure.several || figure.low === null || figure.high === null ? [["10 % less", 0.9], ["10 % more", 1.1]] : [["Its low", null, figure.low], ["Its high", null, figure.high]];
  byId("figure-quick").replaceChildren(...quick.map(([name, factor, value]) => {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "chip-button", textContent: name });
    button.addEventListener("click", () => {
      byId("figure-factor").value = factor ?? "";
      byId("figure-value").value = value ?? "";
    });
    return button;
  }));
  byId("figure-unit").textContent = figure.unit;
  byId("figure-value").disabled = Boolean(figure.several);
  byId("figure-value").value = byId("figure-factor").value = byId("figure-fault").textContent = "";
}

byId("figure")?.addEventListener("change", showFigure);
byId("figure-value")?.addEventListener("input", () => { byId("figure-factor").value = ""; });
byId("figure-factor")?.addEventListener("input", () => { byId("figure-value").value = ""; });
byId("figure-add")?.addEventListener("click", () => {
  const [value, factor] = [byId("figure-value").value, byId("figure-factor").value];
  byId("figure-fault").textContent = value || factor ? "" : "Give a value, or a number to multiply by.";
  if (!value && !factor) return;
  const figure = picked();
  added.figure(figure, figure.owner, value ? { value: Number(value) } : { factor: Number(factor) });
  byId("figure").value = "";
  showFigure();
});

/* --- words --- */

function changed() {
  clearTimeout(waiting);
  for (const box of form.querySelectorAll(".entry")) mark(box);
  waiting = setTimeout(ask, WAIT_MS);
}

function mark(box) {
  const drop = box.querySelector("[data-drop]").checked;
  box.classList.toggle("dropped", drop);
  const moved = [...box.querySelectorAll("[data-member]")].some((input) => input.value !== input.dataset.today);
  box.classList.toggle("moved", drop || moved);
  for (const input of box.querySelectorAll("[data-member]")) input.disabled = drop;
}

function body() {
  const patch = patchOf(form, data, added.items);
  const name = byId("name");
  if (name.dataset.own && name.value.trim()) patch.name = name.value.trim();
  return { patch, options: optionsOf(form) };
}

async function ask() {
  const turn = ++asked;
  const sent = body();
  byId("patch").textContent = JSON.stringify(sent, null, 2);
  try {
    const told = await call("POST", at(`/pages/plans/${data.plan}/patch`), sent);
    if (turn === asked && told.problems.length) showFaults({ told: { errors: told.problems } });
    else if (turn === asked) showWords(told);
  } catch (error) {
    if (turn === asked) showFaults(error);
  }
  page.dataset.ready = "yes";
}

function showWords(told) {
  clearFaults();
  byId("problems").hidden = true;
  byId("told").replaceChildren(...told.changes.map(changeLine));
  for (const change of told.changes) added.say(change.pointer, change.text);
  byId("outlook").replaceChildren(
    ...told.impossible.map((text) => note("notice warn", `No plan can keep this. ${text}`)),
    ...told.kept.map((text) => note("quiet-note", text)),
    ...(told.outlook ? [note("quiet-note", told.outlook)] : []),
  );
  const some = told.changes.length > 0;
  const differs = some || optionsDiffer(form);
  byId("nothing").hidden = some;
  byId("undo").hidden = !differs;
  byId("send").disabled = !differs;
  if (!byId("name").dataset.own) byId("name").value = told.name;
  const jump = byId("jump");
  jump.hidden = !some;
  jump.textContent = `${told.changes.length} change${told.changes.length === 1 ? "" : "s"}: read and send`;
}

function changeLine(change) {
  const line = document.createElement("li");
  line.className = change.kind;
  line.append(Object.assign(document.createElement("span"), { textContent: unbroken(change.text) }));
  if (change.before) line.append(Object.assign(document.createElement("small"), { textContent: unbroken(`Today: ${change.before}`) }));
  return line;
}

const note = (css, text) => Object.assign(document.createElement("p"), { className: css, textContent: unbroken(text) });

function clearFaults() {
  for (const place of page.querySelectorAll("[data-address] > .fault")) place.textContent = "";
  for (const input of page.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

/* Problems at their place, and all of them in the panel, called as the page calls the place. */
function showFaults(error) {
  clearFaults();
  byId("send").disabled = true;
  byId("undo").hidden = false;
  const errors = (error.told?.errors ?? []).map((fault) => atPlace(fault, placeOf(fault.pointer ?? "")));
  showProblems(byId("problems"), errors.length ? { told: { errors } } : error);
}

function atPlace(fault, box) {
  if (!box) return fault;
  const text = [fault.message, fault.allowed && `Allowed: ${fault.allowed}.`].filter(Boolean).join(" ");
  box.querySelector(":scope > .fault").textContent = text;
  for (const input of box.querySelectorAll("input:not([type=range]):not([type=checkbox]), select")) input.setAttribute("aria-invalid", "true");
  const name = box.querySelector(".says, label, .label, span");
  return { pointer: name.firstChild.textContent.trim(), message: text };
}

function placeOf(pointer) {
  const unescaped = pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const address = (unescaped[0] === "patch" ? unescaped.slice(1) : unescaped).join("/");
  return [...page.querySelectorAll("[data-address]")].find((box) => address === box.dataset.address || address.startsWith(`${box.dataset.address}/`));
}

/* --- sending, undoing --- */

byId("send").addEventListener("click", async () => {
  const sent = body();
  sent.patch.name ??= byId("name").value.trim() || data.name;
  const text = JSON.stringify(sent);
  if (key.body !== text) key = { body: text, once: once() };
  byId("send").disabled = true;
  say("Sent");
  try {
    const plan = await call("POST", at(`/v1/plans/${data.plan}/reruns`), sent, { "Idempotency-Key": key.once });
    location.assign(at(`/plans/${plan.id}`));
  } catch (error) {
    showFaults(error);
    byId("send").disabled = false;
  }
});

byId("undo").addEventListener("click", () => {
  form.reset();
  added.clear();
  byId("name").value = byId("name").dataset.own = "";
  for (const box of form.querySelectorAll(".lever")) tell(box);
  changed();
  say("All changes undone");
});

/* On small screens a button leads down to the words, until they are in view. */
new IntersectionObserver((entries) => {
  byId("jump").classList.toggle("in-view", entries.some((entry) => entry.isIntersecting));
}).observe(byId("rerun-words"));

/* --- beginning --- */

form.reset();
for (const [id, value] of Object.entries(data.given.sets)) setLever(id, value);
for (const { type, city, stack } of data.given.adds) added.constraint(type, { city, stack });
for (const given of data.given.figures) {
  const figure = figures.find((one) => one.key === given.key);
  if (given.factor !== null) added.figure(figure, figure.owner, { factor: given.factor });
  else byId("figure").value = given.key;
}
if (byId("figure")) showFigure();
for (const box of form.querySelectorAll(".lever")) tell(box);
ask();
