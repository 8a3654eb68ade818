import { findOrInstall } from "./system-program.ts";

/** The reverse proxies whose configuration files are in docs/proxies. */
export const PROXIES = {
  nginx: { candidates: ["/usr/sbin/nginx", "nginx"], debianPackage: "nginx-light" },
  haproxy: { candidates: ["/usr/sbin/haproxy", "haproxy"], debianPackage: "haproxy" },
  caddy: { candidates: ["caddy"], debianPackage: "caddy" },
} as const;

/** Finds all proxies, and installs a missing one where the system can. @throws Error that names the package to install */
export function findProxies(): void {
  for (const proxy of Object.values(PROXIES)) findOrInstall(proxy);
}
