/* Calls to the service: JSON in, JSON out; a problem becomes an exception that carries it. */

/** An address of the service as this browser reaches it: below the path under which a proxy shows it, where there is one. */
export const at = (address) => (document.documentElement.dataset.root ?? "") + address;

export class Problem extends Error {
  constructor(told) {
    super(told.detail || told.title);
    this.told = told;
  }
}

export async function call(method, address, body, headers = {}) {
  const answer = await reached(address, {
    method,
    headers: { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (answer.status === 204) return null;
  const told = await answer.json().catch(() => ({ title: `The service answered ${answer.status}`, errors: [] }));
  if (!answer.ok) throw new Problem(told);
  return told;
}

const AWAY = "The service does not answer at the moment. What was asked for goes on there; ask again in a while.";

async function reached(address, asked) {
  try {
    return await fetch(address, asked);
  } catch {
    throw new Error(AWAY);
  }
}

const RETRIES = 20;
const RETRY_MS = 3000;

/** Read again and again what a page follows: a service that is away for a moment ends nothing. */
export async function follow(address) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await call("GET", address);
    } catch (error) {
      if (error instanceof Problem || tries === RETRIES) throw error;
      await new Promise((resolve) => { setTimeout(resolve, RETRY_MS); });
    }
  }
}

/** A key for a call that must happen once, however often the button is pressed. */
export const once = () => crypto.randomUUID();

/** Tell people who listen rather than look. */
export function say(text) {
  const place = document.getElementById("said");
  place.textContent = "";
  requestAnimationFrame(() => { place.textContent = text; });
}

/** Replace a list's content by problems, each with its place. */
export function showProblems(list, error) {
  const told = error.told ?? { title: error.message, errors: [] };
  const entries = told.errors?.length ? told.errors : [{ message: [told.title, told.detail, told.remedy].filter(Boolean).join(". ") }];
  list.replaceChildren(...entries.map((e) => {
    const item = document.createElement("li");
    const place = document.createElement("b");
    place.textContent = e.pointer ?? e.parameter ?? "";
    item.append(place, " ", e.message);
    const more = [e.allowed && `Allowed: ${e.allowed}.`, e.remedy].filter(Boolean).join(" ");
    if (more) item.append(" ", Object.assign(document.createElement("span"), { textContent: more }));
    return item;
  }));
  list.hidden = false;
  say(`${entries.length} problem${entries.length === 1 ? "" : "s"}: ${entries[0].message}`);
}
