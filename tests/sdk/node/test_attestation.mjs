// The Azure SDK for JavaScript against the service: node test_attestation.mjs URL CASES
//
// Every check uses the unmodified client as an application would; the client itself verifies signature,
// lifetime and issuer of each token. The service's certificate authority is in NODE_EXTRA_CA_CERTS.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { AttestationClient } from "@azure/attestation";
import { refused, run } from "./checks.mjs";

const DRAFT =
  "version=1.0; authorizationrules{ => permit(); }; " +
  'issuancerules{ c:[type=="x-ms-sgx-mrsigner"] => issue(type="signer", value=c.value); };';
const DENYING_DRAFT = 'version=1.0; authorizationrules{ [type=="x-ms-sgx-svn", value<0] => permit(); };';
const MALFORMED_DRAFT = "version=1.0 authorizationrules{ => permit(); };";

const [url, casesFile] = process.argv.slice(2);
const client = new AttestationClient(url, {
  retryOptions: { maxRetries: 0 },
  validationOptions: { validateToken: true, validateIssuer: true, expectedIssuer: url },
});

const ofTheService = {
  async metadata() {
    const metadata = await client.getOpenIdMetadata();
    assert.equal(metadata.issuer, url);
    assert.ok((metadata.jwksUri ?? metadata.jwks_uri).startsWith(url));
  },

  async signers() {
    const signers = await client.getAttestationSigners();
    assert.ok(signers.length > 0, "no signers");
    for (const signer of signers) {
      assert.ok(signer.keyId, "a signer without key id");
      assert.match(signer.certificates[0], /^-----BEGIN CERTIFICATE-----/);
    }
  },
};

const ofEachCase = {
  async "binary runtime data"(test) {
    const { body, token } = await attest(test, { runTimeData: test.runtimeData });
    assert.equal(token.algorithm, "RS256");
    const signers = await client.getAttestationSigners();
    assert.ok(signers.some((signer) => signer.keyId === token.keyId), "no signer has the token's key id");
    sameEnclave(body, test);
    assert.deepEqual(Buffer.from(body.enclaveHeldData), test.runtimeData);
    assert.equal(body.runTimeClaims, undefined);
    assert.equal(body.issuer, url);
    assert.equal(body.version, "1.0");
    assert.equal(body.verifierType, "sgx");
    assert.ok(body.uniqueId && body.policyHash.length === 32, "jti or policy hash is missing");
    // Issued by the default policy.
    assert.equal(token.getBody()["sgx-mrsigner"], test.claims.mrsigner);
  },

  async "json runtime data"(test) {
    const { body } = await attest(test, { runTimeJson: test.runtimeData });
    sameEnclave(body, test);
    assert.deepEqual(body.runTimeClaims, JSON.parse(test.runtimeData));
    assert.equal(body.enclaveHeldData, undefined);
  },

  async "without runtime data"(test) {
    const { body } = await attest(test);
    sameEnclave(body, test);
    assert.equal(body.enclaveHeldData, undefined);
    assert.equal(body.runTimeClaims, undefined);
  },

  async "draft policy"(test) {
    const { body, token } = await attest(test, {
      runTimeData: test.runtimeData,
      draftPolicyForAttestation: DRAFT,
    });
    assert.equal(token.algorithm, "none");
    assert.equal(token.getBody().signer, test.claims.mrsigner);
    assert.ok(!("sgx-mrsigner" in token.getBody()), "the default policy issued its claims too");
    sameEnclave(body, test);
  },

  async "draft policy that denies"(test) {
    const error = await refused(attest(test, { draftPolicyForAttestation: DENYING_DRAFT }), 400, "PolicyEvaluationError");
    assert.match(error.message, /A Deny claim was issued/);
  },

  async "draft policy that does not parse"(test) {
    const error = await refused(attest(test, { draftPolicyForAttestation: MALFORMED_DRAFT }), 400, "PolicyParsingError");
    assert.match(error.message, /Offending symbol: 'authorizationrules' Line: '1', Column: '13'/);
  },

  async "wrong runtime data"(test) {
    const runTimeData = Buffer.concat([test.runtimeData, Buffer.from(" ")]);
    await refused(attest(test, { runTimeData }), 400, "InvalidParameter");
  },

  async "tampered evidence"(test) {
    const evidence = Buffer.from(test.evidence);
    evidence[evidence.indexOf(Buffer.from(test.claims.mrenclave, "hex"))] ^= 1;
    await refused(attest({ ...test, evidence }), 400, "InvalidParameter");
  },

  async "wrong issuer"(test) {
    const validationOptions = { validateToken: true, validateIssuer: true, expectedIssuer: `${url}/` };
    await assert.rejects(attest(test, { validationOptions }), /issuer/i);
  },
};

function attest(test, options = {}) {
  return test.kind === "sgx"
    ? client.attestSgxEnclave(test.evidence, options)
    : client.attestOpenEnclave(test.evidence, options);
}

function sameEnclave(body, { claims }) {
  assert.equal(body.mrEnclave, claims.mrenclave);
  assert.equal(body.mrSigner, claims.mrsigner);
  assert.equal(body.productId, claims.product_id);
  assert.equal(body.svn, claims.svn);
  assert.equal(body.isDebuggable, claims.debuggable);
  assert.equal(body.sgxCollateral.quotehash, claims.quote_hash);
}

const runs = Object.entries(ofTheService);
for (const test of JSON.parse(readFileSync(casesFile))) {
  test.evidence = readFileSync(test.evidence);
  test.runtimeData = readFileSync(test.runtime_data);
  for (const [name, run] of Object.entries(ofEachCase)) {
    runs.push([`${test.name}: ${name}`, () => run(test)]);
  }
}
process.exitCode = await run(runs);
