/* A plan that ended without one: ask the same once more, or with a repair. */
import { at, call, once, say, showProblems } from "./lib/http.js";

const read = (id) => JSON.parse(document.getElementById(id).textContent);

async function ask(button, told, words) {
  button.disabled = true;
  try {
    const made = await call("POST", told.href, told.body, { "Idempotency-Key": once() });
    say(words);
    location.assign(at(`/plans/${encodeURIComponent(made.id)}`));
  } catch (error) {
    button.disabled = false;
    showProblems(document.getElementById("faults"), error);
  }
}

const again = document.getElementById("again");
again?.addEventListener("click", () => ask(again, read("call"), "Asked again."));
for (const button of document.querySelectorAll("button.repair")) {
  button.addEventListener("click", () => ask(button, read("repair-calls")[Number(button.dataset.repair)], "Asked with the repair."));
}

/* Repairs are still being looked for: look again until they are there, then draw the page anew. */
const LOOK_MS = 1000;
const mending = document.querySelector("[data-mending]")?.dataset.mending;
async function lookAgain() {
  try {
    const { phase } = await call("GET", at(`/v1/plans/${encodeURIComponent(mending)}`));
    if (phase !== "mending") return location.reload();
  } catch { /* the service is away for a moment */ }
  setTimeout(lookAgain, LOOK_MS);
}
if (mending) setTimeout(lookAgain, LOOK_MS);
document.body.dataset.ready = "yes";
