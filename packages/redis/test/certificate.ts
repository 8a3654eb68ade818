// The settings of a redis-server that speaks TLS, with the certificate of the tests.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CERTIFICATE, KEY } from "../../../test/fixtures/certificate.ts";

/** @returns the settings of redis-server, without its port for TLS, and the certificate */
export function selfSigned(directory: string): {
  readonly settings: Readonly<Record<string, string>>;
  readonly ca: string;
} {
  const [key, certificate] = [join(directory, "key.pem"), join(directory, "certificate.pem")];
  writeFileSync(key, KEY);
  writeFileSync(certificate, CERTIFICATE);
  const trust = { "tls-ca-cert-file": certificate, "tls-auth-clients": "no" };
  return { settings: { "tls-cert-file": certificate, "tls-key-file": key, ...trust }, ca: CERTIFICATE };
}
