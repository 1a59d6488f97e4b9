// The reader's own documents, for this session: choose or drop files, see what becomes of them, remove them.
// Names, titles and whatever a document holds are text, never HTML.

import { drawn, make, say } from "./dom.js";
import { ask } from "./service.js";

const PATH = "/v1/documents";

let accepted = null; // what the server takes
let shown = []; // the documents that are there
const line = []; // files that wait or are on their way: { file, item, ... }

const changed = () => document.dispatchEvent(new CustomEvent("ketarag:documents"));
const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
const megabytes = (bytes) => (bytes < 100_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`);
const endingOf = (name) => name.slice(name.lastIndexOf(".")).toLowerCase();

// The panel, drawn once.

const input = make("input", { type: "file", multiple: true, id: "kr-file", className: "kr-unseen" });
const choose = make("button", { type: "button", className: "kr-choose", textContent: "Choose files" });
const limits = make("span", { className: "kr-limits" });
const drop = make("div", { className: "kr-drop" }, choose, make("span", { textContent: " or drop them here. " }), limits, input);
const list = make("ul", { className: "kr-mine" });
const removeAll = make("button", { type: "button", className: "kr-quiet", textContent: "Remove all", hidden: true });
const keeps = make("p", { className: "kr-keeps" });
const number = make("span", { className: "kr-number" });
const panel = make("details", { className: "kr-desk" },
  make("summary", {}, make("h2", { textContent: "Your documents" }), number),
  drop, list, removeAll, keeps);

input.setAttribute("aria-label", "Documents to ask about");
input.tabIndex = -1; // the button is the way to it
list.setAttribute("aria-label", "Your documents");

const tellNumber = () => {
  const coming = line.length ? `, ${line.length} on the way` : "";
  number.textContent = shown.length || line.length ? `${count(shown.length, "document")}${coming}` : "none";
  removeAll.hidden = shown.length < 2;
};

const tellLimits = () => {
  const kinds = [...new Set(accepted.endings.map((ending) => ending.slice(1)))].filter((kind) => !["markdown", "htm"].includes(kind));
  limits.textContent = `${kinds.join(", ")}; up to ${megabytes(accepted.bytes).replace(".0", "")} and ${accepted.pages} pages each, `
    + `${accepted.documents} documents.`;
  input.accept = accepted.endings.join(",");
  keeps.textContent = "Kept for this session only, in the memory of the computer that runs this page, never on a disk; gone when you close "
    + `the browser or after ${count(accepted.minutes, "minute")} without use.`;
};

// A document that is there.

const leftOut = (document) => {
  const rows = document.left_out.map((one) => make("li", {},
    make("span", { textContent: `${one.reason}${one.times > 1 ? `, ${one.times} times` : ""}: ` }),
    make("q", { textContent: one.example })));
  return make("details", { className: "kr-left" },
    make("summary", { textContent: `Not searched: ${count(document.left_out.length, "kind")} of text` }),
    make("ul", {}, ...rows));
};

const itemOf = (document) => {
  const remove = make("button", { type: "button", className: "kr-quiet", textContent: "Remove" });
  remove.setAttribute("aria-label", `Remove ${document.title}`);
  remove.addEventListener("click", () => removeOne(document, remove));
  const size = document.pages === null ? count(document.characters, "character") : count(document.pages, "page");
  const about = [document.name === document.title ? "" : document.name, megabytes(document.bytes), size].filter(Boolean).join(" · ");
  return make("li", {},
    make("div", { className: "kr-row" }, make("span", { className: "kr-title", textContent: document.title }), remove),
    make("p", { className: "kr-about", textContent: about }),
    ...(document.left_out.length ? [leftOut(document)] : []));
};

const draw = (documents) => {
  shown = documents;
  list.replaceChildren(...documents.map(itemOf), ...line.map((one) => one.item));
  tellNumber();
};

const removeOne = async (document, pressed) => {
  pressed.disabled = true;
  try {
    draw((await askTo("DELETE", `${PATH}/${encodeURIComponent(document.id)}`)).documents);
    say(`${document.title} is removed.`);
  } catch (problem) {
    await refresh();
    say(problem.message);
  }
  choose.focus();
  changed();
};

removeAll.addEventListener("click", async () => {
  try {
    draw((await askTo("DELETE", PATH)).documents);
    say("All your documents are removed.");
  } catch (problem) {
    say(problem.message);
  }
  choose.focus();
  changed();
});

const askTo = async (method, path) => {
  const response = await fetch(path, { method });
  const told = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(told.error?.message ?? `The service answered with ${response.status}. Try again.`);
  return told;
};

// A file on its way. One at a time: so the first one opens the session, and the line of others is not filled.

const wrongAtOnce = (file) => {
  if (!accepted.endings.includes(endingOf(file.name))) return `This kind of file is not read. Choose ${accepted.endings.join(", ")}.`;
  if (!file.size) return "The file is empty (0 bytes). Choose another one.";
  if (file.size > accepted.bytes) return `The file is larger than ${megabytes(accepted.bytes)}. Split it.`;
  return "";
};

const waiting = (file) => {
  const bar = make("progress", { max: 100, value: 0 });
  bar.setAttribute("aria-label", `Progress of ${file.name}`);
  const step = make("p", { className: "kr-about", textContent: "Waits" });
  const stop = make("button", { type: "button", className: "kr-quiet", textContent: "Cancel" });
  stop.setAttribute("aria-label", `Cancel ${file.name}`);
  const item = make("li", { className: "kr-coming" },
    make("div", { className: "kr-row" }, make("span", { className: "kr-title", textContent: file.name }), stop), bar, step);
  const one = { file, item, bar, step, stop, request: null, ended: false };
  stop.addEventListener("click", () => end(one));
  return one;
};

const end = (one) => {
  one.ended = true;
  one.request?.abort();
  one.item.remove();
  if (line.includes(one)) line.splice(line.indexOf(one), 1);
  tellNumber();
};

const fail = (one, message) => {
  one.ended = true;
  if (line.includes(one)) line.splice(line.indexOf(one), 1);
  one.bar.remove();
  one.item.className = "kr-failed";
  one.step.textContent = message;
  one.stop.textContent = "Dismiss";
  one.stop.setAttribute("aria-label", `Dismiss ${one.file.name}`);
  list.append(one.item);
  tellNumber();
  say(`${one.file.name}: ${message}`);
};

const progress = (one, event, told) => {
  if (event === "parsing") {
    one.bar.value = 30;
    one.step.textContent = "Reading";
  } else if (event === "embedding") {
    one.bar.value = 40 + (60 * told.done) / Math.max(told.all, 1);
    one.step.textContent = `Making it searchable: ${told.done} of ${count(told.all, "passage")}`;
  }
};

// The events of the answer so far; gives how far it was read.
const read = (text, from, act) => {
  let at = from;
  for (let edge = text.indexOf("\n\n", at); edge >= 0; edge = text.indexOf("\n\n", at)) {
    const fields = Object.fromEntries(text.slice(at, edge).split("\n").map((row) => row.split(/: (.*)/s, 2)));
    act(fields.event, JSON.parse(fields.data));
    at = edge + 2;
  }
  return at;
};

const send = (one) => new Promise((done) => {
  const request = new XMLHttpRequest(); // fetch does not tell how much was sent
  let at = 0;
  let outcome = null;
  const take = () => {
    if (request.status !== 200) return;
    at = read(request.responseText, at, (event, told) => {
      if (event === "done") outcome = { document: told };
      else if (event === "error") outcome = { problem: told.error.message };
      else progress(one, event, told);
    });
  };
  const finish = () => {
    if (request.status === 401) location.reload(); // to the login page
    let told = {};
    try {
      if (request.status !== 200) told = JSON.parse(request.responseText);
    } catch { /* no JSON: nothing to tell */ }
    const problem = told.error?.message ?? "The connection ended before the file was read. Try again.";
    done(outcome ?? { problem });
  };
  request.upload.addEventListener("progress", (sent) => {
    one.bar.value = (30 * sent.loaded) / Math.max(sent.total, 1);
    one.step.textContent = `Sending: ${megabytes(sent.loaded)} of ${megabytes(sent.total)}`;
  });
  request.addEventListener("progress", take);
  request.addEventListener("loadend", () => { take(); finish(); });
  request.open("POST", `${PATH}?name=${encodeURIComponent(one.file.name.slice(-400))}`);
  request.setRequestHeader("content-type", "application/octet-stream");
  request.setRequestHeader("accept", "text/event-stream");
  one.request = request;
  request.send(one.file);
});

let working = false;
const work = async () => {
  if (working) return;
  working = true;
  while (line.length) {
    const [one] = line;
    const { document: added, problem } = await send(one);
    if (one.ended) continue; // cancelled
    if (problem) {
      fail(one, problem);
    } else {
      end(one);
      draw([...shown.filter((other) => other.id !== added.id), added]);
      say(`${added.title} can be asked now.`);
      changed();
    }
  }
  working = false;
};

const take = (files) => {
  panel.open = true;
  for (const file of files) {
    const one = waiting(file);
    const problem = wrongAtOnce(file);
    list.append(one.item);
    if (problem) fail(one, problem);
    else line.push(one);
  }
  tellNumber();
  work();
};

choose.addEventListener("click", () => input.click());
input.addEventListener("change", () => {
  take([...input.files]);
  input.value = ""; // the same file can be chosen again
});

// Files may be dropped anywhere: elsewhere the browser would leave the page and show them.

const holdsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

document.addEventListener("dragover", (event) => {
  if (!holdsFiles(event) || !accepted) return;
  event.preventDefault();
  panel.open = true;
  drop.classList.add("kr-over");
});

for (const name of ["dragleave", "dragend"]) {
  document.addEventListener(name, (event) => event.relatedTarget === null && drop.classList.remove("kr-over"));
}

document.addEventListener("drop", (event) => {
  if (!holdsFiles(event) || !accepted) return;
  event.preventDefault();
  drop.classList.remove("kr-over");
  take([...event.dataTransfer.files]);
});

// What was forgotten meanwhile, or changed in another tab.
const refresh = async () => {
  const before = shown.map((one) => one.id).join();
  const shelf = await ask(PATH).catch(() => null);
  if (!shelf) return;
  accepted = shelf.accepted;
  draw(shelf.documents);
  if (before !== shown.map((one) => one.id).join()) changed();
};

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && accepted && !line.length) refresh();
});

// Called once, where the server takes documents.
export const offerUploads = async () => {
  const place = await drawn("#kr-uploads");
  const shelf = await ask(PATH).catch(() => null);
  if (!shelf || place.childElementCount) return;
  accepted = shelf.accepted;
  tellLimits();
  draw(shelf.documents);
  panel.open = shelf.documents.length > 0;
  place.append(panel);
  if (shelf.documents.length) changed();
};
