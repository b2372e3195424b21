/* What a lever would touch, said beside it while it is moved. */
import { count, month, usd } from "../lib/format.js";
import { leverValue } from "./patch.js";

const EARLIEST = -6;
const FEW = 3;

/* The first `few` of some texts, and how many more there are. */
function few(texts) {
  const rest = texts.length - FEW;
  return rest > 0 ? `${texts.slice(0, FEW).join("; ")}; ${rest} more` : texts.join("; ");
}

function slip(value, spec) {
  const touches = spec.touches;
  if (!touches.length) return value === spec.today ? "" : "No launch of this plan waits for these permits.";
  if (value === spec.today) return `Opens ${few(touches.map((t) => `${month(t.launch)} with ${t.name}`))}.`;
  const at = value - EARLIEST;
  if (!Number.isInteger(value) || at < 0 || at >= touches[0].by.length) return "";
  const moved = touches.filter((t) => t.by[at] !== t.launch);
  if (!moved.length) return "No launch has to move: the permits are in hand early enough.";
  return few(moved.map((t) => {
    if (t.by[at] === null) return `${t.name} could not open within the horizon`;
    return t.by[at] > t.launch ? `${t.name} not before ${month(t.by[at])} (in this plan ${month(t.launch)})` : `${t.name} could open ${month(t.by[at])} (in this plan ${month(t.launch)})`;
  }));
}

function supply(value, spec, data) {
  if (!spec.touches) return "";
  const { used, ceiling } = spec.touches;
  const have = ceiling.map((c) => Math.floor((c * value) / spec.today));
  const short = used.findIndex((n, t) => n > have[t]);
  if (value === spec.today) return `This plan uses ${count(Math.max(...used))} of the ${count(ceiling[ceiling.length - 1])} there are by the end.`;
  if (short < 0) return "Still enough for all that this plan uses.";
  const worst = used.reduce((most, n, t) => Math.max(most, n - have[t]), 0);
  return `Short from ${month(data.periods[short])}: by up to ${count(worst)} of the vehicles that this plan uses.`;
}

/** Say beside a lever what it would touch. */
export function tellLever(box, data) {
  const spec = data.levers[box.dataset.lever];
  const value = leverValue(box);
  const kind = box.dataset.lever.split(":")[0];
  const texts = { slip, law: slip, supply };
  const said = value === null || !texts[kind] ? "" : texts[kind](value, spec, data);
  box.querySelector("output").textContent = said;
  box.classList.toggle("moved", value !== spec.today);
}

/** Say beside the capital what it comes to. */
export function tellCapital(box, data) {
  const share = Number(box.querySelector("input[type=number]").value) / 100;
  const { given, quarters } = data.capital;
  const by = Array.isArray(given) ? given : [given];
  const total = Array.from({ length: quarters }, (_, k) => by[Math.min(k, by.length - 1)] * share).reduce((a, b) => a + b, 0);
  const each = Array.isArray(given) ? "" : `${usd(given * share)} a quarter, `;
  const spent = data.spent === null ? "" : `; this plan spends ${usd(data.spent)}`;
  box.querySelector("output").textContent = `${each}${usd(total)} over the horizon${spent}.`;
  box.classList.toggle("moved", share !== 1);
}
