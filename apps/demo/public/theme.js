// Runs before the first paint, so that a chosen theme never flashes; web/lib/theme.ts writes the choice.
(function () {
  try {
    const choice = localStorage.getItem("halyard-demo-theme");
    if (choice === "light" || choice === "dark") document.documentElement.dataset.theme = choice;
  } catch {
    // Storage may be forbidden: then the system's theme it is.
  }
})();
