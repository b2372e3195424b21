/* Tables sorted by their columns: each heading becomes a button; cells may carry what they sort by in data-sort. */
import { say } from "./http.js";

const value = (cell) => {
  const raw = cell.dataset.sort ?? cell.textContent.trim();
  return raw !== "" && !Number.isNaN(Number(raw)) ? Number(raw) : raw;
};

const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));

/** Let a table be sorted by any of its columns; the same column again turns the order round. */
export function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const rows = [...table.tBodies[0].rows];
      const before = head.getAttribute("aria-sort");
      const up = before ? before === "descending" : typeof value(rows[0].cells[column]) !== "number"; // numbers: largest first
      rows.sort((a, b) => (up ? 1 : -1) * compare(value(a.cells[column]), value(b.cells[column])));
      table.tBodies[0].append(...rows);
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      say(`Sorted by ${button.textContent}, ${up ? "rising" : "falling"}.`);
    });
  });
}
