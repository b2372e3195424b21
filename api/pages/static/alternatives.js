/* The page of a plan's alternatives and frontiers: plans that are missing are asked for and followed. */
import { asking } from "./lib/asked.js";
import { duration } from "./lib/format.js";
import { at, follow, say, showProblems } from "./lib/http.js";

const POLL_MS = 2000;
const plan = document.getElementById("alternatives").dataset.plan;
const MAKING = new Set(["queued", "running"]);

function wait() {
  return new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
}

function readAnew(hash) {
  say("Known: the page is read anew");
  location.hash = hash;
  location.reload();
}

/* One alternative after the other: each is asked for once the one before it is known. One that fails ends it. */
async function followChain(box, begin) {
  const asked = new URLSearchParams([...new URLSearchParams(location.search)].filter(([, value]) => value));
  const progress = box.querySelector("[data-progress]");
  progress.hidden = false;
  const began = Date.now();
  const tried = new Set();
  const plans = asking(progress);
  for (;;) {
    const told = await follow(at(`/v1/plans/${plan}/alternatives?${asked}`));
    progress.querySelector("progress").value = told.alternatives.others.length;
    progress.querySelector("span").textContent = `${told.plans.length} known, ${duration((Date.now() - began) / 1000)}`;
    if (told.state === "known") break;
    if (!MAKING.has(told.state)) {
      if (!begin || plans.stopped || !told.rerun || !plans.isNew(told.rerun) || tried.has(told.plans.length)) break;
      tried.add(told.plans.length);
      await plans.post(told.rerun);
    }
    await wait();
  }
  readAnew("nearly");
}

async function followPoints(box, axis, calls = []) {
  const progress = box.querySelector("[data-progress]");
  progress.hidden = false;
  const began = Date.now();
  const plans = asking(progress);
  for (const one of calls) await plans.post(one);
  for (;;) {
    const { points } = await follow(at(`/v1/plans/${plan}/frontier?axis=${axis}`));
    const known = points.filter((point) => point.state === "known").length;
    progress.querySelector("progress").value = known;
    progress.querySelector("span").textContent = `${known} of ${points.length} known, ${duration((Date.now() - began) / 1000)}`;
    if (!points.some((point) => MAKING.has(point.state))) break;
    await wait();
  }
  readAnew(axis);
}

function offer(box, begin) {
  const problems = box.querySelector("[data-problems]");
  const button = box.querySelector("[data-make]");
  const failed = (error) => showProblems(problems, error);
  button?.addEventListener("click", () => {
    button.disabled = true;
    problems.hidden = true;
    say("The plans are being made");
    begin().catch((error) => {
      button.disabled = false;
      failed(error);
    });
  });
  return failed;
}

for (const box of document.querySelectorAll("[data-chain]")) {
  const failed = offer(box, () => followChain(box, true));
  if (MAKING.has(box.dataset.state)) followChain(box, false).catch(failed);
}
for (const box of document.querySelectorAll("[data-making]")) {
  const toMake = JSON.parse(box.querySelector("script").textContent);
  const failed = offer(box, () => followPoints(box, box.dataset.making, toMake.calls));
  if (toMake.running && !toMake.calls.length) followPoints(box, box.dataset.making).catch(failed);
}
document.body.dataset.ready = "yes";
