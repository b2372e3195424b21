/* The page of a plan's alternatives and frontiers: plans that are missing are asked for and followed. */
import { duration } from "./lib/format.js";
import { at, call, say, showProblems } from "./lib/http.js";

const POLL_MS = 2000;
const plan = document.getElementById("alternatives").dataset.plan;
const MAKING = new Set(["queued", "running"]);

function wait() {
  return new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
}

function post({ href, body, idempotency_key: key }) {
  return call("POST", href, body, { "Idempotency-Key": key });
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
  for (;;) {
    const told = await call("GET", at(`/v1/plans/${plan}/alternatives?${asked}`));
    progress.querySelector("progress").value = told.alternatives.others.length;
    progress.querySelector("span").textContent = `${told.plans.length} known, ${duration((Date.now() - began) / 1000)}`;
    if (told.state === "known") break;
    if (!MAKING.has(told.state)) {
      if (!begin || !told.rerun || tried.has(told.rerun.idempotency_key) || tried.has(told.plans.length)) break;
      tried.add(told.rerun.idempotency_key).add(told.plans.length);
      await post(told.rerun);
    }
    await wait();
  }
  readAnew("nearly");
}

async function followPoints(box, axis) {
  const progress = box.querySelector("[data-progress]");
  progress.hidden = false;
  const began = Date.now();
  for (;;) {
    const { points } = await call("GET", at(`/v1/plans/${plan}/frontier?axis=${axis}`));
    const known = points.filter((point) => point.state === "known").length;
    progress.querySelector("progress").value = known;
    progress.querySelector("span").textContent = `${known} of ${points.length} known, ${duration((Date.now() - began) / 1000)}`;
    if (!points.some((point) => MAKING.has(point.state))) break;
    await wait();
  }
  readAnew(axis);
}

function offer(box, begin, follow) {
  const problems = box.querySelector("[data-problems]");
  const button = box.querySelector("[data-make]");
  button?.addEventListener("click", async () => {
    button.disabled = true;
    problems.hidden = true;
    try {
      await begin();
      say("The plans are being made");
      await follow(true);
    } catch (error) {
      button.disabled = false;
      showProblems(problems, error);
    }
  });
  return (error) => showProblems(problems, error);
}

for (const box of document.querySelectorAll("[data-chain]")) {
  const failed = offer(box, async () => {}, (begin) => followChain(box, begin));
  if (MAKING.has(box.dataset.state)) followChain(box, false).catch(failed);
}
for (const box of document.querySelectorAll("[data-making]")) {
  const toMake = JSON.parse(box.querySelector("script").textContent);
  const begin = async () => { for (const one of toMake.calls) await post(one); };
  const failed = offer(box, begin, () => followPoints(box, box.dataset.making));
  if (toMake.running && !toMake.calls.length) followPoints(box, box.dataset.making).catch(failed);
}
document.body.dataset.ready = "yes";
