/* Numbers as the server writes them (fleetplan/words/values.py). */
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export const count = (value) => (value === null || value === undefined ? "–" : Math.round(value).toLocaleString("en-US").replace("-", "−"));

/* Amounts come in USD; the page says in which currency they are shown, and at which rate (fleetplan/words/currency.py). */
const { currencySign = "$", usdEach = "1" } = document.documentElement.dataset;
export const SIGN = currencySign;
export const USD_EACH = Number(usdEach);

/** A text in which no line ends between a number and its unit, or its sign (fleetplan/words/unbroken.py). */
export const unbroken = (text) => String(text)
  .replace(/(\d) (?=(?:M|bn|k|%|km²|km|min|USD)(?![\p{L}\p{N}_]))/gu, "$1\u00a0").replace(/([−+])(?=[$€£¥])/g, "$1\u2060");

/** 331840000 -> "$332 M", on one line */
export function usd(amount) {
  if (amount === null || amount === undefined || !Number.isFinite(amount)) return "–";
  const value = amount / USD_EACH;
  const size = Math.abs(value);
  const [scale, unit] = [[1e9, " bn"], [1e6, " M"], [1e3, " k"]].find(([s]) => size >= 0.9995 * s) ?? [1, ""];
  const scaled = size / scale;
  const digits = scaled >= 99.95 || !scaled ? 0 : scaled >= 9.995 ? 1 : 2;
  const text = scaled.toFixed(digits);
  return unbroken(`${value < 0 ? "−" : ""}${SIGN}${unit || digits === 0 ? text : String(Number(text))}${unit}`);
}

export const percent = (share, digits = 1) => (share === null || share === undefined ? "–" : `${(100 * share).toFixed(digits)}\u00a0%`.replace("-", "−"));

/** What is open between a plan and its bound: a share of its worth and the money, or the money alone (fleetplan/words/proof.py). */
export function gapText(worth, bound, digits = 2) {
  if (worth === null || worth === undefined || bound === null || bound === undefined) return "–";
  const left = Math.max(0, bound - worth);
  if (left < 0.5) return "none";
  return Math.abs(worth) < 1 || left > 10 * Math.abs(worth) ? usd(left) : `${percent(left / Math.abs(worth), digits)} (${usd(left)})`;
}

/** "2027-04" -> "Apr 2027" */
export const month = (text) => (text ? `${MONTHS[Number(text.slice(5, 7)) - 1]} ${text.slice(0, 4)}` : "–");

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const FORMATS = {
  count: (v) => (v === null ? "–" : Math.abs(v) < 10 && v % 1 ? v.toFixed(1) : count(v)),
  usd,
  min: (v) => (v === null ? "–" : `${v.toFixed(1)}\u00a0min`),
};
