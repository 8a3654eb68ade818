import { SOCKET_PATH } from "../../shared/constants.ts";

/**
 * Where the server is: the page's own host, unless it was built to be served from elsewhere (vite's development
 * server sets VITE_SERVER_URL, see .env.development).
 */
export function serverOrigin(): string {
  const configured: unknown = import.meta.env["VITE_SERVER_URL"];
  return typeof configured === "string" && configured ? new URL(configured).origin : location.origin;
}

export function socketUrl(): string {
  return `${serverOrigin().replace(/^http/, "ws")}${SOCKET_PATH}`;
}

/** True when a server answers there at all; the answer itself a foreign page may not read. */
export async function isServerThere(): Promise<boolean> {
  try {
    await fetch(serverOrigin(), { mode: "no-cors", cache: "no-store" });
    return true;
  } catch {
    return false;
  }
}
