/* Plotly, which carries the maps and the chart of a plan in the making: loaded when first needed. */
let library;

/* Four megabytes of script would keep the page's own content waiting: they come after it is painted. */
const painted = () => new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve, 0)); });

/** Plotly, from where the page names it (`<meta name="plotly">`). */
export function plotly() {
  library ??= painted().then(() => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = document.querySelector("meta[name=plotly]").content;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("the charts' library could not be loaded"));
    document.head.append(script);
  }));
  return library;
}
