/* The page's own colours, resolved for the colour scheme in force: for maps, which know no CSS variables. */
const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);

const NAMES = { spent: "accent", budget: "soft" };

/** Return a colour of the design system ("accent", "ink", "s3" ...) as rgb text. */
export function colour(name) {
  probe.style.color = `var(--${NAMES[name] ?? name})`;
  return getComputedStyle(probe).color;
}

/** Call when the colours of the page change; the element's life bounds the listener's. */
export function onColours(element, act) {
  const listener = () => {
    if (element.isConnected) act();
    else document.removeEventListener("colours", listener);
  };
  document.addEventListener("colours", listener);
}
