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
  // The host of the server, because only the ports of one host share their cookies.
  server: { host: "127.0.0.1", port: 5173, strictPort: true },
});

/** Preloads the font, which the page uses only if it is loaded before the first paint. */
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
 * Writes into the page all that the first paint needs: the style sheet, the script of the theme, and the front page as React renders
 * it without a visit. The script of the application is preloaded and runs after the first paint. The server allows the inline texts by
 * their hashes.
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

/** Code that runs a script in the task after a frame callback, which is after the paint; at once in a hidden tab, without frames. */
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

/** Compresses each text with the best level of brotli, which would take too long at the start of a server. */
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
