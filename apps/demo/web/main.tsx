import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/devices.css";
import "./styles/hero.css";
import "./styles/window.css";
import "./styles/panes.css";
import "./styles/together.css";
import { createRoot, hydrateRoot } from "react-dom/client";
import { Root } from "./root.tsx";

const container = document.querySelector("#root");
if (!container) throw new Error("index.html has no #root");

// The build has written the shop window into the page. Any other page takes its place.
const isWritten =
  document.documentElement.dataset["page"] === "window" && container.firstElementChild !== null;
if (isWritten) hydrateRoot(container, <Root />);
else createRoot(container).render(<Root />);
