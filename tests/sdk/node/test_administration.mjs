// Policies and policy signers with the Azure SDK for JavaScript: node test_administration.mjs URL TLS SIGNERS CASES
//
// URL is that of the development server: an AAD provider there, an isolated one at /p/isolated, whose first signer is in
// the directory TLS. Every check uses the unmodified client as an application would; the client itself verifies
// signature, lifetime and issuer of each answer. What a check changes it leaves as it found it.

import assert from "node:assert/strict";
import { X509Certificate, createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { AttestationAdministrationClient, AttestationClient, createAttestationPolicyToken } from "@azure/attestation";
import { anyToken, hashOf, refused, run } from "./checks.mjs";

const POLICY =
  'version=1.0; authorizationrules{ => permit(); }; issuancerules{ => issue(type="by", value="node"); };';
const MALFORMED = "version=1.0 authorizationrules{ => permit(); };";
const SGX = "SgxEnclave";

const [base, tls, signers, casesFile] = process.argv.slice(2);
const isolatedUrl = `${base}/p/isolated`;
const evidence = readFileSync(JSON.parse(readFileSync(casesFile))[0].evidence);
const options = (url) => ({
  retryOptions: { maxRetries: 0 },
  validationOptions: { validateToken: true, validateIssuer: true, expectedIssuer: url },
});
const aad = new AttestationAdministrationClient(base, anyToken, options(base));
const isolated = new AttestationAdministrationClient(isolatedUrl, anyToken, options(isolatedUrl));
const attestor = new AttestationClient(isolatedUrl, options(isolatedUrl));

function signer(directory, name) {
  const certificate = readFileSync(`${directory}/${name}.pem`, "utf8");
  const der = new X509Certificate(certificate).raw;
  return {
    privateKey: readFileSync(`${directory}/${name}.key`, "utf8"),
    certificate,
    der,
    thumbprint: createHash("sha1").update(der).digest("hex").toUpperCase(),
  };
}
const trusted = signer(tls, "policy-signer");
const rsa = signer(signers, "rsa");
const ec = signer(signers, "ec");
const stranger = signer(signers, "stranger");
const keys = ({ privateKey, certificate }) => ({ privateKey, certificate });

const checks = {
  async "default policies"() {
    for (const kind of [SGX, "OpenEnclave", "TdxVm", "SevSnpVm"]) {
      const { body } = await aad.getPolicy(kind);
      assert.match(body, /^version/, kind);
    }
  },

  async "an empty policy, over which this client stumbles"() {
    await assert.rejects(aad.getPolicy("Tpm"), TypeError);
  },

  async "unsigned policy"() {
    const { body } = await aad.setPolicy(SGX, POLICY);
    assert.equal(body.policyResolution, "Updated");
    assert.equal(body.policySigner, undefined);
    const sent = createAttestationPolicyToken(POLICY).serialize();
    assert.deepEqual(Buffer.from(body.policyTokenHash), hashOf(sent));
    await samePolicy(aad, body);
  },

  async "RSA-signed and EC-signed policy"() {
    for (const by of [rsa, ec]) {
      const { body, token } = await aad.setPolicy(SGX, POLICY, keys(by));
      assert.equal(body.policyResolution, "Updated");
      sameCertificate(body.policySigner.certificates[0], by);
      assert.equal(token.getBody()["x-ms-policy-signer"].kty, by === ec ? "EC" : "RSA");
      await samePolicy(aad, body);
    }
  },

  async "reset unsigned and signed"() {
    for (const by of [{}, keys(rsa), keys(ec)]) {
      await aad.setPolicy(SGX, POLICY);
      const { body } = await aad.resetPolicy(SGX, by);
      assert.equal(body.policyResolution, "Removed");
      assert.equal(body.policyTokenHash, undefined);
      assert.notEqual((await aad.getPolicy(SGX)).body, POLICY);
    }
  },

  async "a malformed policy changes nothing"() {
    const before = (await aad.getPolicy(SGX)).body;
    const error = await refused(aad.setPolicy(SGX, MALFORMED), 400, "PolicyParsingError");
    assert.match(error.message, /Offending symbol: 'authorizationrules' Line: '1', Column: '13'/);
    assert.equal((await aad.getPolicy(SGX)).body, before);
  },

  async "certificates are for isolated providers"() {
    assert.deepEqual((await aad.getPolicyManagementCertificates()).body, []);
    await refused(add(aad, rsa, rsa), 400, "InvalidOperation");
    await refused(remove(aad, rsa, rsa), 400, "InvalidOperation");
  },

  async "isolated refuses unsigned"() {
    await refused(isolated.setPolicy(SGX, POLICY), 400, "InvalidOperation");
    await refused(isolated.resetPolicy(SGX), 400, "InvalidOperation");
  },

  async "isolated refuses a stranger"() {
    await refused(isolated.setPolicy(SGX, POLICY, keys(stranger)), 400, "InvalidParameter");
    await refused(isolated.resetPolicy(SGX, keys(stranger)), 400, "InvalidParameter");
    await refused(add(isolated, stranger, stranger), 400, "InvalidParameter");
  },

  async "isolated signed policy"() {
    const { body } = await isolated.setPolicy(SGX, POLICY, keys(trusted));
    assert.equal(body.policyResolution, "Updated");
    sameCertificate(body.policySigner.certificates[0], trusted);
    await samePolicy(isolated, body);
    const { token } = await attestor.attestSgxEnclave(evidence);
    assert.equal(token.getBody().by, "node");
    assert.equal(token.getBody()["x-ms-policy-signer"].kty, "RSA");
    assert.equal((await isolated.resetPolicy(SGX, keys(trusted))).body.policyResolution, "Removed");
  },

  async "isolated add and remove are idempotent"() {
    for (const added of [rsa, ec]) {
      for (let again = 0; again < 2; again += 1) {
        const { body } = await add(isolated, added, trusted);
        assert.deepEqual([body.certificateResolution, body.certificateThumbprint], ["IsPresent", added.thumbprint]);
      }
      assert.deepEqual(await thumbprints(), [trusted.thumbprint, added.thumbprint].sort());
      for (let again = 0; again < 2; again += 1) {
        const { body } = await remove(isolated, added, trusted);
        assert.deepEqual([body.certificateResolution, body.certificateThumbprint], ["IsAbsent", added.thumbprint]);
      }
      assert.deepEqual(await thumbprints(), [trusted.thumbprint]);
    }
  },

  async "isolated certificates are rolled, from RSA to EC and back"() {
    await isolated.setPolicy(SGX, POLICY, keys(trusted));
    await add(isolated, ec, trusted);
    await remove(isolated, trusted, ec);
    // What the old one signed counts no more, nor does it sign anything.
    await refused(attestor.attestSgxEnclave(evidence), 400, "InvalidOperation");
    await refused(isolated.setPolicy(SGX, POLICY, keys(trusted)), 400, "InvalidParameter");
    await isolated.setPolicy(SGX, POLICY, keys(ec));
    const { token } = await attestor.attestSgxEnclave(evidence);
    assert.equal(token.getBody()["x-ms-policy-signer"].kty, "EC");
    // The last one stays.
    await refused(remove(isolated, ec, ec), 400, "InvalidOperation");
    await add(isolated, trusted, ec);
    await isolated.resetPolicy(SGX, keys(trusted));
    await remove(isolated, ec, trusted);
    assert.deepEqual(await thumbprints(), [trusted.thumbprint]);
  },
};

function add(client, added, by) {
  return client.addPolicyManagementCertificate(added.certificate, by.privateKey, by.certificate);
}

function remove(client, removed, by) {
  return client.removePolicyManagementCertificate(removed.certificate, by.privateKey, by.certificate);
}

async function thumbprints() {
  const { body } = await isolated.getPolicyManagementCertificates();
  const ders = body.map(({ certificates }) => new X509Certificate(certificates[0]).raw);
  return ders.map((der) => createHash("sha1").update(der).digest("hex").toUpperCase()).sort();
}

// The policy is there as it was set, and the answer's hash is that of the JWS that is there.
async function samePolicy(client, result) {
  const { body, token } = await client.getPolicy(SGX);
  assert.equal(body, POLICY);
  assert.deepEqual(Buffer.from(result.policyTokenHash), hashOf(token.getBody()["x-ms-policy"]));
}

function sameCertificate(pem, { der }) {
  assert.deepEqual(new X509Certificate(pem).raw, der);
}

process.exitCode = await run(Object.entries(checks).map(([name, check]) => [`administration: ${name}`, check]));
