/* Plans that a page asks for: each is posted once under its key, and a button stops those that are not made yet. */
import { at, call, say } from "./http.js";

/** Ask for plans beside a place of the page, at which the button stands as long as any of them is being made. */
export function asking(place) {
  const posted = new Set();
  const made = new Set();
  const button = Object.assign(document.createElement("button"), { type: "button", className: "quiet stop-asked", textContent: "Stop" });
  const one = {
    stopped: false,
    isNew: (told) => !posted.has(told.idempotency_key),
    async post({ href, body, idempotency_key: key }) {
      if (one.stopped) return;
      posted.add(key);
      const { id } = await call("POST", href, body, { "Idempotency-Key": key });
      made.add(id);
      if (!button.isConnected) (place.matches("p") ? place.append(" ", button) : place.after(" ", button));
    },
    done: () => button.remove(),
  };
  button.addEventListener("click", async () => {
    one.stopped = true;
    button.disabled = true;
    await Promise.allSettled([...made].map((id) => call("POST", at(`/v1/plans/${encodeURIComponent(id)}/cancel`))));
    say("Stopped. What was found so far is kept.");
  });
  return one;
}
