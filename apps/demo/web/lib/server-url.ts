import { SOCKET_PATH } from "../../shared/constants.ts";

/**
 * The origin of the server: that of the page, or VITE_SERVER_URL for a page that another server serves, such as the development
 * server of Vite (see .env.development).
 */
export function serverOrigin(): string {
  const configured: unknown = import.meta.env["VITE_SERVER_URL"];
  return typeof configured === "string" && configured ? new URL(configured).origin : location.origin;
}

export function socketUrl(): string {
  return `${serverOrigin().replace(/^http/, "ws")}${SOCKET_PATH}`;
}

/** Whether a server answers there. A page of another origin cannot read the answer itself. */
export async function isServerThere(): Promise<boolean> {
  try {
    await fetch(serverOrigin(), { mode: "no-cors", cache: "no-store" });
    return true;
  } catch {
    return false;
  }
}
