/* The review of a plan: where one is on the page, and tables that sort. */
import { foldOnPhones } from "./lib/fold.js";
import { remadeInPlace } from "./lib/remade.js";
import { sortable } from "./lib/sort.js";

const links = new Map([...document.querySelectorAll(".contents a")].map((link) => [link.hash.slice(1), link]));
const seen = new Set();
const watch = new IntersectionObserver((entries) => {
  for (const entry of entries) entry.isIntersecting ? seen.add(entry.target.id) : seen.delete(entry.target.id);
  const here = [...links.keys()].find((id) => seen.has(id));
  for (const [id, link] of links) {
    if (id === here) {
      link.setAttribute("aria-current", "location");
      link.parentElement.scrollLeft = link.offsetLeft - link.parentElement.offsetLeft - 40; // a strip on phones
    }
    else link.removeAttribute("aria-current");
  }
}, { rootMargin: "-72px 0px -55% 0px" });
for (const id of links.keys()) watch.observe(document.getElementById(id));

/* Whoever follows a link into something folded wants to see it; on paper everything that proves the plan is open. */
const certificate = document.getElementById("certificate");
let folded = false;
addEventListener("beforeprint", () => { folded = !certificate.open; certificate.open = true; });
addEventListener("afterprint", () => { if (folded) certificate.open = false; });

for (const table of document.querySelectorAll("[data-sortable]")) sortable(table);
remadeInPlace();
foldOnPhones();
document.body.dataset.ready = "yes";
