/* The form over the request: shows what the request says, and changes it where somebody changes a control. */
import { mainMember, monthsFrom, ownConstraint, setAt, setConstraint, valueAt } from "./request.js";

/* Controls of the request; those of the box that puts a constraint together are its own. */
const CONTROLS = "[data-at], [data-constraint]";

const near = (value) => Number(value.toPrecision(12));

/* How a kind of control shows a value, and what it says about one. `undefined` means: nothing is said. */
const KINDS = {
  text: { show: (v) => (v === undefined ? "" : String(v)), read: (t) => t },
  number: { show: (v) => (v === undefined || v === null ? "" : String(v)), read: numberOr },
  whole: { show: (v) => (v === undefined || v === null ? "" : String(v)), read: numberOr },
  millions: { show: (v) => (typeof v === "number" ? String(near(v / 1e6)) : ""), read: (t) => numberOr(t, 1e6) },
  percent: { show: (v) => (typeof v === "number" ? String(near(v * 100)) : ""), read: (t) => numberOr(t, 0.01) },
};

function numberOr(text, times = 1) {
  if (text.trim() === "") return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? near(value * times) : text;
}

export class Form {
  /** `changed(request, options, what)` is called with a changed copy of the request. */
  constructor(root, data, changed) {
    this.root = root;
    this.data = data;
    this.changed = changed;
    this.answer = null;
    this.options = data.options;
    this.showOthers = false;
    root.addEventListener("input", (event) => this.#touched(event.target));
    root.addEventListener("change", (event) => this.#touched(event.target));
    root.querySelector("#cities-all").addEventListener("click", () => this.#chooseAll());
    root.querySelector("#stacks-more").addEventListener("click", () => this.#toggleOthers());
  }

  /** Show a request; the control that somebody is in stays as it is. */
  show(answer, options) {
    this.options = options;
    const known = answer.request !== null && answer.form !== null;
    for (const set of this.root.querySelectorAll("fieldset")) set.disabled = !known;
    if (!known) return;
    this.answer = answer;
    for (const control of this.root.querySelectorAll(CONTROLS)) if (!control.contains(document.activeElement)) this.#fill(control);
    this.#tick("cities", answer.form.cities);
    this.#tick("stacks", answer.form.stacks);
    this.#tick("deals", this.#said("/deployments/deals"));
    this.#showList();
    this.#showPartners();
    this.#showWords();
  }

  /** Put flaws at their controls; return those that have none. What a half-made limit still lacks is not of the request: it stays. */
  fault(flaws) {
    for (const place of this.root.querySelectorAll(".fault:not([data-kind-of] .fault)")) place.textContent = "";
    for (const wrong of this.root.querySelectorAll("[aria-invalid]")) wrong.removeAttribute("aria-invalid");
    return flaws.filter((flaw) => !this.#faultAt(flaw));
  }

  /** Go to the first control that is at fault. */
  goToFault() {
    const wrong = this.root.querySelector("[aria-invalid=true]");
    const target = wrong?.matches("input,select,textarea") ? wrong : wrong?.querySelector("input,select,textarea");
    target?.focus();
    return Boolean(target);
  }

  #said(pointer) {
    if (pointer.startsWith("/options/")) return this.options[pointer.slice(9)];
    const value = valueAt(this.answer.request, pointer);
    return value === undefined ? this.data.usual[pointer] : value;
  }

  #value(control) {
    const type = control.dataset.constraint;
    if (!type) return this.#said(control.dataset.at);
    return this.answer.request.constraints?.[ownConstraint(this.answer.request, type)]?.[control.dataset.member];
  }

  #fill(control) {
    const value = this.#value(control);
    const kind = control.dataset.kind;
    if (kind === "month") this.#fillMonth(control, value);
    else if (kind === "choice") for (const radio of control.querySelectorAll("input")) radio.checked = radio.value === (value ?? control.dataset.usual);
    else if (kind === "flag") control.checked = value === true;
    else if (kind === "unpaid") control.checked = value === "public";
    else control.value = KINDS[kind].show(value);
    const main = control.dataset.constraint && control.dataset.member !== mainMember(control.dataset.constraint);
    for (const inner of control.matches("input") ? [control] : control.querySelectorAll("select, input")) {
      inner.disabled = Boolean(main) && ownConstraint(this.answer.request, control.dataset.constraint) < 0;
    }
  }

  #fillMonth(control, value) {
    const shown = /^(\d{4})-(\d{2})$/.exec(String(value ?? monthsFrom(this.#said("/horizon/start")).later(23)));
    const [month, year] = control.querySelectorAll("select");
    if (!shown) return;
    if (![...year.options].some((o) => o.value === shown[1])) year.add(new Option(shown[1]));
    [year.value, month.value] = [shown[1], shown[2]];
  }

  #tick(name, chosen) {
    const here = new Set(Array.isArray(chosen) ? chosen : []);
    for (const box of this.root.querySelectorAll(`[data-set=${name}] input`)) box.checked = here.has(box.value);
  }

  #showList() {
    const list = Array.isArray(valueAt(this.answer.request, "/capital/per_quarter_usd"));
    const field = this.root.querySelector("#capital");
    field.disabled = list;
    this.root.querySelector("#capital-list").hidden = !list;
  }

  #showPartners() {
    const cities = new Set(this.answer.form.cities);
    const deals = new Set(this.#said("/deployments/deals") ?? []);
    let admitted = 0;
    for (const row of this.root.querySelectorAll("[data-stack]")) {
      let some = false;
      for (const deal of row.querySelectorAll(".deal")) {
        deal.hidden = !cities.has(deal.dataset.city) || !deals.has(deal.dataset.deal);
        some ||= !deal.hidden;
      }
      row.classList.toggle("out", !some);
      row.hidden = !some && !this.showOthers && !row.contains(document.activeElement);
      admitted += some;
    }
    const all = this.data.stacks.length;
    this.root.querySelector("#stacks-count").textContent = `${admitted} of ${all} partners' vehicles have such a deal in these cities.`;
    const more = this.root.querySelector("#stacks-more");
    more.hidden = admitted === all;
    more.textContent = this.showOthers ? "Hide the others" : `Show the other ${all - admitted}`;
    more.setAttribute("aria-expanded", String(this.showOthers));
    const chosen = this.answer.form.cities.length;
    this.root.querySelector("#cities-count").textContent = chosen === this.data.cities.length ? `All ${chosen} cities of the catalogue.` : `${chosen} of ${this.data.cities.length} cities.`;
    this.root.querySelector("#cities-all").hidden = chosen === this.data.cities.length;
  }

  #showWords() {
    const figures = this.answer.figures;
    if (!figures) return;
    this.root.querySelector("#span-words").textContent = `${figures.span}: the first ones are planned month by month, the rest quarter by quarter.`;
    this.root.querySelector("#capital-words").textContent = `${figures.capital}. What a quarter leaves over may be spent later.`;
  }

  #touched(control) {
    if (!this.answer || control.closest("fieldset")?.disabled) return;
    const request = structuredClone(this.answer.request);
    const options = { ...this.options };
    const set = control.closest("[data-set]")?.dataset.set;
    const owner = control.closest(CONTROLS);
    if (set) this.#choose(request, set);
    else if (owner) this.#take(request, options, owner);
    else return;
    if (JSON.stringify([request, options]) === JSON.stringify([this.answer.request, this.options])) return;
    this.changed(request, options, control);
  }

