/* Charts of the pages are drawn by the server (fleetplan/report/page_chart.py); this tells the values under the pointer. */

import { unbroken } from "./format.js";

/** Let every chart below an element tell what a period holds, by pointer or touch. */
export function tellCharts(root) {
  for (const box of root.querySelectorAll("[data-chart]")) tell(box);
}

/** The share of a chart's width at which a month (`2027-04`) begins. */
export function placeOf(box, month) {
  const { from, months } = pointsOf(box);
  return (numberOf(month) - numberOf(from)) / months;
}

const pointsOf = (box) => JSON.parse(box.querySelector("script").textContent);
const numberOf = (month) => 12 * Number(month.slice(0, 4)) + Number(month.slice(5, 7));

function element(tag, css, text = "") {
  return Object.assign(document.createElement(tag), { className: css, textContent: text });
}

function tell(box) {
  const plane = box.querySelector(".plane");
  const points = pointsOf(box);
  const [line, card] = [element("i", "at"), element("div", "said")];
  line.hidden = card.hidden = true;
  plane.append(line, card);
  let shown = -1;
  const hide = () => { shown = -1; line.hidden = card.hidden = true; };
  const show = (event) => {
    const { left, width } = plane.getBoundingClientRect();
    const share = (event.clientX - left) / width;
    if (share < 0 || share > 1) { hide(); return; }
    const t = points.ends.findIndex((end) => share <= end);
    if (t < 0 || t === shown) return;
    shown = t;
    const begin = t ? points.ends[t - 1] : 0;
    line.hidden = card.hidden = false;
    line.style.cssText = `left:${100 * begin}%;width:${100 * (points.ends[t] - begin)}%`;
    card.replaceChildren(element("b", "", points.names[t]), ...points.series.map((s) => row(s, t)));
    const right = begin > 0.5;
    card.style.cssText = right ? `right:${100 * (1 - begin)}%` : `left:${100 * points.ends[t]}%`;
  };
  box.addEventListener("pointermove", show);
  box.addEventListener("pointerdown", show);
  box.addEventListener("pointerleave", hide);
}

function row(series, t) {
  const line = element("span", "");
  line.append(element("i", `swatch ${series.css}`), `${series.name} `, element("b", "", unbroken(series.said[t])));
  return line;
}
