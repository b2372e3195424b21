/* On a phone the long sections of a page wait under their headings, `<section data-fold>`; wider screens and paper show all. */
const phone = matchMedia("(max-width: 760px)");

/** Fold the sections, and open whichever somebody asks for by its heading or by a link into it. */
export function foldOnPhones() {
  const sections = [...document.querySelectorAll("section[data-fold]")].map(foldable);
  const apply = () => { for (const one of sections) one.fold(phone.matches); };
  const reveal = (hash) => {
    const target = hash.length > 1 ? document.getElementById(decodeURIComponent(hash.slice(1))) : null;
    sections.find((one) => target && one.section.contains(target))?.open(true);
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link) reveal(link.hash);
  });
  phone.addEventListener("change", apply);
  apply();
  reveal(location.hash);
}

function foldable(section) {
  const heading = section.querySelector("h2");
  const button = Object.assign(document.createElement("button"), { type: "button", className: "fold" });
  const open = (is) => {
    section.classList.toggle("shut", !is);
    button.setAttribute("aria-expanded", String(is));
  };
  button.addEventListener("click", () => open(section.classList.contains("shut")));
  return {
    section,
    open,
    fold: (folds) => {
      if (folds === heading.contains(button)) return;
      if (folds) {
        button.append(...heading.childNodes);
        heading.append(button);
      } else heading.replaceChildren(...button.childNodes);
      open(!folds);
    },
  };
}
