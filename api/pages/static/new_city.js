/* A city of one's own: files are sent as base64, what comes of them is shown and offered as a ZIP. */
import { base64 } from "./lib/files.js";
import { at, call, say, showProblems } from "./lib/http.js";

const form = document.getElementById("new-city");
const faults = document.getElementById("faults");
const begun = document.getElementById("begun");
const button = document.getElementById("begin");

async function asked() {
  const field = (id) => document.getElementById(id);
  const given = (id) => field(id).value.trim() || null;
  const whole = (id) => {
    if (given(id) !== null && !/^\d+$/.test(given(id))) throw new Error(`${field(id).labels[0].textContent}: write digits alone, as in 315948.`);
    return given(id) === null ? null : Number(given(id));
  };
  const people = field("population").files[0];
  return {
    name: field("name").value,
    country: given("country"),
    like: given("like"),
    layer: given("layer"),
    names: given("names"),
    people: whole("people"),
    population_year: whole("population_year"),
    population_source: given("population_source") ?? "",
    districts_source: given("districts_source") ?? "",
    districts: await Promise.all([...field("districts").files].map(base64)),
    population: people ? await base64(people) : null,
    keep: Boolean(field("keep")?.checked),
  };
}

const lines = {
  notes: (told) => told.notes,
  to_fill: (told) => told.to_fill.map((one) => [`${one.where}: ${one.message}`, one.allowed && `allowed: ${one.allowed}`, one.remedy].filter(Boolean).join("; ")),
  template: (told) => told.template,
  lacks: (told) => told.lacks,
};

/* A line that begins with the name of a file stays as it is. */
const sentence = (text) => (/^[\w-]+\.(csv|toml|geojson)/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1));

function show(told, name) {
  document.getElementById("begun-title").textContent = told.kept ? `${name} is in the catalogue` : `${name} is begun`;
  for (const part of begun.querySelectorAll("[data-part]")) {
    const entries = lines[part.dataset.part](told);
    part.hidden = entries.length === 0;
    part.querySelector("ul").replaceChildren(...entries.map((text) => Object.assign(document.createElement("li"), { textContent: sentence(text) })));
  }
  const bytes = Uint8Array.from(atob(told.archive), (letter) => letter.charCodeAt(0));
  const link = document.getElementById("archive");
  link.href = URL.createObjectURL(new Blob([bytes], { type: "application/zip" }));
  link.download = `${told.slug}.zip`;
  document.getElementById("unpack").hidden = told.kept;
  const seen = document.getElementById("seen");
  seen.hidden = !told.kept;
  seen.href = at(`/catalogue/cities/${encodeURIComponent(told.slug)}`);
  begun.hidden = false;
  begun.scrollIntoView({ block: "start" });
  say(told.kept ? "The city is kept" : "The city is begun");
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!button) return;
  button.disabled = true;
  faults.hidden = true;
  begun.hidden = true;
  say("The files are read");
  try {
    const body = await asked();
    if (!body.name.trim() || !body.districts.length) throw new Error("A city needs a name and a file of its districts.");
    if (JSON.stringify(body).length > Number(form.dataset.most)) throw new Error(`The files are larger than this service takes: ${form.dataset.most} bytes, a third of it for their wrapping.`);
    show(await call("POST", at("/v1/cities/new"), body), body.name.trim());
  } catch (error) {
    showProblems(faults, error);
  } finally {
    button.disabled = false;
  }
});
document.body.dataset.ready = "yes";
