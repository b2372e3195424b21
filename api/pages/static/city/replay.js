/* A month is replayed when asked for; those in the making are followed, and the page is read anew when one is known. */
import { at, call, say, showProblems } from "../lib/http.js";
import { duration } from "../lib/format.js";

const POLL_MS = 2000;
const byId = (id) => document.getElementById(id);
const pause = () => new Promise((resolve) => { setTimeout(resolve, POLL_MS); });

export function replayInPlace(section) {
  const form = byId("ask-replay");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(section, form).catch((error) => {
      byId("replay-ask").disabled = false;
      byId("replay-progress").hidden = true;
      showProblems(byId("replay-problems"), error);
    });
  });
}

async function ask(section, form) {
  byId("replay-ask").disabled = true;
  byId("replay-problems").hidden = true;
  const seeds = Array.from({ length: Number(byId("replay-runs").value) }, (_, k) => k);
  const body = { city: section.dataset.city, month: byId("replay-month").value, days: byId("replay-days").value, seeds };
  const began = Date.now();
  let told = await call("POST", at(`/v1/plans/${section.dataset.plan}/simulations`), body);
  while (told.state === "queued" || told.state === "running") {
    const done = told.state === "running" ? `being replayed, ${Math.round(100 * told.progress)} %` : "waiting for a worker";
    byId("replay-progress").hidden = false;
    byId("replay-progress").textContent = `It is ${done}, ${duration((Date.now() - began) / 1000)}.`;
    await pause();
    told = await call("GET", told.href);
  }
  if (told.state === "failed") throw Object.assign(new Error("It could not be replayed"), { told: { title: "It could not be replayed", detail: told.problem?.detail, errors: [] } });
  say("Replayed: the page is read anew");
  const address = new URL(location.href);
  address.searchParams.set("simulation", told.id);
  address.hash = "replayed";
  history.replaceState(null, "", address);
  location.reload();
}
