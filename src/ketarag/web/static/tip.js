// What an abbreviation means: on hover, on focus and so on a tap.

import { make, root } from "./dom.js";

const tip = make("div", { id: "kr-tip", hidden: true });
tip.setAttribute("role", "tooltip");

export const hideTip = () => {
  const shown = !tip.hidden;
  document.querySelector("[aria-describedby=kr-tip]")?.removeAttribute("aria-describedby");
  tip.hidden = true;
  return shown;
};

const placeTip = (abbreviation) => {
  const [place, size] = [abbreviation.getBoundingClientRect(), tip.getBoundingClientRect()];
  const above = place.top - size.height - 6;
  tip.style.left = `${Math.max(8, Math.min(place.left, root.clientWidth - size.width - 8))}px`;
  tip.style.top = `${above > 8 ? above : place.bottom + 6}px`;
};

const showTip = (abbreviation) => {
  hideTip();
  abbreviation.dataset.meaning ??= abbreviation.title;
  abbreviation.removeAttribute("title"); // or the browser would show it a second time
  tip.textContent = abbreviation.dataset.meaning;
  tip.hidden = false;
  (document.querySelector(".gradio-container") ?? document.body).append(tip);
  abbreviation.setAttribute("aria-describedby", "kr-tip");
  placeTip(abbreviation);
};

for (const [enter, leave] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
  document.addEventListener(enter, (event) => {
    const abbreviation = event.target.closest?.(".kr-abbr");
    if (abbreviation) showTip(abbreviation);
  });
  document.addEventListener(leave, (event) => event.target.closest?.(".kr-abbr") && hideTip());
}
document.addEventListener("scroll", () => { // focus from the keyboard scrolls to the abbreviation
  const abbreviation = document.querySelector("[aria-describedby=kr-tip]");
  if (abbreviation) placeTip(abbreviation);
}, true);
