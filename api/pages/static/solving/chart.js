/* The chart of a plan in the making: best plan and proven ceiling as steps over seconds, drawn as SVG in the colours of the page. */
import { usd } from "../lib/format.js";

const SIDE = 1000;
const NS = "http://www.w3.org/2000/svg";

/** Draw points ({ x: seconds, y: USD, provisional }) of the best plan and of the bound up to second `now`. */
export function drawConverging(box, best, bound, now) {
  const all = [...best, ...bound];
  if (!all.length) return;
  const end = Math.max(now, ...all.map((p) => p.x)) + 0.5;
  const begin = Math.max(0, Math.min(...all.map((p) => p.x)) - 0.5);
  const [least, most] = [Math.min(...all.map((p) => p.y)), Math.max(...all.map((p) => p.y))];
  const pad = (most - least) * 0.12 || Math.abs(most) * 0.02 || 1;
  const scale = { begin, end, low: least - pad, high: most + pad };
  scale.x = (seconds) => (SIDE * (seconds - begin)) / (end - begin);
  scale.y = (value) => (SIDE * (scale.high - value)) / (scale.high - scale.low);
  const plane = element("div", "plane");
  plane.append(...valueTicks(scale), ...secondTicks(scale), picture(scale, best, bound), ...best.map((p) => dot(scale, p)));
  box.replaceChildren(plane);
}

function element(tag, css, text = "", style = "") {
  const made = Object.assign(document.createElement(tag), { className: css, textContent: text });
  made.style.cssText = style;
  return made;
}

/* Round values: 1, 2, 2.5 or 5 times a power of ten, some four of them. */
function rounds(low, high) {
  const rough = (high - low) / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5].find((m) => m * power >= rough) ?? 10);
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) found.push(k * step);
  return found;
}

function valueTicks({ low, high, y }) {
  return rounds(low, high).map((value) => {
    const line = element("i", "grid", "", `top:${y(value) / 10}%`);
    line.append(element("span", "", usd(value)));
    return line;
  });
}

function secondTicks({ begin, end, x }) {
  return rounds(begin, end).map((seconds) => {
    const mark = element("i", "yeartick", "", `left:${x(seconds) / 10}%;width:0`);
    mark.append(element("span", "", `${+seconds.toFixed(1)} s`));
    return mark;
  });
}

const dot = ({ x, y }, p) => element("i", p.provisional ? "found s1" : "found", "", `left:${x(p.x) / 10}%;top:${y(p.y) / 10}%`);

function picture(scale, best, bound) {
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("viewBox", `0 0 ${SIDE} ${SIDE}`);
  svg.setAttribute("preserveAspectRatio", "none");
  for (const [css, points] of [["line budget", bound], ["line spent", best]]) {
    if (!points.length) continue;
    const path = document.createElementNS(NS, "path");
    path.setAttribute("class", css);
    path.setAttribute("d", steps(scale, points));
    svg.append(path);
  }
  return svg;
}

function steps({ x, y, end }, points) {
  const rest = points.slice(1).map((p) => `H${x(p.x).toFixed(1)}V${y(p.y).toFixed(1)}`);
  return `M${x(points[0].x).toFixed(1)},${y(points[0].y).toFixed(1)}${rest.join("")}H${x(end).toFixed(1)}`;
}
