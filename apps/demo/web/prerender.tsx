import { renderToString } from "react-dom/server";
import { Root } from "./root.tsx";

/** The shop window before any script has run: the build writes it into the page, and main.tsx takes it over. */
export function prerender(): string {
  return renderToString(<Root />);
}
