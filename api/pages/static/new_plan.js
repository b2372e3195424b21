/* A new plan: one request, seen as a form and as text. The service reads, judges and writes it; here it is held and sent. */
import { Editor } from "./new_plan/editor.js";
import { Form } from "./new_plan/form.js";
import { Kept } from "./new_plan/kept.js";
import { Limits } from "./new_plan/limits.js";
import { base64 } from "./lib/files.js";
import { unbroken } from "./lib/format.js";
import { at, call, once, say, showProblems } from "./lib/http.js";

const item = (text) => Object.assign(document.createElement("li"), { textContent: unbroken(text) });
const WAIT_MS = { text: 350, form: 120 };
const page = document.querySelector("[data-new-plan]");
if (page) start(page);

function start(root) {
  const data = JSON.parse(root.querySelector("#new-plan-data").textContent);
  const $ = (id) => document.getElementById(id);
  const state = { answer: data.answer, format: "yaml", options: data.options, yaml: data.answer.yaml, pending: null, number: 0, readable: null, before: null, sent: null, busy: false };
  const form = new Form(root.querySelector(".form-view"), data, formChanged);
  const editor = new Editor(root.querySelector(".text-view"), textChanged);
  const limits = new Limits(root.querySelector(".form-view"), data, (request) => formChanged(request, state.options));
  const kept = new Kept($("kept"), (draft) => {
    revive(draft, "Your request from before is back.");
    judge({ text: editor.text }, 0);
    editor.area.focus();
  });

  restore();
  take(data.answer);
  if (state.revive) judge({ text: editor.text }, 0);
  root.dataset.ready = "yes";

  function textChanged(text) {
    forgetChange();
    keep();
    judge({ text }, WAIT_MS.text);
  }

  function formChanged(request, options) {
    state.options = options;
    form.options = options;
    form.answer = { ...form.answer, request };
    limits.request = request;
    const before = editor.text;
    judge({ request, text: before }, WAIT_MS.form, (answer) => {
      const text = answer[state.format] ?? before;
      if (text === before) return;
      state.before = before;
      $("undo").hidden = false;
      editor.text = text;
      editor.reveal(before);
    });
    keep();
  }

  /* Ask what the draft is worth; only the answer to the newest question counts. */
  function judge(draft, wait, then) {
    const number = ++state.number;
    clearTimeout(state.timer);
    state.pending = new Promise((done) => {
      state.timer = setTimeout(async () => {
        try {
          const answer = await call("POST", at("/pages/drafts"), { ...draft, format: state.format, yaml: state.yaml, options: state.options });
          if (number !== state.number) return;
          then?.(answer);
          take(answer);
        } catch (error) {
          if (number === state.number) unreachable(error);
        } finally {
          done();
        }
      }, wait);
    });
  }

  function take(answer) {
    state.answer = answer;
    state.yaml = answer.yaml ?? state.yaml;
    if (state.number === 0 && !state.revive) editor.text = answer[state.format];
    if (answer.request !== null) state.readable = answer[state.format];
    $("back").hidden = answer.request !== null || state.readable === null;
    form.show(answer, state.options);
    editor.fault(answer.flaws);
    form.fault(answer.flaws);
    showQuestion(answer);
    showVerdict(answer);
    limits.show(answer);
    if (state.number) keep();
  }

  function showQuestion(answer) {
    const stale = answer.words.length === 0;
    root.querySelector(".question").classList.toggle("stale", stale);
    $("stale").hidden = !stale || $("words").children.length === 0;
    if (stale) return;
    $("words").replaceChildren(...answer.words.map((text) => item(text)));
    $("size").textContent = answer.size_words;
    $("time").textContent = answer.estimate.sentence;
    $("earliest").textContent = answer.earliest;
    const findings = answer.feasibility.findings;
    $("impossible").hidden = findings.length === 0;
    $("impossible").querySelector("ul").replaceChildren(...findings.map((found) => item(found.sentence)));
    $("curl").textContent = curl();
  }

  function showVerdict(answer) {
    const count = answer.flaws.length;
    const text = count ? `${count} problem${count === 1 ? "" : "s"} to fix` : answer.feasibility?.findings.length ? "Cannot be done as it stands" : "Ready to plan";
    root.querySelector(".ask-bar").classList.toggle("wrong", count > 0);
    root.querySelector(".ask-bar").classList.toggle("doubtful", Boolean(answer.feasibility?.findings.length));
    $("verdict").textContent = text;
    $("brief").textContent = answer.request === null ? "The form waits until the text can be read." : count ? "Each one stands at its place in the form and the text." : `${answer.size_words}; ${answer.estimate.brief}.`;
    $("send").textContent = count ? "Go to the first problem" : "Make this plan";
  }

  function unreachable(error) {
    $("verdict").textContent = "The service does not answer";
    $("brief").textContent = `${error.told?.title ?? "Check the connection"}. What you wrote is kept here.`;
  }

  // --- going on from what stands --------------------------------------------------------------------------------------

  $("state-file").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    $("state-faults").hidden = true;
    if (!file || state.answer.request === null) return;
    try {
      const read = await call("POST", at("/v1/starting-states"), { table: await base64(file) });
      formChanged({ ...limits.request, starting_state: read.starting_state }, state.options);
      say(`The plan goes on from what ${file.name} says`);
    } catch (error) {
      showProblems($("state-faults"), error);
    }
    target.value = "";
  });

  // --- sending --------------------------------------------------------------------------------------------------------

  function body() {
    return { request: state.answer.request, options: state.options };
  }

  root.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (state.busy) return;
    setBusy(true);
    await state.pending;
    if (state.answer.flaws.length) {
      setBusy(false);
      goToFirst();
    } else {
      await send();
    }
  });

  function goToFirst() {
    const flaw = state.answer.flaws[0];
    if (!form.goToFault() && flaw.line !== null) editor.goTo(flaw.line);
    say(flaw.message);
  }

  async function send() {
    const text = JSON.stringify(body());
    if (state.sent?.text !== text) state.sent = { text, key: once() };
    $("refused").hidden = true;
    try {
      const made = await call("POST", at("/v1/plans"), body(), { "Idempotency-Key": state.sent.key });
      kept.sent();
      location.assign(at(`/plans/${made.id}`));
    } catch (error) {
      refused(error);
      setBusy(false);
    }
  }

  /* What the service refuses stands at its place too; what has no place stands above the button. */
  function refused(error) {
    const flaws = (error.told?.errors ?? []).filter((e) => e.pointer?.startsWith("/request") || e.pointer?.startsWith("/options"));
    if (!flaws.length) return showProblems($("refused"), error);
    take({ ...state.answer, flaws: flaws.map((e) => ({ line: null, column: null, allowed: "", remedy: "", ...e })) });
    goToFirst();
  }

  function setBusy(busy) {
    state.busy = busy;
    $("send").setAttribute("aria-disabled", String(busy));
    root.querySelector(".ask-bar").classList.toggle("busy", busy);
  }

  // --- the text's tools -----------------------------------------------------------------------------------------------

  for (const radio of root.querySelectorAll("[name=format]")) radio.addEventListener("change", () => {
    const text = state.answer[radio.value];
    if (text === null || text === undefined) {
      root.querySelector(`[name=format][value=${state.format}]`).checked = true;
      return say("Mend the text first: it cannot be read.");
    }
    state.format = radio.value;
    editor.text = text;
    forgetChange();
    keep();
    judge({ text }, 0);
  });

  $("undo").addEventListener("click", () => {
    if (state.before === null) return;
    editor.text = state.before;
    editor.area.focus();
    textChanged(editor.text);
    say("The last change of the form is undone.");
  });

  function forgetChange() {
    state.before = null;
    $("undo").hidden = true;
  }

  $("back").addEventListener("click", () => {
    editor.text = state.readable;
    editor.area.focus();
    textChanged(editor.text);
    say("The text is as it was when it could last be read.");
  });

  $("download").addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([editor.text], { type: "text/plain" }));
    link.download = `${(state.answer.request?.name ?? "request").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "request"}.${state.format}`;
    link.click();
    URL.revokeObjectURL(link.href);
  });

  for (const button of root.querySelectorAll("[data-copy]")) button.addEventListener("click", async () => {
    const from = $(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(from.value ?? from.textContent);
      say("Copied.");
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    } catch {
      say("The browser does not let this page copy; select the text instead.");
    }
  });

  function curl() {
    const text = JSON.stringify(body()).replaceAll("'", "'\\''");
    return `curl -s ${location.origin}${at("/v1/plans")} -H 'Content-Type: application/json' \\\n  -d '${text}'`;
  }

  // --- what is not sent yet -------------------------------------------------------------------------------------------

  function keep() {
    const { format, yaml, options } = state;
    kept.put({ text: editor.text, format, yaml, options, from: data.from, name: state.answer.request?.name ?? "" });
  }

  function restore() {
    const mine = kept.mine(data.from);
    if (mine && mine.text !== data.answer.yaml) revive(mine, "What you had written is back.");
    kept.show();
  }

  function revive(draft, words) {
    state.revive = true;
    state.format = draft.format === "json" ? "json" : "yaml";
    state.yaml = typeof draft.yaml === "string" ? draft.yaml : state.yaml;
    state.options = { ...data.options, ...draft.options };
    root.querySelector(`[name=format][value=${state.format}]`).checked = true;
    editor.text = draft.text;
    say(words);
  }
}
