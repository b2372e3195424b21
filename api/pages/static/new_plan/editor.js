/* The request as text: numbered lines, marks at those that are at fault, and a list of the faults that leads to them. */
import { sentence } from "./form.js";

export class Editor {
  constructor(root, changed) {
    this.area = root.querySelector("#text");
    this.numbers = root.querySelector(".gutter ol");
    this.stripes = root.querySelector(".stripes");
    this.box = root.querySelector("#text-problems");
    this.flaws = [];
    this.area.addEventListener("input", () => {
      this.#draw();
      changed(this.area.value);
    });
    this.area.addEventListener("scroll", () => this.#scroll());
    this.area.addEventListener("keydown", (event) => this.#indent(event));
  }

  get text() {
    return this.area.value;
  }

  set text(value) {
    if (value === this.area.value) return;
    const { scrollTop, selectionStart, selectionEnd } = this.area;
    this.area.value = value;
    if (document.activeElement === this.area) this.area.setSelectionRange(selectionStart, selectionEnd);
    this.area.scrollTop = scrollTop;
    this.#draw();
  }

  /** Mark the lines of flaws and list them all. */
  fault(flaws) {
    this.flaws = flaws;
    this.#draw();
    this.box.hidden = flaws.length === 0;
    this.box.querySelector("h3").textContent = flaws.length === 1 ? "1 problem" : `${flaws.length} problems`;
    this.box.querySelector("ol").replaceChildren(...flaws.map((flaw) => this.#item(flaw)));
  }

  /** Show where the last change of the form went. */
  reveal(before) {
    const [old, now] = [before.split("\n"), this.area.value.split("\n")];
    const line = now.findIndex((text, i) => text !== old[i]);
    if (line < 0) return;
    const height = this.#lineHeight();
    const top = line * height;
    if (top < this.area.scrollTop || top > this.area.scrollTop + this.area.clientHeight - 2 * height) this.area.scrollTop = Math.max(0, top - this.area.clientHeight / 3);
    this.touched = line;
    this.#draw();
  }

  goTo(line) {
    const lines = this.area.value.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
    this.area.focus();
    this.area.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
    this.area.scrollTop = Math.max(0, (line - 1) * this.#lineHeight() - this.area.clientHeight / 3);
  }

  #item(flaw) {
    const item = document.createElement("li");
    if (flaw.line !== null) {
      const link = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: `Line ${flaw.line}` });
      link.addEventListener("click", () => this.goTo(flaw.line));
      item.append(link, " ");
    }
    const place = flaw.pointer.replace(/^\/(request|options)\/?/, "").replaceAll("/", " › ");
    if (place) item.append(Object.assign(document.createElement("code"), { textContent: place }), " ");
    item.append(sentence(flaw));
    return item;
  }

  #draw() {
    const lines = this.area.value.split("\n").length;
    while (this.numbers.children.length < lines) this.numbers.append(document.createElement("li"));
    while (this.numbers.children.length > lines) this.numbers.lastChild.remove();
    const wrong = new Map(this.flaws.filter((f) => f.line !== null).map((f) => [f.line, sentence(f)]));
    [...this.numbers.children].forEach((item, i) => {
      item.className = wrong.has(i + 1) ? "wrong" : "";
      item.title = wrong.get(i + 1) ?? "";
    });
    const height = this.#lineHeight();
    const marks = [...wrong.keys()].map((line) => [line - 1, "wrong"]);
    if (this.touched !== undefined) marks.push([this.touched, "touched"]);
    this.stripes.replaceChildren(...marks.map(([line, css]) => {
      const stripe = document.createElement("i");
      stripe.className = css;
      stripe.style.top = `${line * height}px`;
      return stripe;
    }));
    this.touched = undefined;
    this.#scroll();
  }

  #lineHeight() {
    return parseFloat(getComputedStyle(this.area).lineHeight);
  }

  #scroll() {
    const shift = `translateY(${-this.area.scrollTop}px)`;
    this.numbers.style.transform = shift;
    this.stripes.style.transform = shift;
  }

  /* Enter goes on at the indentation of the line; Tab is left to the browser, so that nobody is caught in here. */
  #indent(event) {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const before = this.area.value.slice(0, this.area.selectionStart);
    const line = before.slice(before.lastIndexOf("\n") + 1);
    const indent = /^ */.exec(line)[0] + (/^\s*- /.test(line) ? "  " : "") + (/:\s*$/.test(line) ? "  " : "");
    if (!indent) return;
    event.preventDefault();
    document.execCommand("insertText", false, `\n${indent}`);
  }
}
