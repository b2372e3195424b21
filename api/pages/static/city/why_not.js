/* Why not: the question is planned as a rerun, and the answer is read when that has ended. */
import { asking } from "../lib/asked.js";
import { at, call, follow, say, showProblems } from "../lib/http.js";
import { duration, unbroken } from "../lib/format.js";

const POLL_MS = 1500;
const byId = (id) => document.getElementById(id);
const STATES = { queued: "waits to be planned", running: "is being planned" };

export function askInPlace(form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(form).catch((error) => showProblems(byId("why-problems"), error)).finally(() => {
      byId("why-ask").disabled = false;
      byId("why-progress").hidden = true;
    });
  });
}

function address(form) {
  const asked = new URLSearchParams({ city: form.dataset.city });
  for (const name of ["stack", "by", "vehicles", "level"]) if (byId(`why-${name}`).value) asked.set(name, byId(`why-${name}`).value);
  return at(`/v1/plans/${form.dataset.plan}/why-not?${asked}`);
}

async function ask(form) {
  const where = address(form);
  byId("why-ask").disabled = true;
  byId("why-problems").hidden = true;
  byId("why-answer").replaceChildren();
  progress("is looked up");
  const plans = asking(byId("why-progress"));
  const began = Date.now();
  try {
    let told = await call("GET", where);
    if (told.rerun) {
      await plans.post(told.rerun);
      told = await call("GET", where);
    }
    while (told.state === "queued" || told.state === "running") {
      progress(`${STATES[told.state]}, ${duration((Date.now() - began) / 1000)}`);
      await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
      told = await follow(where);
    }
    show(form.dataset.plan, told);
  } finally {
    plans.done();
  }
}

function progress(words) {
  byId("why-progress").hidden = false;
  byId("why-progress").textContent = `It ${words}.`;
}

function show(plan, told) {
  const answer = byId("why-answer");
  if (told.state !== "known") {
    const why = told.state === "cancelled" ? "It was stopped before a plan was found." : "It could not be planned: the plan that asks for it ended without an answer.";
    answer.replaceChildren(paragraph(`${why} Ask again.`));
  } else {
    answer.replaceChildren(...told.sentences.map(paragraph), ...(told.kind === "possible" ? [links(plan, told.answered_by)] : []));
  }
  say(answer.textContent);
}

function paragraph(text, at) {
  return Object.assign(document.createElement("p"), { textContent: unbroken(text), className: at ? "" : "lead" });
}

function links(plan, other) {
  const box = document.createElement("p");
  const link = (text, href) => Object.assign(document.createElement("a"), { textContent: text, href });
  box.append(link("The plan with it", at(`/plans/${other}`)), " · ", link("Both side by side", at(`/plans/${plan}/comparison?with=${other}`)));
  return box;
}
