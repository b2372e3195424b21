/* Bring a deleted plan back from the page that says so, which is then read anew. */
import { at, call, showProblems } from "./lib/http.js";

for (const button of document.querySelectorAll("[data-restore]")) {
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await call("POST", at(`/v1/plans/${encodeURIComponent(button.dataset.restore)}/restore`));
      location.reload();
    } catch (error) {
      button.disabled = false;
      showProblems(document.getElementById("restore-problems"), error);
    }
  });
}
