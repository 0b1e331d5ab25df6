import { once } from "node:events";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";

/** What happens to a call on its way. */
export type Interference =
  | "pass"
  /** The call takes effect, and its answer is lost. */
  | "lose the answer"
  /** The call never arrives. */
  | "lose the request";

/** A network in front of an HTTP server, as unreliable as a test wants it. */
export interface Proxy {
  readonly url: string;
  close(): Promise<void>;
}

/** Forwards each call to `target` as `decide` says, by its path. */
export async function startProxy(target: string, decide: (path: string) => Interference): Promise<Proxy> {
  const server = createServer((incoming, outgoing) => {
    const interference = decide(incoming.url ?? "");
    if (interference === "lose the request") incoming.socket.destroy();
    else forward(target, incoming, interference === "pass" ? outgoing : undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("a TCP server has an address with a port");
  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function forward(target: string, incoming: IncomingMessage, outgoing: ServerResponse | undefined): void {
  const onward = request(
    new URL(incoming.url ?? "", target),
    { method: "POST", headers: incoming.headers },
    (answer) => {
      if (outgoing === undefined) {
        answer.resume().once("end", () => incoming.socket.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    },
  );
  onward.once("error", () => incoming.socket.destroy());
  incoming.pipe(onward);
}
