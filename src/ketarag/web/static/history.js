// The conversation as this tab keeps it: after a reload it is there again, when the tab is closed it is gone.
//
// In sessionStorage, not localStorage: a ward's computer is used by many, and another tab or the next person must find
// nothing (docs/decisions/0010). The records are the server's (web/page/kept.py), which checks them when they come back.

import { byId, drawn, fill, pause } from "./dom.js";

const KEY = "ketarag.conversation";
const HOURS = 12; // a shift; a telephone keeps tabs for weeks
const MOST = 40; // as MOST_KEPT in web/page/kept.py
const CHARACTERS = 1_000_000; // the server reads 1,500,000, and browsers give 5,000,000

const LONGEST_RESTORE = 10_000; // milliseconds; then one may ask all the same

const records = new Map(); // by the number of the answer
let waiting = []; // records that were kept before, until the server has them
let within = ""; // the documents that are searched (within.js), "" for all
let owner; // who is signed in; undefined until that is known
let restoring = null; // the question box while the conversation is brought back

// Private windows and strict settings may refuse any use of the storage.
const attempt = (act) => {
  try {
    return act(sessionStorage);
  } catch {
    return undefined;
  }
};

export const canKeep = () => attempt((storage) => {
  storage.setItem(`${KEY}.probe`, "1");
  storage.removeItem(`${KEY}.probe`);
  return true;
}) === true;

export const forget = () => {
  records.clear();
  [waiting, within] = [[], ""];
  attempt((storage) => storage.removeItem(KEY));
};

// Keeps what there is, without the oldest answers where it would be too much. `draft`: a question not yet asked.
export const keep = (draft = "") => {
  if (owner === undefined) return;
  let kept = records.size ? [...records.values()] : waiting;
  for (;;) {
    const entry = JSON.stringify({ version: 1, owner, saved: Date.now(), records: kept, draft, within });
    const fits = entry.length <= CHARACTERS && attempt((storage) => { storage.setItem(KEY, entry); return true; });
    if (fits) return;
    if (!kept.length) return void attempt((storage) => storage.removeItem(KEY));
    kept = kept.slice(1);
  }
};

const isText = (one) => typeof one === "string";

// What was kept, if it is whole, this person's and of today; anything else is removed.
const read = () => {
  let entry;
  try {
    entry = JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    entry = null;
  }
  const age = Date.now() - entry?.saved;
  const holds = entry?.version === 1 && entry.owner === owner && age >= 0 && age < HOURS * 3_600_000
    && Array.isArray(entry.records) && entry.records.every(isText) && isText(entry.draft) && isText(entry.within ?? "");
  if (!holds) attempt((storage) => storage.removeItem(KEY));
  return holds ? entry : null;
};

// Keeps what is searched from now on.
export const keepWithin = (chosen) => {
  within = chosen;
  keepIfAny();
};

// The choice of documents that was kept, once it is known who is signed in ("" for nobody).
export const keptWithin = (name) => {
  owner = name;
  if (!records.size) within ||= read()?.within ?? "";
  return within;
};

// Brings the conversation back.
export const restore = async () => {
  const entry = records.size ? null : read();
  if (!entry) return keepIfAny();
  waiting = entry.records;
  const box = await drawn("#kr-ask textarea");
  if (entry.draft && !box.value) fill(box, entry.draft);
  if (!waiting.length) return;
  fill(await drawn("#kr-kept :is(textarea, input)"), JSON.stringify(waiting.slice(-MOST)));
  await pause(50); // Gradio takes the value over
  box.readOnly = true; // what comes back would take the place of what is asked meanwhile
  restoring = box;
  setTimeout(restored, LONGEST_RESTORE);
  byId("kr-restore").click();
};

// Called when something was shown: the conversation is back, or it cannot be.
export const restored = () => {
  if (restoring) restoring.readOnly = false;
  restoring = null;
};

const keepIfAny = () => {
  if (records.size || waiting.length || within) keep();
  else attempt((storage) => storage.removeItem(KEY));
};

// The server tells what to keep: forget the answers from number `first` on, then these are it.
export const take = (element) => {
  const { first, records: fresh } = JSON.parse(atob(element.textContent));
  waiting = [];
  for (const number of [...records.keys()]) if (number >= first) records.delete(number);
  fresh.forEach((record, at) => records.set(first + at, record));
  for (const number of [...records.keys()].slice(0, -MOST)) records.delete(number);
  keepIfAny();
};

const turnOf = (record) => {
  const bytes = Uint8Array.from(atob(record.split(".")[0]), (char) => char.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
};

// The conversation: [number, {question, answer}], oldest first, the answer as /v1/ask gives it.
export const turns = () => [...records].map(([number, record]) => [number, turnOf(record)]);
