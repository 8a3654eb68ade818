import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { createWebSocketSystem } from "@halyard/server";
import { attachWebSocketServer, closeOnSignals } from "@halyard/server/node";

const { manager } = createWebSocketSystem({
  // Your own sign-in goes here. This page gives a name, and the same name is the same user.
  authenticate: ({ url }) => {
    const name = new URL(url, "http://localhost").searchParams.get("name");
    return name === null ? null : { user: { id: name, name } };
  },
  authorize: () => true, // who may read and write where
});

/** The page, and the client as one file. */
const files = {
  "/": ["text/html", new URL("index.html", import.meta.url)],
  "/halyard.js": ["text/javascript", new URL(import.meta.resolve("@halyard/client/standalone"))],
};
const server = createServer(({ url }, response) => {
  const [type, file] = files[url] ?? [];
  if (file === undefined) return response.writeHead(404).end();
  createReadStream(file).pipe(response.writeHead(200, { "content-type": type }));
});
attachWebSocketServer(server, { manager });
closeOnSignals(manager, { server });
server.listen(process.env.PORT ?? 3000, () => console.log(`http://localhost:${server.address().port}`));
