// The source: which sentences a card quotes, the way to them and back, and the sheet of a narrow window.

import { byId, narrow, still } from "./dom.js";

let marker = ""; // the id of the card that was followed

// A place is "at-DOCUMENT-START-END": the id of a sentence, the address of a card's link.
const placeOf = (id) => {
  const [, key, start, end] = id.split("-");
  return { key, start: Number(start), end: Number(end) };
};

const sentencesOf = (card) => {
  const quoted = placeOf(card.querySelector("a.kr-show").hash.slice(1));
  return [...(byId(`doc-${quoted.key}`)?.querySelectorAll(".kr-s") ?? [])].filter((one) => {
    const place = placeOf(one.id);
    return place.start < quoted.end && place.end > quoted.start;
  });
};

const scrollWithin = (scroller, element, part) => {
  const [outer, inner] = [scroller.getBoundingClientRect(), element.getBoundingClientRect()];
  const top = scroller.scrollTop + inner.top - outer.top - Math.max(4, (outer.height - inner.height) * part);
  scroller.scrollTo({ top, behavior: still.matches ? "auto" : "smooth" });
};

// What was hidden until now takes the focus only once it has been drawn.
const focusOn = (element) => {
  element.focus({ preventScroll: true });
  if (document.activeElement === element) return;
  requestAnimationFrame(() => requestAnimationFrame(() => element.focus({ preventScroll: true })));
};

const markLatest = () => {
  for (const old of document.querySelectorAll(".kr-s.kr-cited, .kr-s.kr-closest")) {
    old.classList.remove("kr-cited", "kr-closest", "kr-current");
    delete old.dataset.marks;
  }
  const cards = [...(document.querySelector("#kr-panel .kr-group")?.querySelectorAll(".kr-card") ?? [])];
  for (const card of cards) {
    sentencesOf(card).forEach((one, at) => {
      one.classList.add(card.classList.contains("kr-near") ? "kr-closest" : "kr-cited");
      if (at === 0) one.dataset.marks = `${one.dataset.marks ?? ""}[${card.querySelector(".kr-badge").textContent}]`;
    });
  }
  return cards;
};

export const showLatest = () => {
  const [first] = markLatest();
  const [sentence] = first ? sentencesOf(first) : [];
  if (sentence && !narrow.matches) scrollWithin(byId("kr-source"), sentence, 0.3);
};

export const follow = (card) => {
  marker = card.id;
  const found = sentencesOf(card);
  const shown = found.length ? found : [card];
  for (const fold of new Set(found.map((one) => one.closest("details:not([open])")).filter(Boolean))) fold.open = true;
  if (narrow.matches) openSheet(found.length ? "source" : "quotes");
  for (const old of document.querySelectorAll(".kr-current, .kr-flash")) old.classList.remove("kr-current", "kr-flash");
  for (const one of [card, ...found]) one.classList.add("kr-current");
  void card.offsetWidth; // restarts the animation of what is shown again
  for (const one of shown) one.classList.add("kr-flash");
  if (found.length) scrollWithin(byId("kr-source"), found[0], 0.3);
  scrollWithin(byId("kr-panel"), card, 0);
  shown[0].tabIndex = -1;
  focusOn(shown[0]);
};

export const goBack = () => {
  closeSheet();
  const link = document.querySelector(`#kr-chat a.kr-marker[href$="#${marker}"]`);
  (link ?? byId("kr-chat")).scrollIntoView({ behavior: still.matches ? "auto" : "smooth", block: "nearest" });
  (link ?? document.querySelector("#kr-ask textarea"))?.focus({ preventScroll: true });
};

// The sheet of a narrow window: while it is open, nothing else can be reached.

const behindSheet = () => [byId("kr-head"), byId("kr-left"), document.querySelector(".kr-foot")].filter(Boolean);

const openSheet = (what) => {
  const sheet = byId("kr-right");
  sheet.dataset.sheet = what;
  for (const one of behindSheet()) one.inert = true;
  sheet.setAttribute("role", "dialog");
  sheet.setAttribute("aria-modal", "true");
  sheet.setAttribute("aria-label", "Source");
};

export const openSource = () => {
  marker = "";
  openSheet("source");
  focusOn(byId("kr-close"));
};

const closeSheet = () => {
  const sheet = byId("kr-right");
  if (!sheet) return;
  delete sheet.dataset.sheet;
  for (const one of behindSheet()) one.inert = false;
  for (const name of ["role", "aria-modal", "aria-label"]) sheet.removeAttribute(name);
};

export const isInSource = () => byId("kr-right")?.dataset.sheet || document.activeElement?.closest("#kr-right");

narrow.addEventListener("change", closeSheet);
