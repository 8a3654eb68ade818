import type { Duplex } from "node:stream";
import type { UpgradeRejection } from "../handshake/upgrade-rejection.ts";

/** Answers an upgrade request with a status and no body, and closes the socket. */
export function writeRejection(socket: Duplex, { status, headers }: UpgradeRejection): void {
  const lines = Object.entries({ connection: "close", ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  socket.on("error", () => {
    socket.destroy();
  });
  // Destroyed, because a peer that keeps its own side open would leave the socket half closed.
  socket.once("finish", () => {
    socket.destroy();
  });
  socket.end(`HTTP/1.1 ${String(status)} ${STATUS[status] ?? "Refused"}\r\n${lines.join("\r\n")}\r\n\r\n`);
}

const STATUS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  426: "Upgrade Required",
  429: "Too Many Requests",
  503: "Service Unavailable",
};
