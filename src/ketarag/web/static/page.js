// A click or Enter on [1] shows the very sentence in the source; Escape returns. Abbreviations say what they mean.
(() => {
  "use strict";
  let marker = ""; // the fragment of the marker that was followed: "#cite-1-2"
  let box = null;

  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const narrow = matchMedia("(max-width: 860px)"); // as in page.css: the source is a sheet over the chat
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);

  // The source: which sentences a card quotes, and the way to them.

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

  const showLatest = () => {
    const [first] = markLatest();
    const [sentence] = first ? sentencesOf(first) : [];
    if (sentence && !narrow.matches) scrollWithin(byId("kr-source"), sentence, 0.3);
  };

  const follow = (card) => {
    const found = sentencesOf(card);
    const shown = found.length ? found : [card];
    if (narrow.matches) openSheet(found.length ? "source" : "quotes");
    for (const old of document.querySelectorAll(".kr-current, .kr-flash")) old.classList.remove("kr-current", "kr-flash");
    for (const one of [card, ...found]) one.classList.add("kr-current");
    void card.offsetWidth; // restarts the animation of what is shown again
    for (const one of shown) one.classList.add("kr-flash");
    if (found.length) scrollWithin(byId("kr-source"), found[0], 0.3);
    scrollWithin(byId("kr-panel"), card, 0);
    shown[0].tabIndex = -1;
    shown[0].focus({ preventScroll: true });
  };

  const goBack = () => {
    closeSheet();
    const link = document.querySelector(`#kr-chat a.kr-marker[href$="${marker || "#"}"]`);
    (link ?? byId("kr-chat")).scrollIntoView({ behavior: still.matches ? "auto" : "smooth", block: "nearest" });
    (link ?? box)?.focus({ preventScroll: true });
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

  const closeSheet = () => {
    delete byId("kr-right").dataset.sheet;
    for (const one of behindSheet()) one.inert = false;
    for (const name of ["role", "aria-modal", "aria-label"]) byId("kr-right").removeAttribute(name);
  };

  narrow.addEventListener("change", closeSheet);

  // What an abbreviation means: on hover, on focus and so on a tap.

  const tip = document.createElement("div");
  tip.id = "kr-tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;

  const hideTip = () => {
    document.querySelector("[aria-describedby=kr-tip]")?.removeAttribute("aria-describedby");
    tip.hidden = true;
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

  const placeTip = (abbreviation) => {
    const [place, size] = [abbreviation.getBoundingClientRect(), tip.getBoundingClientRect()];
    const above = place.top - size.height - 6;
    tip.style.left = `${Math.max(8, Math.min(place.left, root.clientWidth - size.width - 8))}px`;
    tip.style.top = `${above > 8 ? above : place.bottom + 6}px`;
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

  // An answer for the clipboard: its sentences, then each quote with its place.

  const textOf = (answer) => {
    const said = [...answer.querySelectorAll(":scope > p:not([class]), :scope > ul > li")];
    const cards = [...new Set([...answer.querySelectorAll("a.kr-marker")].map((link) => byId(link.hash.slice(1))))];
    const sources = cards.filter(Boolean).map((card) => {
      const part = (name) => card.querySelector(name)?.textContent.trim() ?? "";
      const where = [part(".kr-title"), part(".kr-heading"), part(".kr-place")].filter(Boolean).join(", ");
      return `[${part(".kr-badge")}] “${part(".kr-quote").replace(/\s+/g, " ")}” ${where}`;
    });
    const lines = said.map((one) => (one.tagName === "LI" ? "- " : "") + one.textContent.replace(/\s+/g, " ").trim());
    return [...lines, "", "Sources:", ...sources].join("\n");
  };

  const copy = async (button) => {
    const text = textOf(button.closest(".kr-answer"));
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch { // over plain HTTP to another host there is no clipboard but the old way
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      done = document.execCommand("copy");
      area.remove();
      button.focus();
    }
    button.textContent = done ? "Copied" : "Could not copy";
    setTimeout(() => { button.textContent = "Copy with sources"; }, 1800);
  };

  document.addEventListener("click", (event) => {
    const clicked = event.target.closest?.("a.kr-marker, a.kr-show, button.kr-copy, #kr-open, #kr-close");
    if (!clicked) return;
    event.preventDefault();
    event.stopPropagation();
    if (clicked.id === "kr-close") goBack();
    else if (clicked.id === "kr-open") {
      marker = "";
      openSheet("source");
      byId("kr-close").focus();
    } else if (clicked.classList.contains("kr-copy")) copy(clicked);
    else {
      const shows = clicked.classList.contains("kr-show");
      const card = shows ? clicked.closest(".kr-card") : byId(clicked.hash.slice(1));
      if (!card) return; // the cards come with the end of the answer
      marker = `#${card.id}`;
      follow(card);
    }
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (!tip.hidden) hideTip();
    else if (byId("kr-right").dataset.sheet || document.activeElement?.closest("#kr-right")) goBack();
  });

  new MutationObserver((changes) => {
    // Gradio labels every message with its HTML source, which a screen reader would read out.
    for (const message of document.querySelectorAll(`#kr-chat [aria-label*="'s message:"]`)) {
      message.removeAttribute("aria-label");
    }
    // Gradio takes `aria-label` out of our own HTML, so the names come as titles.
    for (const named of document.querySelectorAll(":is(.kr-marker, .kr-show, .kr-card)[title]")) {
      named.setAttribute("aria-label", named.title);
      named.removeAttribute("title");
    }
    // The question box is where one begins, but on a telephone focus would scroll and open the keyboard.
    if (!box && (box = document.querySelector("#kr-ask textarea")) && innerWidth > 860) box.focus();
    const touched = (id) => changes.some((one) => one.type === "childList" && byId(id)?.contains(one.target));
    if (touched("kr-panel")) byId("kr-panel").scrollTo(0, 0); // the newest quotes are at the top
    if (touched("kr-panel") || touched("kr-source")) showLatest();
  }).observe(root, { subtree: true, childList: true, attributes: true, attributeFilter: ["aria-label"] });
})();
