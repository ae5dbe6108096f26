"""Writes the cases that both clients run: evidence, runtime data and what the evidence says.

    cases.py minted BINARY DIRECTORY             evidence minted now by `attestry forge`
    cases.py recorded VECTORS DIRECTORY          evidence that MAA accepted in 2021, if the vectors are there

The expected claims are read from the quote by their offsets (Intel SGX ECDSA quote library reference,
"quote format"), without any code of the service.
"""

import base64
import hashlib
import json
import pathlib
import struct
import subprocess
import sys

RUNTIME_DATA = b'{"purpose":"sdk test","nested":{"list":[1,"two",true,null]}}'

# Version 3, attestation key type 2 (ECDSA-256), TEE type 0.
QUOTE_START = bytes.fromhex("0300020000000000")
HEADER = 48


def quote_claims(evidence):
    quote = evidence[evidence.index(QUOTE_START):]
    body = quote[HEADER:]
    product_id, svn = struct.unpack_from("<HH", body, 256)
    return {
        "mrenclave": body[64:96].hex(),
        "mrsigner": body[128:160].hex(),
        "product_id": product_id,
        "svn": svn,
        "debuggable": bool(body[48] & 2),
        # Of the evidence as it was sent, its wrapping included, as recorded tokens have it.
        "quote_hash": hashlib.sha256(evidence).hexdigest(),
    }


def case(name, kind, evidence, runtime_data, directory):
    slug = name.replace(" ", "-").lower()
    files = {"evidence": directory / f"{slug}.bin", "runtime_data": directory / f"{slug}.runtime"}
    files["evidence"].write_bytes(evidence)
    files["runtime_data"].write_bytes(runtime_data)
    return {
        "name": name,
        "kind": kind,
        **{field: str(path.resolve()) for field, path in files.items()},
        "claims": quote_claims(evidence),
    }


def minted(binary, directory):
    runtime = directory / "runtime.json"
    runtime.write_bytes(RUNTIME_DATA)
    for name, kind, forge in [
        ("SGX quote", "sgx", "sgx-quote"),
        ("Open Enclave report", "open-enclave", "oe-report"),
        ("Open Enclave evidence", "open-enclave", "oe-evidence"),
    ]:
        out = directory / forge
        mint = [binary, "forge", forge, "--runtime-data", runtime, "--out", out]
        done = subprocess.run(mint, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"cannot mint: {done.stderr}")
        yield case(name, kind, out.read_bytes(), RUNTIME_DATA, directory)


def recorded(vectors, directory):
    exchanges = pathlib.Path(vectors) / "maa" / "exchanges"
    for name, kind, member, file in [
        ("recorded SGX quote", "sgx", "quote", "post-attest_SgxEnclave-aad-rtbinary.json"),
        ("recorded Open Enclave report", "open-enclave", "report", "post-attest_OpenEnclave-aad-rtbinary.json"),
    ]:
        request = json.loads((exchanges / file).read_text())["request"]["body_json"]
        evidence = decode(request[member])
        yield case(name, kind, evidence, decode(request["runtimeData"]["data"]), directory)


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def main():
    kind, source, directory = sys.argv[1:]
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    cases = list({"minted": minted, "recorded": recorded}[kind](source, directory))
    (directory / "cases.json").write_text(json.dumps(cases, indent=1))


main()
