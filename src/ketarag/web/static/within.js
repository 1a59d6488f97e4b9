// Which documents are searched: a choice by publisher, year and tags, and in words beside the question box what it leaves.
// Publishers and tags are text, never HTML. The server counts, and says where nothing is left.

import { button } from "./dialog.js";
import { byId, drawn, fill, make, say } from "./dom.js";
import { keepWithin } from "./history.js";
import { ask } from "./service.js";

const PATH = "/v1/within";
const AT_ONCE = 1000; // of more documents the choices are asked for when the reader opens them: the server reads each document

const none = () => ({ published_from: null, published_to: null, publishers: [], tags: [] });

let chosen = none(); // the filter, as the server takes it
let offered = null; // what there is to choose
let documents = 0;
let hidden = null; // Gradio's field that goes with each question

const isNone = () => !(chosen.published_from || chosen.published_to || chosen.publishers.length || chosen.tags.length);
const textOf = () => (isNone() ? "" : JSON.stringify(chosen));
const count = (number) => `${number.toLocaleString("en")} document${number === 1 ? "" : "s"}`;

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;

// The control, drawn once.

const labelled = (text, element) => make("label", {}, make("span", { textContent: text }), element);
const [publisher, first, last] = [make("select"), make("select"), make("select")];
const tags = make("fieldset", {});
const clear = button("Search all documents", () => { clearWithin(); panel.querySelector("summary").focus(); }, "kr-button");
const told = make("span", { className: "kr-told" });
const problem = make("p", { className: "kr-left-none" });
const panel = make("details", { className: "kr-which" },
  make("summary", {}, make("span", { className: "kr-name", textContent: "Which documents" }), told),
  make("div", { className: "kr-choices" },
    labelled("Publisher", publisher), labelled("Published from", first), labelled("Published up to", last), tags, clear));

problem.setAttribute("role", "alert");

// What is chosen stays in the list, also when the last document that had it is gone.
const options = (select, any, known, now) => {
  const gone = now && !known.some((one) => one.name === now) ? [{ name: now, documents: 0 }] : [];
  const rows = [...known, ...gone].map((one) => new Option(`${one.name} (${one.documents.toLocaleString("en")})`, one.name));
  select.replaceChildren(new Option(any, ""), ...rows);
  select.value = now;
  select.parentElement.hidden = rows.length < 2 && !now;
};

const tick = (one) => {
  const box = make("input", { type: "checkbox", value: one.name, checked: chosen.tags.includes(one.name) });
  return make("label", {}, box, make("span", { textContent: `${one.name} (${one.documents.toLocaleString("en")})` }));
};

const draw = () => {
  options(publisher, "all", offered.publishers, chosen.publishers[0] ?? "");
  options(first, "any year", offered.years, chosen.published_from?.slice(0, 4) ?? "");
  options(last, "any year", offered.years, chosen.published_to?.slice(0, 4) ?? "");
  const gone = chosen.tags.filter((name) => !offered.tags.some((one) => one.name === name));
  const rows = [...offered.tags, ...gone.map((name) => ({ name, documents: 0 }))].map(tick);
  tags.replaceChildren(make("legend", { textContent: "Tags (a document must have each that is ticked)" }), ...rows);
  tags.hidden = !rows.length;
};

// What is in force.

let asked = 0;
const tell = async (aloud) => {
  const mine = ++asked;
  let left = { documents, of: documents, told: "" };
  let wrong = "";
  try {
    if (!isNone()) left = await ask(PATH, chosen);
  } catch (error) {
    wrong = error.message;
  }
  if (mine !== asked) return; // chosen anew meanwhile
  clear.hidden = isNone();
  panel.classList.toggle("kr-some", !isNone());
  problem.textContent = wrong && sentence(wrong);
  const within = left.told && ` of ${left.of.toLocaleString("en")} documents: ${left.told}`;
  told.textContent = wrong ? "" : within ? `${left.documents.toLocaleString("en")}${within}` : `all ${count(documents)}`;
  if (aloud && !wrong) say(`Searched from now on: ${told.textContent}.`);
};

const apply = () => {
  keepWithin(textOf());
  fill(hidden, textOf());
  tell(true);
};

panel.addEventListener("change", () => {
  chosen = {
    published_from: first.value ? `${first.value}-01-01` : null,
    published_to: last.value ? `${last.value}-12-31` : null,
    publishers: publisher.value ? [publisher.value] : [],
    tags: [...tags.querySelectorAll("input:checked")].map((one) => one.value),
  };
  apply();
});

// Everything is searched again; with a new conversation, too.
export const clearWithin = () => {
  if (isNone()) return;
  chosen = none();
  if (offered) draw();
  apply();
};

const isWorthIt = () => documents > 1
  && (!offered || offered.publishers.length > 1 || offered.tags.length > 0 || offered.years.length > 1);

// What there is to choose, as it is now. Where there is nothing, nothing is shown; a choice that was made stays in sight.
const refresh = async () => {
  const got = await ask(PATH).catch(() => null);
  if (got) {
    offered = got;
    documents = got.documents;
    draw();
  }
  if (offered || !isNone()) show();
};

const show = () => {
  const place = byId("kr-which");
  if (!isWorthIt() && isNone()) place.replaceChildren();
  else if (!panel.isConnected) place.append(panel, problem);
  tell(false);
};

panel.addEventListener("toggle", () => panel.open && !offered && refresh());
document.addEventListener("ketarag:documents", () => hidden && (offered || documents <= AT_ONCE) && refresh());

const isText = (one) => typeof one === "string";
const isDay = (one) => one === null || (isText(one) && /^\d{4}-\d\d-\d\d$/.test(one));

// What a tab kept, if it is a choice at all.
const read = (kept) => {
  try {
    const { published_from, published_to, publishers, tags: names } = JSON.parse(kept);
    const holds = [published_from, published_to].every(isDay) && publishers.every(isText) && names.every(isText);
    return holds ? { published_from, published_to, publishers, tags: names } : none();
  } catch {
    return none();
  }
};

// Called once. `number`: how many documents can be asked; `kept`: the choice before a reload, "" for none.
export const offerWithin = async (number, kept) => {
  await drawn("#kr-which");
  hidden = await drawn("#kr-within :is(textarea, input)");
  documents = number;
  chosen = read(kept);
  if (!isNone()) fill(hidden, textOf());
  if (number > AT_ONCE) show();
  else await refresh();
};
