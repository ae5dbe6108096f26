// What the suites for JavaScript share: running checks, and comparing.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";

// Development mode takes any bearer token; the clients insist on sending one.
export const anyToken = {
  getToken: async () => ({ token: "sdk-test", expiresOnTimestamp: Date.now() + 3_600_000 }),
};

// That the service refuses with this status and code; the error.
export async function refused(answer, status, code) {
  try {
    await answer;
  } catch (error) {
    assert.equal(error.name, "RestError", error);
    assert.deepEqual([error.statusCode, error.code], [status, code], error.message);
    return error;
  }
  return assert.fail("the service accepted it");
}

// Bytes of `x-ms-policy-token-hash` of a JWS.
export const hashOf = (jws) => createHash("sha256").update(jws).digest();

// Runs [name, check] pairs, prints a line for each; how many failed.
export async function run(checks) {
  let failed = 0;
  for (const [name, check] of checks) {
    try {
      await check();
      console.log(`ok    node    ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL  node    ${name}: ${String(error.message).replaceAll("\n", " ")}`);
    }
  }
  return Math.min(failed, 100);
}
