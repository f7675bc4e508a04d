import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Takes traces and forgets them: without a receiver the platform would record none, and seem cheaper than it is. */
export interface TraceSink {
  readonly endpoint: string;
  close(): void;
}

export async function startTraceSink(): Promise<TraceSink> {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => response.end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
