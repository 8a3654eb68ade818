// Runs before the first paint, so that neither a chosen theme nor the wrong page flashes. The build writes it into the page.
// web/components/theme-toggle.tsx writes the theme, and web/lib/front-page.ts the sign of a session.
(function () {
  var root = document.documentElement;
  var isTab = location.search === "?tab";
  root.dataset.page = location.hash.length > 1 ? "chat" : isTab ? "tab" : "window";
  try {
    var choice = localStorage.getItem("halyard-demo-theme");
    if (choice === "light" || choice === "dark") root.dataset.theme = choice;
    if (!isTab && localStorage.getItem("halyard-demo-signed-in")) root.dataset.page = "chat";
  } catch {
    // Storage may be forbidden: then the system's theme it is.
  }
})();
