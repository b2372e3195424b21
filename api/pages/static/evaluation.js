/* A plan made elsewhere: a file or a pasted table is sent, followed, and shown once it is known. */
import { duration } from "./lib/format.js";
import { at, call, once, say, showProblems } from "./lib/http.js";

const POLL_MS = 1500;
const own = document.getElementById("own");
const address = at(`/v1/plans/${own.dataset.plan}/evaluations`);

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result.slice(reader.result.indexOf(",") + 1)));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(file);
  });
}

async function sent() {
  const [file] = document.getElementById("own-file").files;
  const text = document.getElementById("own-text").value;
  if (!file && !text.trim()) throw new Error("Choose a file, or paste a table");
  if (file && text.trim()) throw new Error("Give a file or a pasted table, not both");
  return file ? { name: file.name, content: await base64(file) } : { name: "pasted.csv", text };
}

const form = document.getElementById("own-form");
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = document.getElementById("own-send");
  const faults = document.getElementById("own-faults");
  button.disabled = true;
  faults.hidden = true;
  say("The plan is read");
  try {
    const body = { own: await sent() };
    if (JSON.stringify(body).length > Number(own.dataset.most)) throw new Error(`The file is larger than this service takes: ${own.dataset.most} bytes, a third of it for its wrapping`);
    const told = await call("POST", address, body);
    location.assign(`${location.pathname}?of=${encodeURIComponent(told.id)}`);
  } catch (error) {
    showProblems(faults, error);
    button.disabled = false;
  }
});

async function follow(id) {
  const place = document.querySelector("[data-progress]");
  const began = Date.now();
  for (;;) {
    const told = await call("GET", `${address}/${id}`);
    if (told.state !== "queued" && told.state !== "running") break;
    place.textContent = `${told.state === "queued" ? "waits" : "being made"}, ${duration((Date.now() - began) / 1000)}`;
    await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
  }
  say("Known: the page is read anew");
  location.replace(`${location.pathname}?of=${encodeURIComponent(id)}`);
}

const problems = document.querySelector("[data-problems]");
if (own.dataset.following) follow(own.dataset.following).catch((error) => showProblems(problems, error));

const goOn = document.getElementById("go-on");
const key = once();
goOn?.addEventListener("click", async () => {
  goOn.disabled = true;
  try {
    const { href, body } = JSON.parse(document.getElementById("rerun-call").textContent);
    const told = await call("POST", at(href), body, { "Idempotency-Key": key });
    location.assign(at(`/plans/${told.id}`));
  } catch (error) {
    goOn.disabled = false;
    showProblems(problems, error);
  }
});
document.body.dataset.ready = "yes";
