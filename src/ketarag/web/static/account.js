// Who is signed in, what the operator keeps, and the way out.

import { button } from "./dialog.js";
import { drawn, make } from "./dom.js";
import { offerFeedback } from "./feedback.js";
import { canKeep, forget, keep, keptWithin, restore } from "./history.js";
import { ask, onSessionEnd } from "./service.js";
import { offerUploads } from "./uploads.js";
import { offerWithin } from "./within.js";

const NOTHING = { feedback: false, uploads: false, documents: 0, signed_in: null, stored: "" };

// The server's words on what it keeps, then ours on what this tab keeps.
const tellStored = async (stored) => {
  const here = canKeep()
    ? "This tab keeps the conversation until it is closed."
    : "This browser lets the page keep nothing: a reload begins anew.";
  const place = await drawn("#kr-stored");
  place.textContent = [stored, here].filter(Boolean).join(" ");
};

const signOut = async () => {
  forget();
  try {
    await fetch("/logout", { method: "POST" });
  } finally {
    location.assign("/logout"); // the login page once the session is closed, else the page that closes it
  }
};

// A name from a proxy has no way out here: the proxy has.
const offerSignOut = async (name) => {
  const head = await drawn("#kr-head");
  const account = make("div", { id: "kr-account" }, make("span", { textContent: name, title: "Signed in" }));
  head.append(account);
  const page = await fetch("/logout", { method: "HEAD", redirect: "manual" }).catch(() => null);
  if (page?.ok) account.append(button("Sign out", signOut, "kr-link"));
};

onSessionEnd(() => { // the reload leads to the login page, and back here
  keep(document.querySelector("#kr-ask textarea")?.value ?? "");
  location.reload();
});

export const begin = async () => {
  const features = await ask("/v1/features").catch(() => NOTHING);
  if (features.feedback) offerFeedback();
  if (features.uploads) offerUploads();
  if (features.signed_in) offerSignOut(features.signed_in);
  tellStored(features.stored);
  const within = keptWithin(features.signed_in ?? "");
  await restore();
  offerWithin(features.documents, within);
};
