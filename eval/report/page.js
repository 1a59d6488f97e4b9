// A case that is linked to is unfolded, the list of what is not right is cut down to a category, and all that is folded is printed.
// The page reads as well without.
function unfold() {
  const target = document.getElementById(location.hash.slice(1));
  if (!target) return;
  target.hidden = false;
  for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", unfold);
unfold();

const choice = document.getElementById("category");
if (choice) {
  const cases = [...document.querySelectorAll("#rest [data-category]")];
  const told = document.getElementById("category-told");
  choice.parentElement.hidden = false;
  choice.addEventListener("change", () => {
    for (const one of cases) one.hidden = choice.value !== "" && one.dataset.category !== choice.value;
    told.textContent = `${cases.filter((one) => !one.hidden).length} shown`;
  });
}

addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("details")) one.open = true;
});
