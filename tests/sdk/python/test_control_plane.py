"""The control plane with the Azure SDK for Python: test_control_plane.py URL CA SIGNERS

URL is that of the development server. Credentials are azure-identity's ClientSecretCredential against the server's own
token issuer, so that both planes are driven as in Azure. Every check uses the unmodified clients.
"""

import base64
import json
import pathlib
import ssl
import sys
import urllib.error
import urllib.request
import uuid

from azure.identity import ClientSecretCredential
from azure.mgmt.attestation import AttestationManagementClient, models
from azure.security.attestation import AttestationAdministrationClient, AttestationType
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from checks import base64url, hash_of, refused, run, same

TENANT = "72f988bf-0000-4000-8000-000000000001"
POLICY = "version=1.0; authorizationrules{ => permit(); };"
GROUP = "sdk"


class Suite:
    def __init__(self, base, ca, signers):
        self.base, self.ca = base, ca
        # A subscription of its own, so that lists hold what this run made.
        self.subscription = str(uuid.uuid4())
        self.credential = self.credential_of("sdk")
        self.client = self.client_of(self.credential)
        directory = pathlib.Path(signers)
        self.signer = {
            "signing_key": (directory / "rsa.key").read_text(),
            "signing_certificate": (directory / "rsa.pem").read_text(),
        }

    def credential_of(self, client):
        return ClientSecretCredential(
            TENANT,
            client,
            "any secret",
            authority=self.base,
            disable_instance_discovery=True,
            connection_verify=self.ca,
        )

    def client_of(self, credential):
        return AttestationManagementClient(
            credential, self.subscription, base_url=self.base, connection_verify=self.ca, retry_total=0
        )

    @property
    def providers(self):
        return self.client.attestation_providers

    def create(self, name, location="East US", tags=None, **properties):
        return self.providers.create(
            GROUP,
            name,
            models.AttestationServiceCreationParams(
                location=location,
                tags=tags,
                properties=models.AttestationServiceCreationSpecificParams(**properties),
            ),
        )

    # Control plane.

    def operations(self):
        names = [operation.name for operation in self.client.operations.list()]
        assert "Microsoft.Attestation/attestationProviders/read" in names, names

    def life_cycle(self):
        name = unique("Life")
        made = self.create(name, tags={"team": "a"})
        same((made.name, made.location, made.tags), (name, "eastus", {"team": "a"}))
        same((made.trust_model, made.status), ("AAD", "Ready"))
        path = f"/resourceGroups/{GROUP}/providers/Microsoft.Attestation/attestationProviders/{name}"
        same(made.id, f"/subscriptions/{self.subscription}{path}")
        assert made.attest_uri.startswith("https://"), made.attest_uri
        got = self.providers.get(GROUP, name.lower())
        same((got.id, got.attest_uri), (made.id, made.attest_uri))
        assert got.system_data.created_at, "no system data"
        changed = self.providers.update(GROUP, name, models.AttestationServicePatchParams(tags={"env": "b"}))
        same(changed.tags, {"env": "b"})
        same(self.providers.get(GROUP, name).tags, {"env": "b"})
        self.providers.delete(GROUP, name)
        refused(lambda: self.providers.get(GROUP, name), 404, "ResourceNotFound")
        # Once more changes nothing.
        self.providers.delete(GROUP, name)

    def lists(self):
        names = [unique("list"), unique("list")]
        for name in names:
            self.create(name)
        for listed in (self.providers.list(), self.providers.list_by_resource_group(GROUP)):
            found = {provider.name for provider in listed.value}
            assert found >= set(names), found
        same(self.providers.list_by_resource_group("other").value, [])
        for name in names:
            self.providers.delete(GROUP, name)

    def default_providers(self):
        shared = self.providers.list_default().value
        assert shared and all(provider.attest_uri for provider in shared), shared
        at = self.providers.get_default_by_location("Central US")
        same(at.trust_model, "AAD")
        assert at.id.startswith("/providers/Microsoft.Attestation/attestationProviders/"), at.id

    def private_endpoint_connections_and_link_resources(self):
        name, connection = unique("pe"), "endpoint.0a1b"
        self.create(name)
        connections = self.client.private_endpoint_connections
        state = models.PrivateLinkServiceConnectionState(status="Approved", description="by the suite")
        made = connections.create(
            GROUP, name, connection, models.PrivateEndpointConnection(private_link_service_connection_state=state)
        )
        same((made.name, made.private_link_service_connection_state.status), (connection, "Approved"))
        same([one.name for one in connections.list(GROUP, name)], [connection])
        same(connections.get(GROUP, name, connection).provisioning_state, "Succeeded")
        resources = self.client.private_link_resources.list_by_provider(GROUP, name).value
        same([(one.properties.group_id, one.properties.required_members) for one in resources], [("standard", ["default"])])
        connections.delete(GROUP, name, connection)
        refused(lambda: connections.get(GROUP, name, connection), 404, "InvalidOperation")
        self.providers.delete(GROUP, name)

    def refusals(self):
        refused(lambda: self.create("shared1"), 400, "ReservedResourceName")
        refused(lambda: self.providers.get(GROUP, unique("none")), 404, "ResourceNotFound")

    # Both planes.

    def an_aad_provider_from_creation_to_its_policy(self):
        name = unique("aad")
        administration = self.administration(self.create(name))
        policy, _ = administration.get_policy(AttestationType.SGX_ENCLAVE)
        assert policy.startswith("version"), policy
        result, _ = administration.set_policy(AttestationType.SGX_ENCLAVE, POLICY)
        same(result.policy_resolution, "Updated")
        same(administration.get_policy(AttestationType.SGX_ENCLAVE)[0], POLICY)
        self.providers.delete(GROUP, name)

    def an_isolated_provider_from_creation_to_its_policy(self):
        name = unique("iso")
        key = models.JSONWebKey(kty="RSA", alg="RS256", use="sig", x5_c=[x5c_of(self.signer["signing_certificate"])])
        made = self.create(name, policy_signing_certificates=models.JSONWebKeySet(keys_property=[key]))
        same(made.trust_model, "Isolated")
        administration = self.administration(made)
        unsigned = lambda: administration.set_policy(AttestationType.SGX_ENCLAVE, POLICY)
        refused(unsigned, 400, "InvalidOperation")
        result, _ = administration.set_policy(AttestationType.SGX_ENCLAVE, POLICY, **self.signer)
        same(result.policy_resolution, "Updated")
        same(len(administration.get_policy_management_certificates()[0]), 1)
        self.providers.delete(GROUP, name)

    def a_reader_reads_and_changes_nothing(self):
        name = unique("role")
        made = self.create(name)
        reader = self.credential_of("reader")
        same(self.client_of(reader).attestation_providers.get(GROUP, name).name, name)
        administration = self.administration(made, reader)
        administration.get_policy(AttestationType.SGX_ENCLAVE)
        refused(lambda: administration.set_policy(AttestationType.SGX_ENCLAVE, POLICY), 403, "Forbidden")
        refused(
            lambda: self.client_of(reader).attestation_providers.delete(GROUP, name), 403, "AuthorizationFailed"
        )
        self.providers.delete(GROUP, name)

    def requests_as_the_command_line_of_azure_makes_them(self):
        """`az attestation create` and `policy set`: api-version 2020-10-01, then JSON strings under 2022-08-01."""
        name = unique("az")
        path = f"/subscriptions/{self.subscription}/resourceGroups/{GROUP}/providers/Microsoft.Attestation"
        resource = f"{self.base}{path}/attestationProviders/{name}"
        status, headers, made = self.call(
            "PUT", f"{resource}?api-version=2020-10-01", {"location": "westus", "properties": {}}, ARM_SCOPE
        )
        same((status, made["properties"].get("publicNetworkAccess", "absent")), (201, "absent"))
        _, _, got = self.call("GET", f"{resource}?api-version=2021-06-01", None, ARM_SCOPE)
        uri = got["properties"]["attestUri"]
        same(headers["Location"], f"{uri}/")
        jws = unsigned_jws(POLICY)
        status, _, answer = self.call("PUT", f"{uri}/policies/SgxEnclave?api-version=2022-08-01", jws)
        claims = claims_of(answer["token"])
        same((status, claims["x-ms-policy-token-hash"]), (200, base64url(hash_of(jws))))
        _, _, answer = self.call("GET", f"{uri}/policies/SgxEnclave?api-version=2022-08-01", None)
        same(claims_of(answer["token"])["x-ms-policy"], jws)
        status, _, answer = self.call(
            "POST", f"{uri}/policies/SgxEnclave:reset?api-version=2022-08-01", "eyJhbGciOiJub25lIn0.."
        )
        same((status, claims_of(answer["token"])["x-ms-policy-result"]), (200, "Removed"))
        self.providers.delete(GROUP, name)

    def administration(self, provider, credential=None):
        return AttestationAdministrationClient(
            provider.attest_uri,
            credential or self.credential,
            connection_verify=self.ca,
            retry_total=0,
            validate_issuer=True,
            issuer=provider.attest_uri,
        )

    def call(self, method, url, body, scope="https://attest.azure.net/.default"):
        data = None if body is None else json.dumps(body).encode()
        token = self.credential.get_token(scope).token
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(url, data, headers, method=method)
        context = ssl.create_default_context(cafile=self.ca)
        with urllib.request.urlopen(request, context=context) as response:
            return response.status, response.headers, json.load(response)

    CHECKS = [
        operations,
        life_cycle,
        lists,
        default_providers,
        private_endpoint_connections_and_link_resources,
        refusals,
        an_aad_provider_from_creation_to_its_policy,
        an_isolated_provider_from_creation_to_its_policy,
        a_reader_reads_and_changes_nothing,
        requests_as_the_command_line_of_azure_makes_them,
    ]


ARM_SCOPE = "https://management.azure.com/.default"


def unique(prefix):
    return f"{prefix}{uuid.uuid4().hex[:10]}"


def x5c_of(pem):
    der = x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
    return base64.b64encode(der).decode()


def unsigned_jws(policy):
    payload = json.dumps({"AttestationPolicy": base64url(policy.encode())})
    header = b'{"alg":"none"}'
    return f"{base64url(header)}.{base64url(payload.encode())}."


def claims_of(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def main():
    suite = Suite(*sys.argv[1:])
    return run((f"control plane: {check.__name__}", lambda check=check: check(suite)) for check in Suite.CHECKS)


sys.exit(main())
