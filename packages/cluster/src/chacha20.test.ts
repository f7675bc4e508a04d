import assert from "node:assert/strict";
import { test } from "node:test";
import { chacha20 } from "./chacha20.ts";

function words(bytes: Uint8Array): Int32Array {
  return new Int32Array(new Uint8Array(bytes).buffer);
}

const KEY = words(Uint8Array.from({ length: 32 }, (_, at) => at));
// A counter of 1, then the nonce.
const IV = words(Buffer.from("01000000000000000000004a00000000", "hex"));

test("the example of RFC 8439 section 2.4.2 comes out as printed there, and back", () => {
  const text =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
  const bytes = Buffer.from(text);
  chacha20(KEY, IV, bytes);
  assert.equal(
    bytes.toString("hex"),
    "6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0bf91b65c5524733ab8f593dabcd62b3571639d624e65152ab" +
      "8f530c359f0861d807ca0dbf500d6a6156a38e088a22b65e52bc514d16ccf806818ce91ab77937365af90bbf74a35be6b40b8eedf2785e42874d",
  );
  chacha20(KEY, IV, bytes);
  assert.equal(bytes.toString(), text);
});
