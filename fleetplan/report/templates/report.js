"use strict";
for (const ground of document.querySelectorAll("[data-city]")) {
  const source = ground.querySelector('script[type="application/json"]');
  if (!source) continue;
  const state = JSON.parse(source.textContent);
  const slider = ground.querySelector("input");
  const when = ground.querySelector(".when");
  const lines = ground.querySelectorAll(".now li span");
  const buttons = ground.querySelectorAll("[data-t]");
  const number = (x) => Math.round(x).toLocaleString("en");
  const sentence = (s, t) => {
    if (!s.level[t]) return "not open";
    const wait = s.wait[t] === null ? "" : `, ${s.wait[t].toFixed(1)} min wait`;
    return `area ${s.level[t]}, ${number(state.area[s.level[t]])} km², ${number(s.vehicles[t])} vehicles, ` +
      `${number(s.trips[t])} trips a day${wait}`;
  };
  const show = (t) => {
    const widest = Math.max(...state.stacks.map((s) => s.level[t]));
    slider.value = t;
    slider.setAttribute("aria-valuetext", state.periods[t]);
    when.textContent = state.periods[t];
    for (const ring of ground.querySelectorAll(".stage .ring")) ring.classList.toggle("on", ring.dataset.level <= widest);
    for (const area of ground.querySelectorAll(".stage .area")) {
      const level = state.stacks[area.dataset.stack].level[t];
      area.style.display = level ? "" : "none";
      if (level) area.setAttribute("href", `#area-${area.dataset.slug}-${level}`);
    }
    for (const depot of ground.querySelectorAll(".stage .depot")) depot.classList.toggle("later", depot.dataset.live > t);
    for (const button of buttons) button.setAttribute("aria-current", Number(button.dataset.t) === t);
    state.stacks.forEach((s, i) => { lines[i].textContent = sentence(s, t); });
  };
  slider.addEventListener("input", () => show(Number(slider.value)));
  for (const button of buttons) button.addEventListener("click", () => show(Number(button.dataset.t)));
  show(Number(slider.value));
}
