import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react(), preloadFont("figtree-latin-wght-normal"), paintFirst()],
  build: { outDir: "dist/page", target: "es2023", assetsInlineLimit: 0 },
  // Not localhost: cookies are shared by ports of one host, and the server's host is 127.0.0.1.
  server: { host: "127.0.0.1", port: 5173, strictPort: true },
});

/** Asks for the font with the page, since it is shown only if it is there for the first paint. */
function preloadFont(name: string): Plugin {
  return {
    name: "preload-font",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(_html, { bundle }) {
        const file = Object.keys(bundle ?? {}).find((path) => path.startsWith(`assets/${name}-`));
        if (file === undefined) throw new Error(`The build has no font ${name}`);
        const attrs = { rel: "preload", as: "font", type: "font/woff2", href: `/${file}`, crossorigin: "" };
        return [{ tag: "link", attrs, injectTo: "head-prepend" }];
      },
    },
  };
}

/** The top of the page needs no script: its style sheet and font come before the script on a slow line. */
function paintFirst(): Plugin {
  const script = '<script type="module"';
  return {
    name: "paint-first",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: (html) => html.replace(script, `${script} fetchpriority="low"`),
    },
  };
}
