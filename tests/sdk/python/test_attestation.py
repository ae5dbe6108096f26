"""The Azure SDK for Python against the service: test_attestation.py URL CA CASES

Every check uses the unmodified client as an application would; the client itself verifies signature,
lifetime and issuer of each token.
"""

import json
import pathlib
import sys

from azure.security.attestation import AttestationClient

from checks import AnyToken, refused, run, same

DRAFT = (
    "version=1.0; authorizationrules{ => permit(); }; "
    'issuancerules{ c:[type=="x-ms-sgx-mrsigner"] => issue(type="signer", value=c.value); };'
)
DENYING_DRAFT = 'version=1.0; authorizationrules{ [type=="x-ms-sgx-svn", value<0] => permit(); };'
MALFORMED_DRAFT = "version=1.0 authorizationrules{ => permit(); };"


class Suite:
    def __init__(self, url, ca):
        self.url = url
        self.client = AttestationClient(
            url, AnyToken(), connection_verify=ca, retry_total=0, validate_issuer=True, issuer=url
        )

    def attest(self, case, **options):
        evidence = pathlib.Path(case["evidence"]).read_bytes()
        if case["kind"] == "sgx":
            return self.client.attest_sgx_enclave(evidence, **options)
        return self.client.attest_open_enclave(evidence, **options)

    # Of the service.

    def metadata(self):
        metadata = self.client.get_open_id_metadata()
        same(metadata["issuer"], self.url)
        assert metadata["jwks_uri"].startswith(self.url), metadata["jwks_uri"]

    def signers(self):
        signers = self.client.get_signing_certificates()
        assert signers, "no signers"
        for signer in signers:
            assert signer.key_id, "a signer without key id"
            assert signer.certificates[0].startswith("-----BEGIN CERTIFICATE-----")

    # Of each case.

    def binary_runtime_data(self, case):
        runtime_data = runtime_data_of(case)
        result, token = self.attest(case, runtime_data=runtime_data)
        same(token.algorithm, "RS256")
        assert token.key_id in [signer.key_id for signer in self.client.get_signing_certificates()]
        same_enclave(result, case)
        same(result.enclave_held_data, runtime_data)
        same(result.runtime_claims, None)
        same(result.issuer, self.url)
        same(result.version, "1.0")
        same(result.verifier_type, "sgx")
        assert result.unique_id and result.policy_hash, "jti or policy hash is missing"
        # Issued by the default policy.
        same(body_of(token)["sgx-mrsigner"], case["claims"]["mrsigner"])

    def json_runtime_data(self, case):
        runtime_data = runtime_data_of(case)
        result, _ = self.attest(case, runtime_json=runtime_data)
        same_enclave(result, case)
        same(result.runtime_claims, json.loads(runtime_data))
        same(result.enclave_held_data, None)

    def without_runtime_data(self, case):
        result, _ = self.attest(case)
        same_enclave(result, case)
        same((result.enclave_held_data, result.runtime_claims), (None, None))

    def draft_policy(self, case):
        result, token = self.attest(case, runtime_data=runtime_data_of(case), draft_policy=DRAFT)
        same(token.algorithm, "none")
        same(body_of(token)["signer"], case["claims"]["mrsigner"])
        assert "sgx-mrsigner" not in body_of(token), "the default policy issued its claims too"
        same_enclave(result, case)

    def draft_policy_that_denies(self, case):
        error = refused(lambda: self.attest(case, draft_policy=DENYING_DRAFT), 400, "PolicyEvaluationError")
        assert "A Deny claim was issued" in error.error.message, error.error.message

    def draft_policy_that_does_not_parse(self, case):
        error = refused(lambda: self.attest(case, draft_policy=MALFORMED_DRAFT), 400, "PolicyParsingError")
        assert "Offending symbol: 'authorizationrules' Line: '1', Column: '13'" in error.error.message

    def wrong_runtime_data(self, case):
        refused(lambda: self.attest(case, runtime_data=runtime_data_of(case) + b" "), 400, "InvalidParameter")

    def init_time_json_which_this_client_sends_without_data(self, case):
        refused(lambda: self.attest(case, inittime_json=b'{"a":1}'), 400, "InvalidParameter")

    def tampered_evidence(self, case):
        evidence = bytearray(pathlib.Path(case["evidence"]).read_bytes())
        measurement = evidence.index(bytes.fromhex(case["claims"]["mrenclave"]))
        evidence[measurement] ^= 1
        attest = self.client.attest_sgx_enclave if case["kind"] == "sgx" else self.client.attest_open_enclave
        refused(lambda: attest(bytes(evidence)), 400, "InvalidParameter")

    def wrong_issuer(self, case):
        try:
            self.attest(case, issuer=self.url + "/")
        except Exception as error:
            assert "is not the expected issuer" in str(error), error
        else:
            raise AssertionError("the client took any issuer")

    SERVICE = [metadata, signers]
    CASE = [
        binary_runtime_data,
        json_runtime_data,
        without_runtime_data,
        draft_policy,
        draft_policy_that_denies,
        draft_policy_that_does_not_parse,
        wrong_runtime_data,
        init_time_json_which_this_client_sends_without_data,
        tampered_evidence,
        wrong_issuer,
    ]


def runtime_data_of(case):
    return pathlib.Path(case["runtime_data"]).read_bytes()


def body_of(token):
    """All claims; the result object of the client has only those that it knows."""
    return json.loads(token.body_bytes)


def same_enclave(result, case):
    claims = case["claims"]
    same(result.mr_enclave, claims["mrenclave"])
    same(result.mr_signer, claims["mrsigner"])
    same(result.product_id, claims["product_id"])
    same(result.svn, claims["svn"])
    same(result.is_debuggable, claims["debuggable"])
    same(result.sgx_collateral["quotehash"], claims["quote_hash"])


def main():
    url, ca, cases = sys.argv[1:]
    suite = Suite(url, ca)
    runs = [(test.__name__, lambda test=test: test(suite)) for test in Suite.SERVICE]
    for case in json.loads(pathlib.Path(cases).read_text()):
        for test in Suite.CASE:
            runs.append((f"{case['name']}: {test.__name__}", lambda test=test, case=case: test(suite, case)))
    return run(runs)


sys.exit(main())
