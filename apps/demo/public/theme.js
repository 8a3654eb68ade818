// Sets the theme and the page before the first paint. The build writes this script into the page.
// web/components/theme-toggle.tsx stores the theme, and web/lib/shown-page.ts the mark of a session.
(function () {
  var root = document.documentElement;
  var isTab = location.search === "?tab";
  root.dataset.page = location.hash.length > 1 ? "chat" : isTab ? "tab" : "front";
  try {
    var choice = localStorage.getItem("halyard-demo-theme");
    if (choice === "light" || choice === "dark") root.dataset.theme = choice;
    if (!isTab && localStorage.getItem("halyard-demo-signed-in")) root.dataset.page = "chat";
  } catch {
    // The browser may forbid storage. The theme is then that of the system.
  }
})();
