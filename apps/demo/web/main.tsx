import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/overlays.css";
import "./styles/sign-in.css";
import "./styles/layout.css";
import "./styles/sidebar.css";
import "./styles/cluster.css";
import "./styles/people.css";
import "./styles/messages.css";
import "./styles/composer.css";
import "./styles/hero.css";
import "./styles/window.css";
import "./styles/panes.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { createToasts, ToastsContext } from "./lib/toasts.ts";

const root = document.querySelector("#root");
if (!root) throw new Error("index.html has no #root");

createRoot(root).render(
  <StrictMode>
    <ToastsContext value={createToasts()}>
      <App />
    </ToastsContext>
  </StrictMode>,
);
