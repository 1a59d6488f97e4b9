// The page's one entry: what a click and a key do, and what follows when Gradio has drawn something.

import { begin } from "./account.js";
import { copy } from "./copy.js";
import { byId, fill, pause } from "./dom.js";
import { openExport } from "./export.js";
import { markRated, rate } from "./feedback.js";
import { forget, restored, take } from "./history.js";
import { follow, goBack, isInSource, openSource, showLatest } from "./source.js";
import { hideTip } from "./tip.js";
import { clearWithin } from "./within.js";

let box = null;
// What the box held when it was sent, until its question is shown. While an answer is being written Gradio takes no other
// question: what is typed then stays in the box.
const SHOWN_WITHIN = 5000; // milliseconds; a question that is not shown by then was not taken
let sent = null;
const noteSent = () => {
  const waits = sent !== null && performance.now() - sent.at < SHOWN_WITHIN;
  if (waits || !box?.value.trim() || document.querySelector("#kr-chat .kr-working")) return;
  sent = { text: box.value, at: performance.now() };
};

// Gradio ends its stream of events when none is under way, and learns of the end a moment later: a question sent in
// between is lost. So it waits until nothing has changed for a while.
const SETTLED = 200; // milliseconds
let changedAt = -Infinity;
const holdBack = (event) => {
  const left = SETTLED - (performance.now() - changedAt);
  if (left <= 0 && !box.readOnly) return false;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (box.readOnly) return true; // a question is held back already, or a conversation is being brought back
  box.readOnly = true;
  setTimeout(() => {
    box.readOnly = false;
    byId("kr-send").click();
  }, left);
  return true;
};

let questions = 0;
const emptyBox = () => {
  const shown = document.querySelectorAll("#kr-chat .kr-question").length;
  if (shown > questions && sent !== null) {
    if (box.value === sent.text) fill(box, "");
    sent = null;
  }
  questions = shown;
};

const askThis = async (question) => {
  fill(box, question);
  await pause(50); // Gradio takes the value over
  byId("kr-send").click();
};

const followLink = (link) => {
  const card = link.classList.contains("kr-show") ? link.closest(".kr-card") : byId(link.hash.slice(1));
  if (card) follow(card); // the cards come with the end of the answer
};

const ACTS = [
  ["a.kr-marker, a.kr-show", followLink],
  ["button.kr-copy", copy],
  ["button.kr-suggest", (clicked) => askThis(clicked.textContent)],
  [".kr-rate button", rate],
  ["#kr-open", openSource],
  ["#kr-close", goBack],
  ["#kr-export", openExport],
];

document.addEventListener("click", (event) => {
  if (event.target.closest?.("#kr-new")) {
    forget(); // and Gradio empties the chat
    clearWithin();
    fill(box, "");
  }
  if (box && event.target.closest?.("#kr-send") && !holdBack(event)) noteSent();
  for (const [selector, act] of ACTS) {
    const clicked = event.target.closest?.(selector);
    if (!clicked) continue;
    event.preventDefault();
    event.stopPropagation();
    act(clicked);
    return;
  }
}, true);

document.addEventListener("keydown", (event) => {
  const sends = event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target === box;
  if (sends && !holdBack(event)) noteSent();
}, true);

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  if (!hideTip() && isInSource()) goBack();
});

document.addEventListener("ketarag:documents", () => byId("kr-refresh")?.click());

const mend = () => {
  // Gradio labels every message with its HTML source, which a screen reader would read out.
  for (const message of document.querySelectorAll(`#kr-chat [aria-label*="'s message:"]`)) {
    message.removeAttribute("aria-label");
  }
  // Gradio takes `aria-label` out of our own HTML, so the names come as titles.
  for (const named of document.querySelectorAll(":is(.kr-marker, .kr-show, .kr-card)[title]")) {
    named.setAttribute("aria-label", named.title);
    named.removeAttribute("title");
  }
};

let taken = "";
const takeRecord = () => {
  const record = document.querySelector("#kr-record .kr-record");
  if (!record || record.textContent === taken) return;
  taken = record.textContent;
  take(record);
};

new MutationObserver((changes) => {
  mend();
  // The question box is where one begins, but on a telephone focus would scroll and open the keyboard.
  if (!box && (box = document.querySelector("#kr-ask textarea")) && innerWidth > 860) box.focus();
  const touched = (id) => changes.some((one) => one.type === "childList" && byId(id)?.contains(one.target));
  if (["kr-chat", "kr-record", "kr-panel", "kr-source"].some(touched)) changedAt = performance.now();
  if (touched("kr-chat") || touched("kr-record")) restored();
  if (touched("kr-record")) takeRecord();
  if (touched("kr-chat")) {
    markRated();
    emptyBox();
  }
  if (touched("kr-panel")) byId("kr-panel").scrollTo(0, 0); // the newest quotes are at the top
  if (touched("kr-panel") || touched("kr-source")) showLatest();
}).observe(document.documentElement, { subtree: true, childList: true, attributes: true, attributeFilter: ["aria-label"] });

begin();
