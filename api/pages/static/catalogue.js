/* The figures answer as one types: the same address is fetched and its parts put in place. Without this script the button does it. */
import { at, say } from "./lib/http.js";

const PARTS = ["one", "results"];
const form = document.getElementById("filter");
let waiting;
let asking;

/* What the form asks for, without what it leaves open, in the order in which the server writes it. */
function address() {
  const data = new FormData(form);
  const query = new URLSearchParams();
  const given = { confidence: data.getAll("confidence").join(","), city: data.get("city"), partner: data.get("partner"), topic: data.get("topic"), q: data.get("q").trim(), sort: data.get("sort") };
  for (const [name, value] of Object.entries(given)) if (value && !(name === "sort" && value === "place")) query.set(name, value);
  const text = String(query).replaceAll("%2C", ",");
  return at(`/catalogue/figures${text ? `?${text}` : ""}`);
}

async function show(where, { push, to }) {
  asking?.abort();
  asking = new AbortController();
  const results = document.getElementById("results");
  results.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(where, { headers: { Accept: "text/html" }, signal: asking.signal });
    if (!answer.ok) throw new Error(answer.status);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of PARTS) document.getElementById(id).replaceWith(document.adoptNode(fresh.getElementById(id)));
    document.title = fresh.title;
    history[push ? "pushState" : "replaceState"](null, "", where);
    say(document.getElementById("results").dataset.said);
    if (to) land(to);
  } catch (error) {
    if (error.name !== "AbortError") location.assign(where);
  }
}

/* After a link the eye and the keyboard go to what it opened. */
function land(id) {
  const place = document.getElementById(id);
  place.tabIndex = -1;
  place.focus({ preventScroll: true });
  place.scrollIntoView({ block: "start" });
}

form.classList.add("live");
form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => show(address(), { push: false }), 120);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(waiting);
  show(address(), { push: true });
});
document.getElementById("content").addEventListener("click", (event) => {
  const link = event.target.closest(`a[href^="${at("/catalogue/figures?")}"], a[href="${at("/catalogue/figures")}"]`);
  if (!link || link.closest(".subnav") || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const wants = new URL(link.href).searchParams;
  if (!wants.size) form.querySelectorAll("input,select").forEach((field) => { field.type === "checkbox" ? (field.checked = false) : (field.value = field.id === "sort" ? "place" : ""); });
  show(link.getAttribute("href"), { push: true, to: wants.has("key") ? "one" : "results" });
});
addEventListener("popstate", () => location.reload());
document.getElementById("content").dataset.ready = "yes";
