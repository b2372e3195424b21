/* What every page does: colours chosen by hand are remembered, and charts follow them. */
import { drawCharts } from "./lib/charts.js";

const choice = document.getElementById("theme");
choice.addEventListener("change", () => {
  document.cookie = `theme=${choice.value}; path=/; max-age=31536000; samesite=strict`;
  if (choice.value === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice.value;
  document.dispatchEvent(new CustomEvent("colours"));
});
for (const media of ["(prefers-color-scheme: dark)", "print"]) matchMedia(media).addEventListener("change", () => document.dispatchEvent(new CustomEvent("colours")));
drawCharts(document);
