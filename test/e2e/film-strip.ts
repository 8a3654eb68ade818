// The pictures of the README: what a visitor of the demo sees, one after the other, as one film strip.
// `film.test.ts` shoots the pictures, and Chromium itself puts them together and encodes them.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, Locator, Page } from "playwright-core";

interface Frame {
  readonly caption: string;
  /** As a data URL. */
  readonly picture: string;
  readonly isWide: boolean;
}

/** What a picture shows of the page, in its pixels. */
interface Region {
  readonly top: Locator;
  readonly bottom: Locator;
}

const DEMO = createRequire(new URL("../../apps/demo/package.json", import.meta.url));
const WIDTH = 830;
/** GitHub shows the picture at half of its pixels: sharp on a screen of high density. */
const DENSITY = 2;
const QUALITY = 72;
const MARGIN = 12;

export class FilmStrip {
  readonly #frames: Frame[] = [];

  /** Takes a picture of what lies between two elements, in the width of the upper one. */
  async shoot(caption: string, { top, bottom }: Region, isWide = false): Promise<void> {
    const page = top.page();
    await page.evaluate(
      "Promise.allSettled(document.getAnimations().map(({ finished }) => finished)).then(() => {})",
    );
    const [first, last] = await Promise.all([boxOf(top), boxOf(bottom)]);
    const clip = {
      x: Math.max(0, first.x - MARGIN),
      y: first.y - MARGIN,
      width: first.width + 2 * MARGIN,
      height: last.y + last.height - first.y + 2 * MARGIN,
    };
    const shot = await page.screenshot({ clip, fullPage: true });
    this.#frames.push({ caption, picture: `data:image/png;base64,${shot.toString("base64")}`, isWide });
  }

  get length(): number {
    return this.#frames.length;
  }

  /** Puts the pictures together into one WebP file. @returns its size in bytes */
  async write(browser: Browser, path: string, colorScheme: "light" | "dark"): Promise<number> {
    const context = await browser.newContext({
      viewport: { width: WIDTH, height: 600 },
      deviceScaleFactor: DENSITY,
      colorScheme,
    });
    const page = await context.newPage();
    await page.setContent(this.#html());
    await page.evaluate(
      "Promise.all([document.fonts.ready, ...[...document.images].map((image) => image.decode())]).then(() => {})",
    );
    const data = await captureWebp(page);
    writeFileSync(path, data);
    await context.close();
    return data.byteLength;
  }

  #html(): string {
    const figures = this.#frames.map(
      ({ caption, picture, isWide }, index) =>
        `<figure${isWide ? ' class="wide"' : ""}><div><img src="${picture}"></div><figcaption><b>${String(index + 1)}</b>${caption}</figcaption></figure>`,
    );
    const font = readFileSync(
      DEMO.resolve("@fontsource-variable/figtree/files/figtree-latin-wght-normal.woff2"),
      "base64",
    );
    const face = `@font-face { font-family: Figtree; font-weight: 300 900; src: url(data:font/woff2;base64,${font}) }`;
    return `<!doctype html><meta name="color-scheme" content="light dark"><style>${face}${STYLE}</style>${figures.join("")}`;
  }
}

const STYLE = `
  :root { --ground: #fff; --line: #d1d9e0; --text: #1f2328; --mark: #0a6a8c; --on-mark: #fff; }
  @media (prefers-color-scheme: dark) {
    :root { --ground: #0d1117; --line: #3d444d; --text: #f0f6fc; --mark: #5cc4e6; --on-mark: #05202c; }
  }
  body {
    display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 18px 14px; margin: 0; padding: 1px;
    background: var(--ground); color: var(--text); font: 500 14px/1.4 Figtree, system-ui, sans-serif;
  }
  figure { margin: 0; }
  .wide { grid-column: 1 / -1; }
  figure div { overflow: hidden; border: 1px solid var(--line); border-radius: 10px; }
  img { display: block; width: 100%; }
  figcaption { display: flex; gap: 8px; margin-top: 8px; }
  b {
    display: grid; flex: none; width: 20px; height: 20px; place-items: center; border-radius: 50%;
    background: var(--mark); color: var(--on-mark); font-size: 12px;
  }
`;

async function captureWebp(page: Page): Promise<Buffer> {
  const { width, height } = await boxOf(page.locator("body"));
  const cdp = await page.context().newCDPSession(page);
  const { data } = await cdp.send("Page.captureScreenshot", {
    format: "webp",
    quality: QUALITY,
    captureBeyondViewport: true,
    clip: { x: 0, y: 0, width, height, scale: 1 },
  });
  return Buffer.from(data, "base64");
}

/** Where an element is on the whole page. */
async function boxOf(element: Locator) {
  return element.first().evaluate((node) => {
    const { left, top, width, height } = node.getBoundingClientRect();
    return { x: left + scrollX, y: top + scrollY, width, height };
  });
}
