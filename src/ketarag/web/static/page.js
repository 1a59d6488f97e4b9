// A click on [1] in an answer shows its card in the panel; Escape goes back to where it was clicked.
(() => {
  "use strict";
  let cameFrom = null;

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href*="#cite-"]');
    if (!link) return;
    const card = document.getElementById(link.hash.slice(1));
    if (!card) return;
    event.preventDefault();
    event.stopPropagation();
    cameFrom = link;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    card.scrollIntoView({ behavior: still ? "auto" : "smooth", block: "nearest" });
    card.focus({ preventScroll: true });
    card.classList.remove("kr-flash");
    void card.offsetWidth; // restarts the animation of a card that is shown again
    card.classList.add("kr-flash");
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !cameFrom?.isConnected) return;
    if (document.activeElement?.closest(".kr-card")) cameFrom.focus();
  });
})();
