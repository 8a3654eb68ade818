import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/devices.css";
import "./styles/hero.css";
import "./styles/front-page.css";
import "./styles/panes.css";
import "./styles/together.css";
import { createRoot, hydrateRoot } from "react-dom/client";
import { Root } from "./root.tsx";

const container = document.querySelector("#root");
if (!container) throw new Error("index.html has no #root");

// The build has written the front page into the HTML. Another page replaces it.
const isWritten =
  document.documentElement.dataset["page"] === "front" && container.firstElementChild !== null;
if (isWritten) hydrateRoot(container, <Root />);
else createRoot(container).render(<Root />);
