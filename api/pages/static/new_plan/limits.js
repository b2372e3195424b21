/* Targets and limits besides those with a field of their own: what is asked already, in words, and a box that adds one. */
import { compose, freeId } from "../lib/compose.js";
import { month } from "../lib/format.js";
import { monthsFrom, setAt, valueAt } from "./request.js";

const ENTRY = /^\/request\/(constraints|overrides|deployments\/(?:add|remove|classes))\/(\d+)$/;

export class Limits {
  /** `changed(request)` is called with a changed copy of the request. */
  constructor(root, data, changed) {
    this.list = root.querySelector("#also");
    this.box = root.querySelector("#composer");
    this.data = data;
    this.changed = changed;
    this.answer = null;
    this.request = null; // as it was changed since; the answer follows
    compose(this.box, data.kinds, (type, members) => this.#add(type, members));
  }

  /** Show what a request asks; lines that are at fault are marked. */
  show(answer) {
    this.answer = answer;
    this.request = answer.request;
    this.list.hidden = answer.also.length === 0;
    this.list.replaceChildren(...answer.also.map((one) => this.#line(one, answer.flaws)));
    if (answer.request !== null) this.#showMonths();
  }

  #line({ pointer, text }, flaws) {
    const line = document.createElement("li");
    const wrong = flaws.some((f) => f.pointer === pointer || f.pointer.startsWith(`${pointer}/`));
    line.className = wrong ? "wrong" : "";
    line.append(Object.assign(document.createElement("span"), { textContent: text }));
    if (!ENTRY.test(pointer)) return line;
    const drop = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: "Take away" });
    drop.setAttribute("aria-label", `Take away: ${text}`);
    drop.addEventListener("click", () => this.#drop(pointer));
    line.append(drop);
    return line;
  }

  #add(type, members) {
    const request = structuredClone(this.request);
    const list = Array.isArray(request.constraints) ? request.constraints : [];
    const id = freeId(type, members, new Set(list.map((entry) => entry?.id)));
    setAt(request, "/constraints", [...list, { id, type, ...members }]);
    if (type !== "forbid_deployment") this.#admit(request, members);
    this.changed(request);
  }

  /* A pair that no deal admits is admitted along with what is asked of it. */
  #admit(request, { city, stack }) {
    const pair = this.data.pairs.find((one) => one.city === city && one.stack === stack);
    const deals = valueAt(request, "/deployments/deals") ?? this.data.usual["/deployments/deals"];
    if (!pair || !Array.isArray(deals) || deals.includes(pair.deal)) return;
    const added = valueAt(request, "/deployments/add") ?? [];
    if (!Array.isArray(added) || added.some((one) => one?.city === city && one?.stack === stack)) return;
    setAt(request, "/deployments/add", [...added, { stack, city }]);
  }

  #drop(pointer) {
    const [, list, index] = ENTRY.exec(pointer);
    const shown = JSON.stringify(valueAt(this.answer.request, `/${list}/${index}`));
    const request = structuredClone(this.request);
    const entries = valueAt(request, `/${list}`);
    const place = Array.isArray(entries) ? entries.findIndex((entry) => JSON.stringify(entry) === shown) : -1;
    if (place < 0) return; // it is gone already
    entries.splice(place, 1);
    setAt(request, `/${list}`, entries.length ? entries : undefined);
    this.changed(request);
    this.box.querySelector("#kind").focus();
  }

  /* Months to choose from are those of the horizon. */
  #showMonths() {
    const usual = this.data.usual;
    const start = valueAt(this.answer.request, "/horizon/start") ?? usual["/horizon/start"];
    const asked = Number(valueAt(this.answer.request, "/horizon/months") ?? usual["/horizon/months"]);
    const count = Number.isInteger(asked) ? Math.min(Math.max(asked, 0), 120) : 0;
    if (`${start} ${count}` === this.months) return;
    this.months = `${start} ${count}`;
    const { later } = monthsFrom(String(start));
    const months = Array.from({ length: count }, (_, k) => later(k));
    for (const select of this.box.querySelectorAll("select[data-kind=month]")) {
      const kept = select.value;
      select.replaceChildren(select.options[0], ...byYear(months));
      select.value = months.includes(kept) ? kept : "";
    }
  }
}

function byYear(months) {
  return [...new Set(months.map((m) => m.slice(0, 4)))].map((year) => {
    const group = Object.assign(document.createElement("optgroup"), { label: year });
    group.append(...months.filter((m) => m.startsWith(year)).map((m) => new Option(month(m), m)));
    return group;
  });
}
