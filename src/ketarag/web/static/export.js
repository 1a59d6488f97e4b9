// The conversation as a file or on paper. The server writes it, and leaves out what does not stand in the documents.

import { button, openDialog, outcome } from "./dialog.js";
import { make, say } from "./dom.js";
import { turns } from "./history.js";
import { ask } from "./service.js";

const FORMATS = [
  ["Markdown", "markdown", "to read and edit"],
  ["JSON", "json", "for programs, with every place"],
  ["Print or PDF", "html", "a page for the printer"],
];

const MINUTE = 60_000;

const addressOf = (file) => {
  const address = URL.createObjectURL(new Blob([file.text], { type: file.type }));
  setTimeout(() => URL.revokeObjectURL(address), MINUTE);
  return address;
};

const download = (file) => make("a", { href: addressOf(file), download: file.name }).click();

// The page has no script: our policy holds in it too. Printing is for its opener to begin.
const print = (file, page) => {
  page.location.replace(addressOf(file));
  const begin = setInterval(() => {
    if (page.closed) clearInterval(begin);
    else if (page.location.href !== "about:blank" && page.document.readyState === "complete") {
      clearInterval(begin);
      page.print();
    }
  }, 100);
};

export const openExport = () => openDialog("Export the conversation", (dialog) => {
  const told = outcome();
  const all = turns().map(([, turn]) => turn);
  const write = async (format) => {
    told.textContent = "";
    // A window that is opened later than the click is one that browsers block.
    const page = format === "html" ? window.open("", "_blank") : null;
    if (format === "html" && !page) {
      told.textContent = "The browser does not let this page open a window. Allow it, or choose another format.";
      return;
    }
    try {
      const file = await ask("/v1/export", { format, turns: all });
      if (page) print(file, page);
      else download(file);
      say("The conversation is exported.");
      dialog.close();
    } catch (problem) {
      page?.close();
      told.textContent = problem.message;
    }
  };
  const choices = FORMATS.map(([name, format, use]) => {
    const choice = button("", () => write(format), "kr-choice");
    choice.append(make("strong", { textContent: name }), make("span", { textContent: use }));
    return choice;
  });
  const hint = all.length
    ? "Every answer with its quotes, and where each stands in its document."
    : "Nothing has been answered yet, so there is nothing to export.";
  return [
    make("p", { className: "kr-hint", textContent: hint }),
    ...(all.length ? choices : []),
    told,
    make("div", { className: "kr-actions" }, button("Close", () => dialog.close())),
  ];
});
