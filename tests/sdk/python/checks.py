"""What the suites for Python share: running checks, and comparing."""

import base64
import hashlib
import time

from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError


class AnyToken:
    """Development mode takes any bearer token; the clients insist on sending one."""

    def __init__(self, token="sdk-test"):
        self.token = token

    def get_token(self, *_scopes, **_options):
        return AccessToken(self.token, int(time.time()) + 3600)


def same(found, expected):
    assert found == expected, f"expected {expected!r}, found {found!r}"


def refused(call, status, code):
    """That the service refuses with this status and code; the error."""
    try:
        call()
    except HttpResponseError as error:
        same((error.status_code, error.error.code), (status, code))
        return error
    raise AssertionError("the service accepted it")


def raises(kind, call):
    """That the client itself fails like this."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def hash_of(jws):
    """The bytes of `x-ms-policy-token-hash` of a JWS."""
    return hashlib.sha256(jws.encode("ascii")).digest()


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def run(checks):
    """Runs (name, check) pairs, prints a line for each; how many failed."""
    failed = 0
    for name, check in checks:
        try:
            check()
            print(f"ok    python  {name.replace('_', ' ')}", flush=True)
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            reason = f"{type(error).__name__}: {error}".replace("\n", " ")
            print(f"FAIL  python  {name.replace('_', ' ')}: {reason}", flush=True)
    return min(failed, 100)
