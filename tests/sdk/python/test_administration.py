"""Policies and policy signers with the Azure SDK for Python: test_administration.py URL CA SIGNERS CASES

URL is that of the development server: an AAD provider there, an isolated one at /p/isolated. Every check uses the
unmodified client as an application would; the client itself verifies signature, lifetime and issuer of each answer.
What a check changes it leaves as it found it.
"""

import hashlib
import json
import pathlib
import sys

from azure.security.attestation import (
    AttestationAdministrationClient,
    AttestationClient,
    AttestationPolicyToken,
    AttestationType,
)
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from checks import AnyToken, hash_of, raises, refused, run, same

POLICY = "version=1.0; authorizationrules{ => permit(); }; issuancerules{ => issue(type=\"by\", value=\"python\"); };"
MALFORMED = "version=1.0 authorizationrules{ => permit(); };"
SGX = AttestationType.SGX_ENCLAVE


class Signer:
    def __init__(self, directory, name):
        self.key = (directory / f"{name}.key").read_text()
        self.certificate = (directory / f"{name}.pem").read_text()

    @property
    def keys(self):
        return {"signing_key": self.key, "signing_certificate": self.certificate}

    @property
    def der(self):
        return x509.load_pem_x509_certificate(self.certificate.encode()).public_bytes(Encoding.DER)

    @property
    def thumbprint(self):
        return hashlib.sha1(self.der).hexdigest().upper()


