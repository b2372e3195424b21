/* The filter of figures answers as one types; without this script its button does the same. */
const form = document.getElementById("filter");
let waiting;
function go() {
  clearTimeout(waiting);
  waiting = setTimeout(() => form.requestSubmit(), 500);
}
for (const select of form.querySelectorAll("select")) select.addEventListener("change", () => form.requestSubmit());
const text = form.querySelector("input[type=search]");
text.addEventListener("input", go);
if (new URLSearchParams(location.search).has("q") && text.value) {
  text.focus({ preventScroll: true });
  text.setSelectionRange(text.value.length, text.value.length);
}
