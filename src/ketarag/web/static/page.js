// A click on [1] in an answer shows its card in the panel; "Back to the answer" or Escape returns to the marker.
(() => {
  "use strict";
  let marker = ""; // the fragment of the marker that was clicked: "#cite-1-2"
  let groups = 0;
  let box = null;

  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const show = (element) => element.scrollIntoView({ behavior: still.matches ? "auto" : "smooth", block: "nearest" });

  const openCard = (card) => {
    show(card);
    card.focus({ preventScroll: true });
    card.classList.remove("kr-flash");
    void card.offsetWidth; // restarts the animation of a card that is shown again
    card.classList.add("kr-flash");
  };

  const goBack = () => {
    const link = document.querySelector(`#kr-chat a.kr-marker[href$="${marker || "#"}"]`);
    show(link ?? document.getElementById("kr-chat"));
    link?.focus({ preventScroll: true });
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.kr-marker, a.kr-back");
    if (!link) return;
    event.preventDefault();
    event.stopPropagation();
    if (link.classList.contains("kr-back")) {
      marker = `#${link.closest(".kr-card").id}`;
      goBack();
      return;
    }
    const card = document.getElementById(link.hash.slice(1));
    if (!card) return; // the cards come with the end of the answer
    marker = link.hash;
    openCard(card);
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.activeElement?.closest(".kr-card")) goBack();
  });

  new MutationObserver(() => {
    // Gradio labels every message with its HTML source, which a screen reader would read out.
    for (const message of document.querySelectorAll(`#kr-chat [aria-label*="'s message:"]`)) {
      message.removeAttribute("aria-label");
    }
    // The question box is where one begins, but on a telephone focus would scroll and open the keyboard.
    if (!box && (box = document.querySelector("#kr-ask textarea")) && innerWidth > 860) box.focus();
    // The newest cards are at the top of the panel.
    const now = document.querySelectorAll(".kr-group").length;
    if (now !== groups) document.getElementById("kr-panel")?.scrollTo(0, 0);
    groups = now;
  }).observe(document.documentElement, {
    subtree: true, childList: true, attributes: true, attributeFilter: ["aria-label"],
  });
})();
