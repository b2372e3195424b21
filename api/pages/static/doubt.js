/* The page of a plan's doubt: plans at the ends of figures, or in the cells of a grid, are asked for and followed. */
import { duration } from "./lib/format.js";
import { at, call, say, showProblems } from "./lib/http.js";

const POLL_MS = 2000;
const plan = document.getElementById("doubt").dataset.plan;

function address(kind) {
  if (kind === "ends") return at(`/v1/plans/${plan}/doubt`);
  const asked = new URLSearchParams(location.search);
  const pair = new URLSearchParams({ first: asked.get("first"), second: asked.get("second"), third: asked.get("third") ?? "" });
  return at(`/v1/plans/${plan}/doubt/grid?${pair}`);
}

/* Ask until nothing is being made any more; the page is then read anew. What fails or is stopped ends the waiting as well. */
async function follow(box) {
  const kind = box.dataset.making;
  const progress = box.querySelector("[data-progress]");
  progress.hidden = false;
  const began = Date.now();
  for (;;) {
    const told = await call("GET", address(kind));
    const entries = told[kind];
    const known = entries.filter((entry) => entry.state === "known").length;
    progress.querySelector("progress").value = known;
    progress.querySelector("span").textContent = `${known} of ${entries.length} known, ${duration((Date.now() - began) / 1000)}`;
    if (!entries.some((entry) => entry.state === "queued" || entry.state === "running")) break;
    await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
  }
  say("Known: the page is read anew");
  location.hash = kind === "ends" ? "again" : "grid";
  location.reload();
}

for (const box of document.querySelectorAll("[data-making]")) {
  const toMake = JSON.parse(box.querySelector("script").textContent);
  const problems = box.querySelector("[data-problems]");
  const button = box.querySelector("[data-make]");
  button?.addEventListener("click", async () => {
    button.disabled = true;
    problems.hidden = true;
    try {
      if (box.dataset.making === "cells") await call("POST", address("cells"));
      else for (const { href, body, idempotency_key: key } of toMake.calls) await call("POST", href, body, { "Idempotency-Key": key });
      say("The plans are being made");
      await follow(box);
    } catch (error) {
      button.disabled = false;
      showProblems(problems, error);
    }
  });
  if (toMake.running) follow(box).catch((error) => showProblems(problems, error));
}
document.body.dataset.ready = "yes";
