// Small things that all parts of the page use.

export const byId = (id) => document.getElementById(id);
export const root = document.documentElement;
export const still = matchMedia("(prefers-reduced-motion: reduce)");
export const narrow = matchMedia("(max-width: 860px)"); // as in the style sheets: the source is a sheet over the chat

// An element with properties and children; text is always text.
export const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

export const pause = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds); });

// Gradio reads a field when it hears of a change, not when it is clicked next to it.
export const fill = (field, text) => {
  const kind = field instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
  Object.getOwnPropertyDescriptor(kind.prototype, "value").set.call(field, text);
  field.dispatchEvent(new Event("input", { bubbles: true }));
};

// Gradio draws the page some time after it was loaded.
export const drawn = async (selector) => {
  for (;;) {
    const found = document.querySelector(selector);
    if (found) return found;
    await pause(50);
  }
};

// A sentence for screen readers, said once.
const status = make("p", { id: "kr-status", role: "status" });
export const say = (text) => {
  if (!status.isConnected) document.body.append(status);
  status.textContent = text;
};
