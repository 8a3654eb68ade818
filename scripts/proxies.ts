import { findOrInstall } from "./system-program.ts";

/** The reverse proxies whose configuration files are in docs/proxies. */
export const PROXIES = {
  nginx: { candidates: ["/usr/sbin/nginx", "nginx"], debianPackage: "nginx-light" },
  haproxy: { candidates: ["/usr/sbin/haproxy", "haproxy"], debianPackage: "haproxy" },
  caddy: { candidates: ["caddy"], debianPackage: "caddy" },
} as const;

/** Finds all of them, or installs what is missing. @throws Error that says in one line what to install */
export function findProxies(): void {
  for (const proxy of Object.values(PROXIES)) findOrInstall(proxy);
}
