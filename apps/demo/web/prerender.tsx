import { renderToString } from "react-dom/server";
import { Root } from "./root.tsx";

/** Renders the front page without a visit. The build writes the result into the HTML, which main.tsx hydrates. */
export function prerender(): string {
  return renderToString(<Root />);
}
