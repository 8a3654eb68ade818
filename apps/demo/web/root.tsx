import { StrictMode, useState } from "react";
import { App } from "./app.tsx";
import { createToasts, ToastsContext } from "./lib/toasts.ts";

export function Root() {
  const [toasts] = useState(createToasts);
  return (
    <StrictMode>
      <ToastsContext value={toasts}>
        <App />
      </ToastsContext>
    </StrictMode>
  );
}
