// Thumbs up and down, where the operator switched feedback on: nothing is sent before the reader has said so.

import { button, openDialog, outcome } from "./dialog.js";
import { drawn, make, say } from "./dom.js";
import { turns } from "./history.js";
import { ask } from "./service.js";

const rated = new Map(); // the record's question and answer -> "up" or "down", for as long as the page is open

const keyOf = (turn) => JSON.stringify([turn.question, turn.answer.text]);

const turnAt = (answer) => {
  const number = Number(answer.id.split("-")[1]);
  const known = turns();
  return { turn: known.find(([one]) => one === number)?.[1], before: known.filter(([one]) => one < number) };
};

const field = (label, hint, limit) => {
  const text = make("textarea", { rows: 3, maxLength: limit, placeholder: hint });
  return { text, element: make("label", {}, label, text) };
};

const send = async (turn, before, rating, reason, right) => {
  await ask("/v1/feedback", {
    question: turn.question,
    history: before.map(([, one]) => one.question),
    answer: turn.answer.text,
    rating,
    citations: turn.answer.citations.map(({ document_id, start, end, quote }) => ({ document_id, start, end, quote })),
    ...(reason && { reason }),
    ...(right && { right_answer: right }),
  });
  rated.set(keyOf(turn), rating);
};

export const rate = (pressed) => {
  const answer = pressed.closest(".kr-answer");
  const rating = pressed.classList.contains("kr-up") ? "up" : "down";
  const { turn, before } = turnAt(answer);
  if (!turn) return;
  openDialog(rating === "up" ? "This answer is helpful" : "This answer is not helpful", (dialog) => {
    const reason = field("Why? (optional)", "", 2000);
    const right = field("What would be right? (optional)", "", 4000);
    const told = outcome();
    const submit = button("Send", async () => {
      submit.disabled = true;
      try {
        await send(turn, before, rating, reason.text.value.trim(), right.text.value.trim());
        markRated();
        say("Thank you. Your feedback is stored.");
        dialog.close();
      } catch (problem) {
        told.textContent = problem.message;
        submit.disabled = false;
      }
    }, "kr-button kr-primary");
    const stored = "Stored by whoever runs this service, to test it: your question, the questions before it, this answer "
      + "and what you write here. Write nothing that tells who a patient is.";
    return [
      make("p", { className: "kr-hint", textContent: stored }),
      reason.element,
      right.element,
      told,
      make("div", { className: "kr-actions" }, button("Cancel", () => dialog.close()), submit),
    ];
  });
};

// Gradio may draw an answer again: what was rated stays so.
export const markRated = () => {
  if (!rated.size) return;
  const known = new Map(turns());
  for (const answer of document.querySelectorAll("#kr-chat .kr-answer[id]")) {
    const turn = known.get(Number(answer.id.split("-")[1]));
    const rating = turn && rated.get(keyOf(turn));
    if (!rating) continue;
    for (const one of answer.querySelectorAll(".kr-rate button")) {
      const chosen = one.classList.contains(`kr-${rating}`);
      if (one.disabled && one.classList.contains("kr-chosen") === chosen) continue;
      one.disabled = true;
      one.classList.toggle("kr-chosen", chosen);
      if (chosen) one.textContent = rating === "up" ? "Helpful: stored" : "Not helpful: stored";
    }
  }
};

export const offerFeedback = async () => { (await drawn("#kr-body")).dataset.feedback = "on"; };
