// The control plane with the Azure SDK for JavaScript: node test_control_plane.mjs URL SIGNERS
//
// URL is that of the development server. Credentials are @azure/identity's ClientSecretCredential against the server's
// own token issuer, so that both planes are driven as in Azure. Every check uses the unmodified clients.

import assert from "node:assert/strict";
import { X509Certificate, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { AttestationManagementClient } from "@azure/arm-attestation";
import { AttestationAdministrationClient } from "@azure/attestation";
import { ClientSecretCredential } from "@azure/identity";
import { refused, run } from "./checks.mjs";

const TENANT = "72f988bf-0000-4000-8000-000000000001";
const POLICY = "version=1.0; authorizationrules{ => permit(); };";
const GROUP = "sdk";
const SGX = "SgxEnclave";

const [base, signers] = process.argv.slice(2);
// A subscription of its own, so that lists hold what this run made.
const subscription = randomUUID();
const credential = credentialOf("sdk");
const { attestationProviders: providers, operations, privateEndpointConnections: connections } = clientOf(credential);
const signer = {
  privateKey: readFileSync(`${signers}/ec.key`, "utf8"),
  certificate: readFileSync(`${signers}/ec.pem`, "utf8"),
};

const checks = {
  async operations() {
    const names = (await operations.list()).value.map((operation) => operation.name);
    assert.ok(names.includes("Microsoft.Attestation/attestationProviders/read"), names);
  },

  async "life cycle"() {
    const name = unique("Life");
    const made = await create(name, { location: "West US", tags: { team: "a" } });
    assert.deepEqual([made.name, made.location, made.tags], [name, "westus", { team: "a" }]);
    assert.deepEqual([made.trustModel, made.status], ["AAD", "Ready"]);
    const got = await providers.get(GROUP, name.toLowerCase());
    assert.deepEqual([got.id, got.attestUri], [made.id, made.attestUri]);
    const changed = await providers.update(GROUP, name, { tags: { env: "b" } });
    assert.deepEqual(changed.tags, { env: "b" });
    await providers.delete(GROUP, name);
    await refused(providers.get(GROUP, name), 404, "ResourceNotFound");
    // Once more changes nothing.
    await providers.delete(GROUP, name);
  },

  async lists() {
    const names = [unique("list"), unique("list")];
    for (const name of names) await create(name);
    for (const listed of [await providers.list(), await providers.listByResourceGroup(GROUP)]) {
      const found = listed.value.map((provider) => provider.name);
      for (const name of names) assert.ok(found.includes(name), found);
    }
    assert.deepEqual((await providers.listByResourceGroup("other")).value, []);
    for (const name of names) await providers.delete(GROUP, name);
  },

  async "default providers"() {
    const shared = (await providers.listDefault()).value;
    assert.ok(shared.length > 0 && shared.every((provider) => provider.attestUri));
    assert.equal((await providers.getDefaultByLocation("Central US")).trustModel, "AAD");
  },

  async "private endpoint connections"() {
    const name = unique("pe");
    const connection = "endpoint.0a1b";
    await create(name);
    const made = await connections.create(GROUP, name, connection, {
      privateLinkServiceConnectionState: { status: "Approved", description: "by the suite" },
    });
    assert.deepEqual([made.name, made.privateLinkServiceConnectionState.status], [connection, "Approved"]);
    const listed = [];
    for await (const one of connections.list(GROUP, name)) listed.push(one.name);
    assert.deepEqual(listed, [connection]);
    assert.equal((await connections.get(GROUP, name, connection)).provisioningState, "Succeeded");
    await connections.delete(GROUP, name, connection);
    await refused(connections.get(GROUP, name, connection), 404, "InvalidOperation");
    await providers.delete(GROUP, name);
  },

  async refusals() {
    await refused(create("shared1"), 400, "ReservedResourceName");
    await refused(providers.get(GROUP, unique("none")), 404, "ResourceNotFound");
  },

  async "an AAD provider from creation to its policy"() {
    const name = unique("aad");
    const client = administration(await create(name));
    assert.match((await client.getPolicy(SGX)).body, /^version/);
    assert.equal((await client.setPolicy(SGX, POLICY)).body.policyResolution, "Updated");
    assert.equal((await client.getPolicy(SGX)).body, POLICY);
    await providers.delete(GROUP, name);
  },

  async "an isolated provider from creation to its policy"() {
    const name = unique("iso");
    const x5C = [new X509Certificate(signer.certificate).raw.toString("base64")];
    const keys = [{ kty: "EC", alg: "ES256", use: "sig", x5C }];
    const made = await create(name, { properties: { policySigningCertificates: { keys } } });
    assert.equal(made.trustModel, "Isolated");
    const client = administration(made);
    await refused(client.setPolicy(SGX, POLICY), 400, "InvalidOperation");
    assert.equal((await client.setPolicy(SGX, POLICY, signer)).body.policyResolution, "Updated");
    assert.equal((await client.getPolicyManagementCertificates()).body.length, 1);
    await providers.delete(GROUP, name);
  },

  async "a reader reads and changes nothing"() {
    const name = unique("role");
    const made = await create(name);
    const reader = credentialOf("reader");
    const { attestationProviders } = clientOf(reader);
    assert.equal((await attestationProviders.get(GROUP, name)).name, name);
    const client = administration(made, reader);
    await client.getPolicy(SGX);
    await refused(client.setPolicy(SGX, POLICY), 403, "Forbidden");
    await refused(attestationProviders.delete(GROUP, name), 403, "AuthorizationFailed");
    await providers.delete(GROUP, name);
  },
};

function credentialOf(client) {
  return new ClientSecretCredential(TENANT, client, "any secret", {
    authorityHost: base,
    disableInstanceDiscovery: true,
  });
}

function clientOf(by) {
  return new AttestationManagementClient(by, subscription, {
    endpoint: base,
    credentialScopes: "https://management.azure.com/.default",
    retryOptions: { maxRetries: 0 },
  });
}

function create(name, { location = "eastus", tags, properties = {} } = {}) {
  return providers.create(GROUP, name, { location, tags, properties });
}

function administration({ attestUri }, by = credential) {
  return new AttestationAdministrationClient(attestUri, by, {
    retryOptions: { maxRetries: 0 },
    validationOptions: { validateToken: true, validateIssuer: true, expectedIssuer: attestUri },
  });
}

function unique(prefix) {
  return `${prefix}${randomUUID().replaceAll("-", "").slice(0, 10)}`;
}

process.exitCode = await run(Object.entries(checks).map(([name, check]) => [`control plane: ${name}`, check]));
