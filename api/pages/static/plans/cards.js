/* What people say about plans in the list: rename, tag, archive, choose, and bring back what was deleted. */
import { at, call, say, showProblems } from "../lib/http.js";

const $ = (id) => document.getElementById(id);
const change = ({ plan, revision }, body) => call("PATCH", at(`/v1/plans/${plan}/card`), body, { "If-Match": `"${revision}"` });
const words = (text) => text.split(",").map((word) => word.trim()).filter(Boolean);

const AT_ONCE = {
  archive: [{ archived: true }, (name) => `${name} is archived.`],
  unarchive: [{ archived: false }, (name) => `${name} is out of the archive.`],
  choose: [{ chosen: true }, (name) => `${name} is marked as chosen.`],
  unchoose: [{ chosen: false }, (name) => `${name} is not the chosen one any more.`],
};
const ASKED = {
  rename: {
    head: (name) => `Rename ${name}`,
    label: "Name",
    note: "What was asked keeps the name it was asked under.",
    value: ({ name }) => name,
    body: (value) => ({ name: value }),
    done: (value) => `It is called ${value} now.`,
  },
  tag: {
    head: (name) => `Tags of ${name}`,
    label: "Tags, with commas between them",
    note: "Up to 20, of 40 letters each. Plans can be listed by their tags.",
    value: ({ tags }) => tags,
    body: (value) => ({ tags: words(value) }),
    done: (value) => (words(value).length ? `Its tags are ${words(value).join(", ")}.` : "It has no tags any more."),
  },
};
export const CARD_ACTS = new Set([...Object.keys(AT_ONCE), ...Object.keys(ASKED), "restore"]);

/** Take care of the cards of a list that `reread` draws anew, saying something. */
export function startCards(reread) {
  let asked = null;
  let gone = null;

  async function act(data) {
    if (ASKED[data.act]) return ask(data);
    try {
      if (data.act === "restore") await call("POST", at(`/v1/plans/${data.plan}/restore`));
      else await change(data, AT_ONCE[data.act][0]);
      await reread(data.act === "restore" ? `${data.name} is back.` : AT_ONCE[data.act][1](data.name));
    } catch (error) {
      await reread(error.message);
    }
  }

  function ask(data) {
    asked = { ...data, ...ASKED[data.act] };
    $("edit-head").textContent = asked.head(data.name);
    $("edit-label").textContent = asked.label;
    $("edit-note").textContent = asked.note;
    $("edit-value").value = asked.value(data);
    $("edit-problems").hidden = true;
    $("edit").showModal();
    $("edit-value").select();
  }

  async function save(event) {
    event.preventDefault();
    const value = $("edit-value").value.trim();
    $("edit-yes").disabled = true;
    try {
      await change(asked, asked.body(value));
      $("edit").close();
      await reread(asked.done(value));
    } catch (error) {
      showProblems($("edit-problems"), error);
    } finally {
      $("edit-yes").disabled = false;
    }
  }

  function offerUndo(plan, name) {
    gone = { act: "restore", plan, name };
    $("undo-text").textContent = `${name} is deleted.`;
    $("undo").hidden = false;
    say(`${name} is deleted. It can be brought back.`);
  }

  $("edit-yes").addEventListener("click", save);
  $("edit-no").addEventListener("click", () => $("edit").close());
  $("undo-do").addEventListener("click", async () => {
    $("undo").hidden = true;
    await act(gone);
    $("content").focus();
  });
  return { act, offerUndo };
}
