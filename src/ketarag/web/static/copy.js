// An answer for the clipboard: its sentences, then each quote with its place.

import { byId, make, say } from "./dom.js";

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

export const copy = async (button) => {
  const text = textOf(button.closest(".kr-answer"));
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch { // over plain HTTP to another host there is no clipboard but the old way
    const area = make("textarea", { value: text });
    document.body.append(area);
    area.select();
    done = document.execCommand("copy");
    area.remove();
    button.focus();
  }
  button.textContent = done ? "Copied" : "Could not copy";
  say(done ? "The answer is copied with its sources." : "The browser does not allow copying.");
  setTimeout(() => { button.textContent = "Copy with sources"; }, 1800);
};
