/* Comments on a plan: say something, or take it back; the page is then read anew. */
import { at, call, say, showProblems } from "./lib/http.js";

const box = document.getElementById("comments");
const here = at(`/v1/plans/${encodeURIComponent(box.dataset.plan)}/comments`);
const form = document.getElementById("say");

async function done(act, button) {
  button.disabled = true;
  try {
    await act();
    location.hash = "comments";
    location.reload();
  } catch (error) {
    button.disabled = false;
    const list = document.getElementById("say-problems");
    if (list) showProblems(list, error);
    else say(error.message);
  }
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  const author = document.getElementById("say-author")?.value.trim();
  const body = { text: document.getElementById("say-text").value, ...(author ? { author } : {}) };
  done(() => call("POST", here, body), document.getElementById("say-send"));
});
for (const button of box.querySelectorAll("[data-take-back]")) {
  button.addEventListener("click", () => done(() => call("DELETE", `${here}/${encodeURIComponent(button.dataset.takeBack)}`), button));
}
box.dataset.ready = "yes";