  #take(request, options, control) {
    const value = this.#read(control);
    const { at, constraint, member } = control.dataset;
    if (constraint) {
      const months = monthsFrom(this.#said("/horizon/start"));
      setConstraint(request, constraint, member, value, months);
    } else if (at.startsWith("/options/")) {
      if (value === undefined) delete options[at.slice(9)];
      else options[at.slice(9)] = value;
    } else if (valueAt(request, at) !== undefined || value !== this.data.usual[at]) {
      setAt(request, at, value === "" && at === "/note" ? undefined : value);
    }
  }

  #read(control) {
    const kind = control.dataset.kind;
    if (kind === "month") {
      const [month, year] = control.querySelectorAll("select");
      return `${year.value}-${month.value}`;
    }
    if (kind === "choice") return control.querySelector("input:checked")?.value;
    if (kind === "flag") return control.checked;
    if (kind === "unpaid") return control.checked ? "public" : "paid";
    // A number field that holds letters gives no text at all; say that it is there, so that it is a fault and not nothing.
    return control.validity?.badInput ? "not a number" : KINDS[kind].read(control.value);
  }

  #choose(request, set) {
    const chosen = [...this.root.querySelectorAll(`[data-set=${set}] input:checked`)].map((box) => box.value);
    if (set === "deals") {
      setAt(request, "/deployments/deals", chosen);
    } else if (set === "cities") {
      setAt(request, "/exclude_cities", undefined);
      setAt(request, "/cities", chosen.length === this.data.cities.length ? undefined : chosen);
    } else if (Array.isArray(request.stacks)) {
      setAt(request, "/exclude_stacks", undefined);
      setAt(request, "/stacks", chosen.length === this.data.stacks.length ? undefined : chosen);
    } else {
      const out = this.data.stacks.filter((slug) => !chosen.includes(slug));
      setAt(request, "/exclude_stacks", out.length ? out : undefined);
    }
  }

  #chooseAll() {
    this.#tick("cities", this.data.cities);
    this.#touched(this.root.querySelector("[data-set=cities] input"));
    this.root.querySelector("[data-set=cities] input").focus();
  }

  #toggleOthers() {
    this.showOthers = !this.showOthers;
    if (this.answer) this.#showPartners();
  }

  #pointers(control) {
    const { at, constraint, member } = control.dataset;
    if (at) return [at.startsWith("/options/") ? at : `/request${at}`];
    const index = this.answer ? ownConstraint(this.answer.request, constraint) : -1;
    if (index < 0) return [];
    const own = `/request/constraints/${index}`;
    return member === mainMember(constraint) ? [`${own}/${member}`, own] : [`${own}/${member}`];
  }

  #faultAt(flaw) {
    const sets = { cities: ["/request/cities", "/request/exclude_cities"], deals: ["/request/deployments/deals"], stacks: ["/request/stacks", "/request/exclude_stacks"] };
    const places = [
      ...Object.entries(sets).flatMap(([id, pointers]) => pointers.map((p) => [p, this.root.querySelector(`#${id}`)])),
      ...[...this.root.querySelectorAll(CONTROLS)].flatMap((c) => this.#pointers(c).map((p) => [p, c])),
    ];
    const within = places.filter(([p]) => flaw.pointer === p || flaw.pointer.startsWith(`${p}/`)).sort((a, b) => b[0].length - a[0].length);
    const around = flaw.pointer === "/request" ? [] : places.filter(([p]) => p.startsWith(`${flaw.pointer}/`));
    const control = (within[0] ?? around[0])?.[1];
    if (!control || control.closest("fieldset")?.disabled) return false;
    control.setAttribute("aria-invalid", "true");
    const place = this.root.querySelector(`#${control.id}-fault`) ?? control.closest(".field").querySelector(".fault");
    const text = moneyFault(control) || sentence(flaw);
    place.textContent = place.textContent ? `${place.textContent} ${text}` : text;
    return true;
  }
}

/* What is wrong with an amount, in the millions in which its field shows it; nothing where its size is not what is wrong. */
function moneyFault(control) {
  if (control.dataset.kind !== "millions" || control.disabled) return "";
  const [value, least, most] = [control.value, control.min, control.max].map(Number);
  if (!control.validity.badInput && (control.value === "" || (value >= least && value <= most))) return "";
  const count = (x) => x.toLocaleString("en-US").replace("-", "−");
  return `Write a number from ${count(least)} to ${count(most)}, in millions of USD.`;
}

/** A flaw as one or two sentences. */
export function sentence(flaw) {
  const head = `${flaw.message[0].toUpperCase()}${flaw.message.slice(1)}.`;
  const allowed = flaw.allowed && flaw.allowed.length < (flaw.remedy ? 100 : 300) ? `Allowed: ${flaw.allowed}.` : "";
  const remedy = flaw.remedy ? `${flaw.remedy[0].toUpperCase()}${flaw.remedy.slice(1)}${/[.?!]$/.test(flaw.remedy) ? "" : "."}` : "";
  return [head, allowed, remedy].filter(Boolean).join(" ");
}
