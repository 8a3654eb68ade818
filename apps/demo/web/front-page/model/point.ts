/** A place in the canvas, as parts of its width and height, so that it is the same on every screen. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

const PRECISION = 1_000;
const KEY_STEP = 0.04;
const KEY_LEAP = 0.16;

/** The place with these parts, limited to the canvas and rounded, so that frames are short. */
export function pointOf(x: number, y: number): Point {
  return { x: rounded(x), y: rounded(y) };
}

/** The next place between a place and a target. */
export function moveTowards(from: Point, target: Point, part: number): Point {
  return pointOf(from.x + (target.x - from.x) * part, from.y + (target.y - from.y) * part);
}

/** The place of the cursor of the companion while the visitor has none: a curve that repeats after a minute. */
export function strollAt(seconds: number): Point {
  return pointOf(0.5 + 0.34 * Math.sin(seconds / 1.9), 0.48 + 0.3 * Math.sin(seconds / 1.3 + 0.6));
}

/** The place to which an arrow key moves a cursor; undefined for other keys. */
export function moveByKey(from: Point, key: string, isLeap: boolean): Point | undefined {
  const step = isLeap ? KEY_LEAP : KEY_STEP;
  switch (key) {
    case "ArrowLeft":
      return pointOf(from.x - step, from.y);
    case "ArrowRight":
      return pointOf(from.x + step, from.y);
    case "ArrowUp":
      return pointOf(from.x, from.y - step);
    case "ArrowDown":
      return pointOf(from.x, from.y + step);
    default:
      return undefined;
  }
}

function rounded(part: number): number {
  return Math.round(Math.min(1, Math.max(0, part)) * PRECISION) / PRECISION;
}
