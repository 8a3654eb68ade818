// Runs before the first paint, so that neither a chosen theme nor the wrong page flashes.
// web/components/theme-toggle.tsx writes the theme, and web/lib/front-page.ts the sign of a session.
(function () {
  var root = document.documentElement;
  root.dataset.page = location.hash.length > 1 ? "chat" : "window";
  try {
    var choice = localStorage.getItem("halyard-demo-theme");
    if (choice === "light" || choice === "dark") root.dataset.theme = choice;
    if (localStorage.getItem("halyard-demo-signed-in")) root.dataset.page = "chat";
  } catch {
    // Storage may be forbidden: then the system's theme it is.
  }
})();
