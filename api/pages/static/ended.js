/* A plan that ended without one: ask the same once more. */
import { call, once, say, showProblems } from "./lib/http.js";

const button = document.getElementById("again");
button?.addEventListener("click", async () => {
  const told = JSON.parse(document.getElementById("call").textContent);
  button.disabled = true;
  try {
    const made = await call("POST", told.href, told.body, { "Idempotency-Key": once() });
    say("Asked again.");
    location.assign(`/plans/${encodeURIComponent(made.id)}`);
  } catch (error) {
    button.disabled = false;
    showProblems(document.getElementById("faults"), error);
  }
});
document.body.dataset.ready = "yes";
