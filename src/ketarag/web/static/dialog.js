// A window over the page: the browser's own <dialog>, which keeps the focus and closes with Escape.

import { make } from "./dom.js";

// Opens at once; `fill` gets the dialog and gives what stands in it under the title. Removed when it is closed.
export const openDialog = (title, fill) => {
  const back = document.activeElement;
  const heading = make("h2", { id: "kr-dialog-title", textContent: title });
  const dialog = make("dialog", { className: "kr-dialog" }, heading);
  dialog.setAttribute("aria-labelledby", "kr-dialog-title");
  dialog.append(...fill(dialog));
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // beside it
  dialog.addEventListener("close", () => {
    dialog.remove();
    back?.focus?.({ preventScroll: true });
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
};

export const button = (text, act, className = "kr-button") => {
  const made = make("button", { type: "button", className, textContent: text });
  made.addEventListener("click", act);
  return made;
};

// A line that says what became of it; a problem is an alert.
export const outcome = () => {
  const line = make("p", { className: "kr-outcome" });
  line.setAttribute("role", "alert");
  return line;
};
