import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { createServer, defineConfig } from "vite";

const OUT_DIR = "dist/page";
const TEXT_FILE = /\.(?:css|html|js|svg)$/;

export default defineConfig({
  plugins: [react(), preloadFont("figtree-latin-wght-normal"), paintFirst(), compress()],
  build: { outDir: OUT_DIR, target: "es2023", assetsInlineLimit: 0 },
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

/**
 * Makes the first paint need the page alone: the style sheet and the script of the theme stand in it, and so does the shop window
 * as React renders it before it has a visit. The script that takes it over is asked for early, and runs after the first paint.
 * The server allows what stands in the page by its hash.
 */
function paintFirst(): Plugin {
  return {
    name: "paint-first",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      async handler(html, { bundle = {} }) {
        const sheet = /<link rel="stylesheet"[^>]* href="\/(?<path>[^"]+)">/.exec(html);
        const asset = bundle[sheet?.groups?.["path"] ?? ""];
        if (sheet === null || asset?.type !== "asset") throw new Error("The page has no style sheet");
        const script = /<script type="module" crossorigin src="(?<path>[^"]+)"><\/script>/.exec(html);
        if (script === null) throw new Error("The page has no script");
        const path = script.groups?.["path"] ?? "";
        const theme = readFileSync("public/theme.js", "utf8");
        const shopWindow = await prerender();
        return html
          .replace(sheet[0], () => `<style>${String(asset.source).trim()}</style>`)
          .replace('<script src="/theme.js"></script>', () => `<script>${theme}</script>`)
          .replace('<div id="root"></div>', () => `<div id="root">${shopWindow}</div>`)
          .replace(script[0], `<link rel="modulepreload" fetchpriority="low" crossorigin href="${path}">`)
          .replace("</body>", () => `<script>${afterFirstPaint(path)}</script></body>`);
      },
    },
  };
}

/** A frame is painted between its callback and the next task. A page in a hidden tab has no frames. */
function afterFirstPaint(path: string): string {
  const run = `() => import("${path}")`;
  return `document.hidden ? (${run})() : requestAnimationFrame(() => setTimeout(${run}))`;
}

async function prerender(): Promise<string> {
  const plugins = [react()];
  const server = await createServer({
    configFile: false,
    appType: "custom",
    server: { middlewareMode: true, ws: false },
    plugins,
  });
  try {
    const module = (await server.ssrLoadModule("/web/prerender.tsx")) as { prerender(): string };
    return module.prerender();
  } finally {
    await server.close();
  }
}

/** Compresses each text once, as well as brotli can: that takes too long for a server that starts. */
function compress(): Plugin {
  return {
    name: "compress",
    apply: "build",
    closeBundle() {
      for (const name of readdirSync(OUT_DIR, { recursive: true, encoding: "utf8" })) {
        const path = join(OUT_DIR, name);
        if (TEXT_FILE.test(name)) writeFileSync(`${path}.br`, brotliCompressSync(readFileSync(path)));
      }
    },
  };
}
