/**
 * The program that signs users up through the HTTP interface of Better Auth, and writes the cookies of their sessions to a file.
 * The benchmark runs it before the servers that read these sessions.
 */
import { writeFileSync } from "node:fs";
import { getMigrations } from "better-auth/db/migration";
import { createAuth, ORIGIN } from "./better-auth.ts";

const [database = "", output = "", count = "0"] = process.argv.slice(2);
const auth = await createAuth(database);
await (await getMigrations(auth.options)).runMigrations();

const cookies: string[] = [];
for (let number = 1; number <= Number(count); number++) cookies.push(await signUp(`user-${String(number)}`));
writeFileSync(output, JSON.stringify({ origin: ORIGIN, cookies }));

/** Signs a user up. @returns the `Cookie` header of the user from then on */
async function signUp(name: string): Promise<string> {
  const request = new Request(`${ORIGIN}/api/auth/sign-up/email`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: ORIGIN },
    body: JSON.stringify({ name, email: `${name}@example.com`, password: "correct horse" }),
  });
  const response = await auth.handler(request);
  if (!response.ok) throw new Error(`${name} cannot sign up: ${await response.text()}`);
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";", 1)[0] ?? "")
    .join("; ");
}
