/* Constraints and figures that are added by hand: each is a line with a button that takes it away again. */
import { freeId } from "../lib/compose.js";

/** Everything added; calls `changed` whenever it is another. */
export class Added {
  constructor(data, changed) {
    this.data = data;
    this.changed = changed;
    this.items = [];
  }

  /** Add a constraint from its members; a pair that no deal admits is admitted along with it. */
  constraint(type, members) {
    const id = freeId(type, members, new Set([...this.data.ids, ...this.items.map((item) => item.id)]));
    const puts = [[["constraints", id], { type, ...members }]];
    const pair = this.data.pairs.find((p) => p.city === members.city && p.stack === members.stack);
    const key = `${members.stack}@${members.city}`;
    if (type !== "forbid_deployment" && pair && !pair.admitted && !this.data.added.includes(key)) puts.push([["deployments", "add", key], {}]);
    this.#show({ id, puts, address: `constraints/${id}` }, document.getElementById("added"), title(this.data, type, members, pair));
  }

  /** Add another value for a figure. */
  figure(figure, owner, change) {
    this.items.filter((item) => item.key === figure.key).forEach((item) => this.#drop(item));
    const said = change.factor === undefined ? `${change.value.toLocaleString("en-US")} ${figure.unit}` : `times ${change.factor}`;
    const item = { key: figure.key, puts: [[["overrides", figure.key], change]], address: `overrides/${figure.key}` };
    this.#show(item, document.getElementById("figures-added"), `${owner}: ${figure.name}, ${said}`);
  }

  /** Say what was added as the service says it. */
  say(pointer, text) {
    const address = pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~")).join("/");
    const item = this.items.find((one) => one.address === address);
    if (!item) return;
    item.line.firstChild.textContent = text;
    item.line.querySelector("button").setAttribute("aria-label", `Take away: ${text}`);
  }

  clear() {
    for (const item of [...this.items]) this.#drop(item);
  }

  #show(item, list, text) {
    const line = document.createElement("li");
    line.dataset.address = item.address;
    const drop = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: "Take away" });
    drop.setAttribute("aria-label", `Take away: ${text}`);
    drop.addEventListener("click", () => { this.#drop(item); this.changed(); });
    line.append(Object.assign(document.createElement("span"), { textContent: text }), drop, Object.assign(document.createElement("p"), { className: "fault" }));
    list.append(line);
    item.line = line;
    this.items.push(item);
    this.changed();
  }

  #drop(item) {
    item.line.remove();
    this.items = this.items.filter((other) => other !== item);
  }
}

function title(data, type, members, pair) {
  const kind = data.kinds.find((k) => k.type === type);
  const where = pair ? `${pair.partner} in ${pair.place}` : "";
  if (type === "force_deployment") return `${where} must open`;
  if (type === "forbid_deployment") return `${where} must not open`;
  return kind.title;
}
