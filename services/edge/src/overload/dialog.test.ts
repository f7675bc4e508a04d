import assert from "node:assert/strict";
import { test } from "node:test";
import { latin1 } from "@sipmesh/environment";
import { parseDatagram, type Request } from "@sipmesh/sip";
import { sealDialogToken } from "@sipmesh/sip-core";
import { requestText } from "../testing/platform.ts";
import { bearsDialogToken } from "./dialog.ts";

/** Seals by writing down what for; nobody is to be kept out here. */
const sealer = {
  seal: (content: Uint8Array, bound: string) =>
    Buffer.from(`${Buffer.from(content).toString("hex")}|${bound}`).toString("base64url"),
  open(token: string, bound: string) {
    const [content = "", to] = Buffer.from(token, "base64url").toString().split("|");
    return to === bound ? Buffer.from(content, "hex") : undefined;
  },
  mark: () => "",
  traceId: () => "",
};

function reInvite(options: { route?: string; uri?: string; callId?: string; toTag?: string }): Request {
  const { route, callId = "dialog", ...rest } = options;
  const headers = route === undefined ? "" : `Route: ${route}\r\n`;
  const via = "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1";
  const text = requestText({ method: "INVITE", via, callId, headers, toTag: "b1", ...rest });
  const parsed = parseDatagram(Buffer.from(text, "latin1"), latin1.decode);
  assert.ok(parsed.ok && !("keepAlive" in parsed) && parsed.message.kind === "request");
  return parsed.message;
}

test("a request is within a dialog that was let in where it bears its token, from either side", () => {
  const byCaller = sealDialogToken({ media: false, mediaInstance: 0 }, sealer, "dialog", "a1");
  const byCallee = sealDialogToken({ media: false, mediaInstance: 0 }, sealer, "dialog", "b1");
  for (const token of [byCaller, byCallee]) {
    assert.equal(bearsDialogToken(reInvite({ route: `<sip:${token}@192.0.2.9;lr>` }), sealer), true);
    assert.equal(
      bearsDialogToken(reInvite({ route: `<sip:192.0.2.9;lr>, <sip:${token}@192.0.2.9;lr>` }), sealer),
      true,
    );
    assert.equal(
      bearsDialogToken(reInvite({ uri: `sip:${token}@192.0.2.9` }), sealer),
      true,
      "a strict router (RFC 3261 §16.4)",
    );
    const other = reInvite({ route: `<sip:${token}@192.0.2.9;lr>`, callId: "another" });
    assert.equal(bearsDialogToken(other, sealer), false, "it is bound to its dialog");
  }
  assert.equal(bearsDialogToken(reInvite({}), sealer), false);
  assert.equal(bearsDialogToken(reInvite({ route: "<sip:forged@192.0.2.9;lr>" }), sealer), false);
});
