/* The request as an object: read and change it by JSON pointer. What nobody touches stays as it is. */

const parts = (pointer) => pointer.split("/").slice(1);

export function valueAt(request, pointer) {
  return parts(pointer).reduce((inner, part) => (inner === null || inner === undefined ? undefined : inner[part]), request);
}

/** Set a member, or take it out (undefined); objects on the way come and go with it. */
export function setAt(request, pointer, value) {
  const way = parts(pointer);
  const last = way.pop();
  const passed = [];
  let inner = request;
  for (const part of way) {
    if (typeof inner[part] !== "object" || inner[part] === null || Array.isArray(inner[part])) {
      if (value === undefined) return;
      inner[part] = {};
    }
    passed.push([inner, part]);
    inner = inner[part];
  }
  if (value !== undefined) {
    inner[last] = value;
    return;
  }
  delete inner[last];
  for (const [outer, part] of passed.reverse()) if (Object.keys(outer[part]).length === 0) delete outer[part];
}

const MEMBERS = {
  markets_live: { id: "target-markets", main: "count", start: (months) => ({ count: 1, by: months.later(23), include_existing: true }) },
  launches_per_quarter: { id: "launch-teams", main: "max", start: () => ({}) },
  stacks_per_city: { id: "stacks-per-city", main: "max", start: () => ({}) },
  result_floor: { id: "result-floor", main: "least_usd", start: () => ({ per: "quarter" }) },
};

export const mainMember = (type) => MEMBERS[type].main;

const NARROWED = ["city", "start", "end"];

/** Where the form's own constraint of a type stands: the first one that holds everywhere and always; -1 when there is none. */
export function ownConstraint(request, type) {
  const list = Array.isArray(request.constraints) ? request.constraints : [];
  return list.findIndex((entry) => entry?.type === type && NARROWED.every((name) => (entry[name] ?? null) === null));
}

/** Set a member of the form's own constraint of a type; without its main member the constraint goes. */
export function setConstraint(request, type, member, value, months) {
  const list = Array.isArray(request.constraints) ? request.constraints : [];
  const { id, main, start } = MEMBERS[type];
  const at = ownConstraint(request, type);
  if (at < 0) {
    if (value === undefined) return;
    list.push({ id: freeId(list, id), type, ...start(months), [member]: value });
  } else if (value === undefined && member === main) {
    list.splice(at, 1);
  } else if (value === undefined) {
    delete list[at][member];
  } else {
    list[at][member] = value;
  }
  setAt(request, "/constraints", list.length ? list : undefined);
}

function freeId(list, wanted) {
  const taken = new Set(list.map((entry) => entry?.id));
  let id = wanted;
  for (let n = 2; taken.has(id); n++) id = `${wanted}-${n}`;
  return id;
}

/** Months counted from the start of a horizon. */
export function monthsFrom(start) {
  const found = /^(\d{4})-(\d{2})$/.exec(start);
  const first = found ? 12 * Number(found[1]) + Number(found[2]) - 1 : 12 * new Date().getFullYear();
  return {
    later: (count) => `${String(Math.floor((first + count) / 12)).padStart(4, "0")}-${String(((first + count) % 12) + 1).padStart(2, "0")}`,
  };
}
