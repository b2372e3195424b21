/* The page of a scenario set: plans are asked for step by step until nothing is left to post, and followed. */
import { duration } from "./lib/format.js";
import { at, call, say, showProblems } from "./lib/http.js";

const POLL_MS = 2000;
const address = at(document.getElementById("recourse").dataset.address);

async function follow(box) {
  const progress = box.querySelector("[data-progress]");
  const began = Date.now();
  const posted = new Set();
  progress.hidden = false;
  for (;;) {
    const told = await call("GET", address);
    const fresh = told.reruns.filter((one) => !posted.has(one.idempotency_key));
    for (const { href, body, idempotency_key: key } of fresh) {
      posted.add(key);
      await call("POST", href, body, { "Idempotency-Key": key });
    }
    const bar = progress.querySelector("progress");
    bar.max = told.asked;
    bar.value = told.made;
    progress.querySelector("span").textContent = `${told.step}: ${told.made} of ${told.asked}, ${duration((Date.now() - began) / 1000)}`;
    if (told.state === "known" || (told.state === "missing" && !fresh.length)) break;
    await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
  }
  say("Known: the page is read anew");
  location.reload();
}

for (const box of document.querySelectorAll("[data-making]")) {
  const problems = box.querySelector("[data-problems]");
  const button = box.querySelector("[data-make]");
  const start = () => {
    if (button) button.disabled = true;
    problems.hidden = true;
    follow(box).catch((error) => {
      if (button) button.disabled = false;
      showProblems(problems, error);
    });
  };
  button?.addEventListener("click", start);
  if (button?.dataset.running !== undefined) start();
}
document.body.dataset.ready = "yes";
