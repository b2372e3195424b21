/* The patch that the controls of the rerun page ask for: what differs from today, and nothing else. */
import { valueOf } from "../lib/compose.js";

/** Put a value at a path of an object; null (an entry that goes) is never looked into. */
export function put(out, path, value) {
  const last = path.length - 1;
  let here = out;
  for (const part of path.slice(0, last)) here = here[part] ??= {};
  const old = here[path[last]];
  here[path[last]] = old && value && typeof old === "object" && typeof value === "object" && !Array.isArray(value) ? { ...old, ...value } : value;
}

const number = (input) => (input.value.trim() === "" ? null : Number(input.value));

/** The value of a lever in the units of the request. */
export function leverValue(box) {
  const scale = Number(box.dataset.scale);
  if (!scale) return box.querySelector("select").value;
  const shown = number(box.querySelector("input[type=number]"));
  return shown === null ? null : Math.round((shown / scale) * 1e9) / 1e9;
}

function lever(out, box, spec) {
  const value = leverValue(box);
  if (value === null || value === spec.today) return;
  if (value === spec.none && spec.exists) put(out, spec.path, null);
  else put(out, spec.path, spec.exists ? { [spec.member]: value } : { ...spec.entry, [spec.member]: value });
}

function capital(out, box, given) {
  const percent = number(box.querySelector("input[type=number]"));
  if (percent === null || percent === 100) return;
  const scaled = (usd) => Math.round(usd * percent) / 100;
  put(out, ["capital", "per_quarter_usd"], Array.isArray(given) ? given.map(scaled) : scaled(given));
}

function entry(out, box, path) {
  if (box.querySelector("[data-drop]").checked) {
    put(out, path, null);
    return;
  }
  for (const input of box.querySelectorAll("[data-member]")) {
    if (input.value !== input.dataset.today) put(out, [...path, input.dataset.member], valueOf(input));
  }
}

/** Return the patch of the whole page; `added` are the patches of what was added by hand. */
export function patchOf(form, data, added) {
  const out = {};
  for (const box of form.querySelectorAll("[data-lever]")) lever(out, box, data.levers[box.dataset.lever]);
  capital(out, form.querySelector("[data-capital]"), data.capital.given);
  const floor = form.querySelector("#floor");
  if (floor.value !== floor.dataset.today) put(out, ["capital", "cash_floor_usd"], floor.value === "" ? null : Number(floor.value) * 1e6);
  const durations = form.querySelector("[name=durations]:checked");
  if (!durations.hasAttribute("data-today")) out.permit_durations = durations.value;
  for (const box of form.querySelectorAll("[data-asked]")) entry(out, box, ["constraints", box.dataset.asked]);
  for (const box of form.querySelectorAll("[data-override]")) entry(out, box, ["overrides", box.dataset.override]);
  for (const one of added) for (const [path, value] of one.puts) put(out, path, value);
  return out;
}

/** Return how to search and what to keep, as far as it differs from what the service does by itself. */
export function optionsOf(form) {
  const out = {};
  const seconds = number(form.querySelector("#seconds"));
  const gap = number(form.querySelector("#gap"));
  if (seconds !== null) out.time_limit_s = seconds;
  if (gap !== null) out.gap = Math.round(gap * 1e6) / 1e8;
  const freeze = form.querySelector("#freeze")?.value;
  const price = form.querySelector("#price");
  if (freeze) out.freeze_until = freeze;
  if (price && price.value !== "") out.change_price_usd = Number(price.value);
  return out;
}

/** Whether the search is asked for otherwise than it was. */
export const optionsDiffer = (form) =>
  ["#seconds", "#gap"].some((id) => form.querySelector(id).value !== form.querySelector(id).dataset.today) ||
  Boolean(form.querySelector("#freeze")?.value || form.querySelector("#price")?.value);
