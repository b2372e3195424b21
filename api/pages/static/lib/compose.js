/* A constraint put together by hand: fields are read as the request has them, and it gets an id of its own. */

const slug = (text) => text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 60);

/** What an input holds as the request has it; null when it is left empty. */
export function valueOf(input) {
  const kind = input.dataset.kind;
  if (kind === "flag") return input.checked || null;
  if (input.value.trim() === "") return null;
  if (kind === "share") return Number(input.value) / 100;
  if (kind === "millions") return Math.round(Number(input.value) * 1e8) / 100;
  if (kind === "whole" || kind === "number") return Number(input.value);
  return input.value;
}

/** Read the fields of one kind of constraint, or say what is missing. */
export function membersOf(box, kind) {
  const members = {};
  for (const field of kind.fields) {
    const input = box.querySelector(`[data-member="${field.name}"]`);
    const value = valueOf(input);
    if (field.kind === "pair" && value !== null) [members.city, members.stack] = value.split(":");
    else if (value !== null) members[field.name] = value;
    else if (field.must) return { missing: field.label, input };
  }
  return { members };
}

/** An id that no constraint has yet, after what it says. */
export function freeId(type, members, taken) {
  const base = slug([type.replace("_deployment", ""), members.city, members.stack].filter(Boolean).join(" "));
  let id = base;
  for (let n = 2; taken.has(id); n++) id = `${base}-${n}`;
  return id;
}

/** Show the fields of the kind that is chosen; call `add(type, members)` once they are filled in. */
export function compose(box, kinds, add) {
  const choice = box.querySelector("#kind");
  const show = () => {
    for (const part of box.querySelectorAll("[data-kind-of]")) part.hidden = part.dataset.kindOf !== choice.value;
  };
  choice.addEventListener("change", show);
  for (const button of box.querySelectorAll("[data-add]")) button.addEventListener("click", () => {
    const type = button.dataset.add;
    const part = button.closest("[data-kind-of]");
    const found = membersOf(part, kinds.find((kind) => kind.type === type));
    part.querySelector(".fault").textContent = found.missing ? `Still missing: ${found.missing.toLowerCase()}.` : "";
    if (found.missing) return found.input.focus();
    add(type, found.members);
    choice.value = "";
    show();
    choice.focus();
  });
}