class Suite:
    def __init__(self, base, ca, signers, cases):
        tls, signers = pathlib.Path(ca).parent, pathlib.Path(signers)
        self.trusted = Signer(tls, "policy-signer")
        self.rsa, self.ec, self.stranger = (Signer(signers, name) for name in ("rsa", "ec", "stranger"))
        case = json.loads(pathlib.Path(cases).read_text())[0]
        self.evidence = pathlib.Path(case["evidence"]).read_bytes()
        options = {"connection_verify": ca, "retry_total": 0, "validate_issuer": True}
        isolated = f"{base}/p/isolated"
        self.aad, self.isolated = (
            AttestationAdministrationClient(url, AnyToken(), issuer=url, **options) for url in (base, isolated)
        )
        self.attestor = AttestationClient(isolated, AnyToken(), issuer=isolated, **options)

    # AAD mode.

    def default_policies(self):
        for kind in ["SgxEnclave", "OpenEnclave", "TdxVm", "SevSnpVm"]:
            policy, _ = self.aad.get_policy(kind)
            assert policy.startswith("version"), f"{kind}: {policy!r}"
        # A type without: the empty policy.
        same(self.aad.get_policy(AttestationType.TPM)[0], "")

    def unsigned_policy(self):
        result, _ = self.aad.set_policy(SGX, POLICY)
        same((result.policy_resolution, result.policy_signer), ("Updated", None))
        same(result.policy_token_hash, hash_of(AttestationPolicyToken(POLICY).to_jwt_string()))
        same_policy(self.aad, POLICY, result)

    def rsa_signed_policy(self):
        result, _ = self.aad.set_policy(SGX, POLICY, **self.rsa.keys)
        same(result.policy_resolution, "Updated")
        sent = AttestationPolicyToken(POLICY, **self.rsa.keys).to_jwt_string()
        same(result.policy_token_hash, hash_of(sent))
        same_certificate(result.policy_signer.certificates[0], self.rsa)
        same_policy(self.aad, POLICY, result)

    def ec_signing_which_this_client_cannot(self):
        raises(TypeError, lambda: self.aad.set_policy(SGX, POLICY, **self.ec.keys))

    def reset_unsigned_and_signed(self):
        for keys in ({}, self.rsa.keys):
            self.aad.set_policy(SGX, POLICY)
            result, _ = self.aad.reset_policy(SGX, **keys)
            same((result.policy_resolution, result.policy_token_hash), ("Removed", None))
            assert self.aad.get_policy(SGX)[0] != POLICY, "the policy is still there"

    def a_malformed_policy_changes_nothing(self):
        before = self.aad.get_policy(SGX)[0]
        error = refused(lambda: self.aad.set_policy(SGX, MALFORMED), 400, "PolicyParsingError")
        assert "Offending symbol: 'authorizationrules' Line: '1', Column: '13'" in error.error.message
        same(self.aad.get_policy(SGX)[0], before)

    def certificates_are_for_isolated_providers(self):
        same(self.aad.get_policy_management_certificates()[0], [])
        for change in (self.aad.add_policy_management_certificate, self.aad.remove_policy_management_certificate):
            refused(lambda: change(self.rsa.certificate, **self.rsa.keys), 400, "InvalidOperation")

    # Isolated mode.

    def isolated_refuses_unsigned(self):
        refused(lambda: self.isolated.set_policy(SGX, POLICY), 400, "InvalidOperation")
        refused(lambda: self.isolated.reset_policy(SGX), 400, "InvalidOperation")

    def isolated_refuses_a_stranger(self):
        refused(lambda: self.isolated.set_policy(SGX, POLICY, **self.stranger.keys), 400, "InvalidParameter")
        refused(lambda: self.isolated.reset_policy(SGX, **self.stranger.keys), 400, "InvalidParameter")
        certificate = self.stranger.certificate
        add = self.isolated.add_policy_management_certificate
        refused(lambda: add(certificate, **self.stranger.keys), 400, "InvalidParameter")

    def isolated_signed_policy(self):
        result, _ = self.isolated.set_policy(SGX, POLICY, **self.trusted.keys)
        same(result.policy_resolution, "Updated")
        same_certificate(result.policy_signer.certificates[0], self.trusted)
        same_policy(self.isolated, POLICY, result)
        _, token = self.attestor.attest_sgx_enclave(self.evidence)
        claims = json.loads(token.body_bytes)
        same(claims["by"], "python")
        same(claims["x-ms-policy-signer"]["kty"], "RSA")
        result, _ = self.isolated.reset_policy(SGX, **self.trusted.keys)
        same(result.policy_resolution, "Removed")

    def isolated_add_and_remove_are_idempotent(self):
        for added in (self.rsa, self.ec):
            for _ in range(2):
                result, _ = self.isolated.add_policy_management_certificate(added.certificate, **self.trusted.keys)
                same((result.certificate_resolution, result.certificate_thumbprint), ("IsPresent", added.thumbprint))
            same(self.thumbprints(), {self.trusted.thumbprint, added.thumbprint})
            for _ in range(2):
                result, _ = self.isolated.remove_policy_management_certificate(added.certificate, **self.trusted.keys)
                same((result.certificate_resolution, result.certificate_thumbprint), ("IsAbsent", added.thumbprint))
            same(self.thumbprints(), {self.trusted.thumbprint})

    def isolated_certificates_are_rolled(self):
        old, new = self.trusted, self.rsa
        self.isolated.set_policy(SGX, POLICY, **old.keys)
        self.isolated.add_policy_management_certificate(new.certificate, **old.keys)
        self.isolated.remove_policy_management_certificate(old.certificate, **new.keys)
        # What the old one signed counts no more, nor does it sign anything.
        refused(lambda: self.attestor.attest_sgx_enclave(self.evidence), 400, "InvalidOperation")
        refused(lambda: self.isolated.set_policy(SGX, POLICY, **old.keys), 400, "InvalidParameter")
        self.isolated.set_policy(SGX, POLICY, **new.keys)
        self.attestor.attest_sgx_enclave(self.evidence)
        # The last one stays.
        remove = self.isolated.remove_policy_management_certificate
        refused(lambda: remove(new.certificate, **new.keys), 400, "InvalidOperation")
        self.isolated.add_policy_management_certificate(old.certificate, **new.keys)
        self.isolated.reset_policy(SGX, **old.keys)
        remove(new.certificate, **old.keys)
        same(self.thumbprints(), {old.thumbprint})

    def thumbprints(self):
        certificates, _ = self.isolated.get_policy_management_certificates()
        ders = (x509.load_pem_x509_certificate(chain[0].encode()).public_bytes(Encoding.DER) for chain in certificates)
        return {hashlib.sha1(der).hexdigest().upper() for der in ders}

    CHECKS = [
        default_policies,
        unsigned_policy,
        rsa_signed_policy,
        ec_signing_which_this_client_cannot,
        reset_unsigned_and_signed,
        a_malformed_policy_changes_nothing,
        certificates_are_for_isolated_providers,
        isolated_refuses_unsigned,
        isolated_refuses_a_stranger,
        isolated_signed_policy,
        isolated_add_and_remove_are_idempotent,
        isolated_certificates_are_rolled,
    ]


def same_policy(client, text, result):
    """The policy is there as it was set, and the answer's hash is that of the JWS that is there."""
    stored, token = client.get_policy(SGX)
    same(stored, text)
    jws = json.loads(token.body_bytes)["x-ms-policy"]
    same(result.policy_token_hash, hash_of(jws))


def same_certificate(pem, signer):
    same(x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER), signer.der)


def main():
    suite = Suite(*sys.argv[1:])
    return run((f"administration: {check.__name__}", lambda check=check: check(suite)) for check in Suite.CHECKS)


sys.exit(main())
