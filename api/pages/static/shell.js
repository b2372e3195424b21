/* What every page does: colours and the currency chosen by hand are remembered; charts tell what they hold. */
import { tellCharts } from "./lib/charts.js";
import { at } from "./lib/http.js";

const choice = document.getElementById("theme");
choice.addEventListener("change", () => {
  document.cookie = `theme=${choice.value}; path=${at("") || "/"}; max-age=31536000; samesite=strict`;
  if (choice.value === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice.value;
  document.dispatchEvent(new CustomEvent("colours"));
});
document.getElementById("currency").addEventListener("change", (event) => {
  document.cookie = `currency=${event.target.value}; path=${at("") || "/"}; max-age=31536000; samesite=strict`;
  location.reload();
});
for (const media of ["(prefers-color-scheme: dark)", "print"]) matchMedia(media).addEventListener("change", () => document.dispatchEvent(new CustomEvent("colours")));
tellCharts(document);

/* A table that is wider than its box scrolls inside it; then the box takes the keyboard too. */
const seen = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const wider = target.scrollWidth > target.clientWidth + 1;
    if (wider === target.hasAttribute("tabindex")) continue;
    if (wider) {
      target.tabIndex = 0;
      target.setAttribute("role", "group");
      target.setAttribute("aria-label", `${target.querySelector("caption, th")?.textContent.trim() || "Table"}: scrolls sideways`);
    } else for (const name of ["tabindex", "role", "aria-label"]) target.removeAttribute(name);
  }
});
for (const box of document.querySelectorAll(".scroll:not(.graphbox)")) seen.observe(box);
