/* Charts of the pages. The server gives the data (fleetplan/report/page_chart.py); Plotly draws them in the colours of the page. */
import { colour, faded, onColours } from "./colours.js";
import { FORMATS, SIGN, USD_EACH } from "./format.js";

export const CONFIG = { displayModeBar: false, responsive: true, doubleClick: "reset", locale: "en-US" };

let library;

/** Plotly: the one the page loaded, or, where the page only names it (`<meta name="plotly">`), loaded when first needed. */
export function plotly() {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = document.querySelector("meta[name=plotly]").content;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("the charts' library could not be loaded"));
    document.head.append(script);
  });
  return library;
}

/* Four megabytes of script would keep the page's own content waiting: they come after it is painted. */
const painted = () => new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve, 0)); });

/** Draw every chart below an element that is not drawn yet. */
export function drawCharts(root) {
  for (const box of root.querySelectorAll("[data-chart]")) {
    if (box.dataset.drawn) continue;
    box.dataset.drawn = "waiting";
    const spec = JSON.parse(box.querySelector("script").textContent);
    draw(box, spec);
    onColours(box, () => draw(box, spec));
  }
}

async function draw(box, spec) {
  if (!window.Plotly) await painted();
  await plotly();
  await Plotly.react(box, steps(spec), layout(spec), CONFIG);
  box.dataset.drawn = "yes";
}

/** The layout that all charts share; `over` is merged on top. */
export function layout(spec, over = {}) {
  const money = spec.unit === "usd";
  const ticks = valueTicks(spec);
  const axis = { color: colour("soft"), gridcolor: colour("hair"), zerolinecolor: colour("faint"), tickfont: { size: 11.5 }, fixedrange: true };
  return {
    autosize: true,
    margin: { l: money ? 62 : 50, r: 12, t: 8, b: 28 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, color: colour("ink"), size: 12.5 },
    showlegend: false,
    hovermode: "x unified",
    hoverlabel: { bgcolor: colour("raised"), bordercolor: colour("line"), font: { color: colour("ink"), size: 12.5 } },
    dragmode: false,
    xaxis: spec.end
      ? { ...axis, type: "date", showgrid: false, dtick: "M12", tickformat: "%Y", ticks: "outside", ticklen: 4, tickcolor: colour("line"), range: [spec.x[0], spec.end], hoverformat: "%b %Y" }
      : { ...axis, showgrid: false, automargin: true },
    yaxis: { ...axis, rangemode: "tozero", zeroline: true, tickvals: ticks, ticktext: ticks.map((v) => tickText(spec.unit, v)) },
    ...over,
  };
}

/* Round values (1, 2, 2.5 or 5 times a power of ten) that cut the height of a chart into some four parts. */
function valueTicks(spec) {
  const each = spec.unit === "usd" ? USD_EACH : 1; // round in the currency that is shown
  const columns = spec.series.map((s) => s.values.map((v) => (v ?? 0) / each));
  const tops = spec.kind === "area" ? columns[0]?.map((_, t) => columns.reduce((sum, c) => sum + c[t], 0)) ?? [0] : columns.flat();
  const [low, high] = [Math.min(0, ...tops), Math.max(0, ...tops)];
  const rough = (high - low) / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5].find((m) => m * power >= rough) ?? 10);
  const ticks = [];
  for (let k = Math.floor(low / step); k * step <= high + step / 2; k++) ticks.push(k * step * each);
  return ticks;
}

function tickText(unit, value) {
  if (unit === "usd") {
    if (Math.abs(value) < 1e-6) return "0";
    const size = Math.abs(value) / USD_EACH;
    const text = size >= 1e9 ? `${+(size / 1e9).toFixed(2)} bn` : size >= 1e5 ? `${+(size / 1e6).toFixed(1)} M` : size >= 1e3 ? `${+(size / 1e3).toFixed(1)} k` : `${+size.toFixed(2)}`;
    return `${value < 0 ? "−" : ""}${SIGN}${text}`;
  }
  return value % 1 ? String(+value.toFixed(2)) : FORMATS.count(value);
}

/* A period's value holds to its end: a step, and the last one is drawn to the end of the horizon. */
function held(spec, values) {
  return { x: [...spec.x, spec.end], y: [...values, values[values.length - 1]] };
}

function texts(spec, values) {
  const said = values.map(FORMATS[spec.unit] ?? String);
  return [...said, said[said.length - 1]];
}

function steps(spec) {
  const stacked = spec.kind === "area";
  return spec.series.map((s) => {
    const own = s.css.split(" ")[0];
    const fill = s.css.includes("again") ? faded(own, 0.6) : colour(own);
    return {
      ...held(spec, s.values),
      type: "scatter",
      mode: "lines",
      name: s.name,
      line: { shape: "hv", color: stacked ? colour("paper") : colour(own), width: stacked ? 0.8 : 2.2, dash: s.dash ? "dash" : "solid" },
      ...(stacked ? { stackgroup: "all", fillcolor: fill } : {}),
      connectgaps: false,
      customdata: texts(spec, s.values),
      hovertemplate: "%{customdata}<extra>%{fullData.name}</extra>",
    };
  });
}
