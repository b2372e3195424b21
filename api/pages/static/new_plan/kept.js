/* Requests that were written and not sent: kept in this browser by name, gone only when somebody says so. */
import { duration } from "../lib/format.js";
import { say } from "../lib/http.js";

const KEPT = "fleetplan-drafts";
const OPEN = "fleetplan-draft";
const MOST = 12;

const read = () => {
  try {
    const found = JSON.parse(localStorage.getItem(KEPT));
    return Array.isArray(found) ? found.filter((one) => one && typeof one.id === "string" && typeof one.text === "string") : [];
  } catch {
    return [];
  }
};

function write(drafts) {
  try {
    localStorage.setItem(KEPT, JSON.stringify(drafts));
  } catch { /* full or forbidden: then nothing is kept */ }
}

/* The draft that this tab is about: a reload goes on with it. */
const open = {
  get id() { try { return sessionStorage.getItem(OPEN); } catch { return null; } },
  set id(value) {
    try {
      if (value === null) sessionStorage.removeItem(OPEN);
      else sessionStorage.setItem(OPEN, value);
    } catch { /* as above */ }
  },
};

export class Kept {
  /** `take(draft)` goes on with a draft that somebody chose. */
  constructor(box, take) {
    this.box = box;
    this.take = take;
    this.id = null;
  }

  /** The draft that this tab was writing from the same start, if there is one. */
  mine(from) {
    const found = read().find((one) => one.id === open.id && one.from === from) ?? null;
    this.id = found?.id ?? null;
    return found;
  }

  /** Keep what is written. */
  put(draft) {
    this.id ??= crypto.randomUUID();
    open.id = this.id;
    write([{ ...draft, id: this.id, at: Date.now() }, ...read().filter((one) => one.id !== this.id)].slice(0, MOST));
  }

  /** It was sent: nothing of it is kept. */
  sent() {
    write(read().filter((one) => one.id !== this.id));
    this.id = open.id = null;
  }

  /** List the others; each can be gone on with, or thrown away and brought back. */
  show() {
    const others = read().filter((one) => one.id !== this.id);
    this.box.hidden = others.length === 0;
    this.box.querySelector("p").textContent = others.length === 1 ? "A request that you wrote and did not send is kept here:" : `${others.length} requests that you wrote and did not send are kept here:`;
    this.box.querySelector("ul").replaceChildren(...others.map((one) => this.#line(one)));
  }

  #line(draft) {
    const name = draft.name || "without a name";
    const line = document.createElement("li");
    const old = (Date.now() - draft.at) / 1000;
    line.append(Object.assign(document.createElement("b"), { textContent: name }), ` ${old < 60 ? "just now" : `${duration(old)} ago`} `);
    line.append(button("Go on with it", `Go on with ${name}`, () => {
      this.id = open.id = draft.id;
      this.take(draft);
      this.show();
    }), button("Throw it away", `Throw ${name} away`, () => this.#drop(draft, name, line)));
    return line;
  }

  #drop(draft, name, line) {
    write(read().filter((one) => one.id !== draft.id));
    const back = button("Bring it back", `Bring ${name} back`, () => {
      write([...read(), draft]);
      this.show();
      say(`${name} is kept again`);
    });
    line.replaceChildren(Object.assign(document.createElement("b"), { textContent: name }), " is thrown away. ", back);
    back.focus();
    say(`${name} is thrown away`);
  }
}

function button(text, label, act) {
  const made = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: text });
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}
