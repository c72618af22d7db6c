"""Writes the vectors of this folder with the ``openssl`` program, and MANIFEST.tsv.

    python make.py [openssl]

Nothing of cmcodec takes part: the octets of PKIData and PKIResponse are put together here by
hand, and the verdicts are written down by hand from the rules. Every other structure is OpenSSL's.
OpenSSL verifies again what is said to be ``verified``, and decrypts what it encrypted.
Keys, serial numbers and times are new in each run; the shapes are always the same.
"""

import csv
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
OPENSSL = sys.argv[1] if len(sys.argv) > 1 else "openssl"
WORK = pathlib.Path(tempfile.mkdtemp())
COLUMNS = "file kind type verdict reason rule pop note".split()
ROWS: list[dict[str, str]] = []

CONFIG = """
[req]
distinguished_name = name
prompt = no
string_mask = utf8only
[name]
CN = none
[ca]
basicConstraints = critical, CA:TRUE
subjectKeyIdentifier = hash
keyUsage = critical, keyCertSign, cRLSign
[signer]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
extendedKeyUsage = 1.3.6.1.5.5.7.3.28
[recipient]
subjectKeyIdentifier = hash
[no_ski]
subjectKeyIdentifier = none
keyUsage = digitalSignature
[crl]
database = index.txt
crlnumber = crlnumber
default_md = sha256
[attributes]
challengePassword = correct horse battery
unstructuredName = device 7
[wanted]
subjectKeyIdentifier = hash
subjectAltName = DNS:device.example, email:device@example.com, URI:https://device.example/, IP:192.0.2.7, IP:2001:db8::7, RID:2.999.7, dirName:name, otherName:2.999.8;UTF8:device
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
certificatePolicies = 2.999.9
2.999.10 = ASN1:UTF8String:private extension
[ski]
subjectKeyIdentifier = hash
[ask]
prompt = no
distinguished_name = name
attributes = attributes
req_extensions = wanted
"""

# --- octets by hand --------------------------------------------------------------------------


def tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def seq(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def integer(value: int) -> bytes:
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def control(body_part_id: int, number: int, value: bytes) -> bytes:
    kind = tlv(0x06, bytes.fromhex("2b060105050707"), bytes([number]))
    return seq(integer(body_part_id), kind, tlv(0x31, value))


HEAD = (control(1, 5, integer(2**70 + 7)), control(2, 6, tlv(0x04, bytes(range(16)))))
"""transactionId, senderNonce."""


def pki_data(*requests: bytes, controls: tuple[bytes, ...] = HEAD, messages: bytes = b"") -> bytes:
    return seq(seq(*controls), seq(*requests), seq(messages), seq())


def pki_response(*controls: bytes) -> bytes:
    return seq(seq(*HEAD, *controls), seq(), seq())


def tcr(body_part_id: int, pkcs10: bytes) -> bytes:
    return tlv(0xA0, integer(body_part_id), pkcs10)


def inside(data: bytes, *path: int) -> bytes:
    """The complete element at this path of positions."""
    for index in path:
        pos = header(data)
        for _ in range(index):
            pos += whole(data[pos:])
        data = data[pos:]
    return data[: whole(data)]


def header(data: bytes) -> int:
    return 2 if data[1] < 0x80 else 2 + (data[1] & 0x7F)


def whole(data: bytes) -> int:
    size = data[1] if data[1] < 0x80 else int.from_bytes(data[2 : header(data)], "big")
    return header(data) + size


# --- the program -----------------------------------------------------------------------------


def run(*arguments: object, stdin: bytes | None = None) -> bytes:
    done = subprocess.run(
        [OPENSSL, *map(str, arguments)],
        cwd=WORK,
        input=stdin,
        capture_output=True,
        env={"OPENSSL_CONF": str(WORK / "openssl.cnf"), "PATH": os.environ["PATH"]},
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, arguments))}\n{done.stderr.decode()}")
    return done.stdout


KEYS = {
    "rsa2048": ("RSA", "rsa_keygen_bits:2048"),
    "rsa3072": ("RSA", "rsa_keygen_bits:3072"),
    "rsa1024": ("RSA", "rsa_keygen_bits:1024"),
    "pss": ("RSA-PSS", "rsa_keygen_bits:2048"),
    "pss-sha384": (
        "RSA-PSS",
        "rsa_keygen_bits:2048",
        "rsa_pss_keygen_md:sha384",
        "rsa_pss_keygen_mgf1_md:sha384",
        "rsa_pss_keygen_saltlen:48",
    ),
    "p256": ("EC", "ec_paramgen_curve:P-256"),
    "p384": ("EC", "ec_paramgen_curve:P-384"),
    "p521": ("EC", "ec_paramgen_curve:P-521"),
    "secp256k1": ("EC", "ec_paramgen_curve:secp256k1"),
    "p256-explicit": ("EC", "ec_paramgen_curve:P-256", "ec_param_enc:explicit"),
    "ed25519": ("ED25519",),
    "ed448": ("ED448",),
    "request-rsa2048": ("RSA", "rsa_keygen_bits:2048"),
    "request-p256": ("EC", "ec_paramgen_curve:P-256"),
    "request-p384": ("EC", "ec_paramgen_curve:P-384"),
    "request-p521": ("EC", "ec_paramgen_curve:P-521"),
    "recipient-rsa": ("RSA", "rsa_keygen_bits:2048"),
    "recipient-p256": ("EC", "ec_paramgen_curve:P-256"),
    "recipient-p384": ("EC", "ec_paramgen_curve:P-384"),
}


def make_key(name: str) -> None:
    algorithm, *options = KEYS[name]
    picked = [part for option in options for part in ("-pkeyopt", option)]
    (WORK / f"{name}.key").write_bytes(run("genpkey", "-algorithm", algorithm, *picked))


def make_certificate(name: str, section: str, key: str | None = None) -> None:
    key = key or name
    wanted = run("req", "-new", "-key", f"{key}.key", "-subj", f"/O=Vectors/CN={name}")
    certificate = run(
        *("x509", "-req", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", 7300, "-sha256"),
        *("-extfile", "openssl.cnf", "-extensions", section),
        stdin=wanted,
    )
    (WORK / f"{name}.pem").write_bytes(certificate + (WORK / f"{key}.key").read_bytes())


def request(key: str, *options: object, ext: str = "wanted", form: str = "DER") -> bytes:
    return run(
        *("req", "-new", "-config", "openssl.cnf", "-section", "ask", "-key", f"{key}.key"),
        *("-reqexts", ext, "-outform", form, *options),
    )


def sign(content: bytes, *options: object, kind: str = "1.3.6.1.5.5.7.12.2") -> bytes:
    return run(
        *("cms", "-sign", "-binary", "-nodetach", "-outform", "DER"),
        *(("-econtent_type", kind) if kind else ()),
        *options,
        stdin=content,
    )


def signer(*names: str) -> list[str]:
    return [part for name in names for part in ("-signer", f"{name}.pem")]


def options_of(*values: str) -> list[str]:
    return [part for value in values for part in ("-keyopt", value)]


PSS = ("rsa_padding_mode:pss", "rsa_pss_saltlen:digest")


def encrypt(content: bytes, *options: object) -> bytes:
    return run("cms", "-encrypt", "-binary", "-outform", "DER", *options, stdin=content)


def of_signed_data(message: bytes) -> bytes:
    """Names id-signedData as what is encrypted, which ``cms -encrypt`` has no option for."""
    data = bytes.fromhex("06092a864886f70d010701")
    before, found, after = message.partition(data)
    assert found
    assert data not in after
    return before + data[:-1] + b"\x02" + after


def write(
    name: str,
    octets: bytes,
    kind: str,
    verdict: str = "verified",
    pop: str = "",
    note: str = "",
    type_name: str = "",
    certificates: tuple[str, ...] = (),
) -> None:
    """One file and its row; ``verdict`` may be ``verdict reason rule``.

    ``certificates`` are what OpenSSL needs to find the signers.
    """
    path = HERE / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(octets)
    row(name, kind, verdict, pop, note, type_name)
    if verdict == "verified" and kind.startswith("full"):
        form = "PEM" if name.endswith(".pem") else "DER"
        run(
            *("cms", "-verify", "-binary", "-in", path, "-inform", form, "-noverify"),
            *(part for certificate in certificates for part in ("-certfile", certificate)),
        )


def row(
    name: str, kind: str, verdict: str, pop: str = "", note: str = "", type_name: str = ""
) -> None:
    verdict, reason, rule = [*verdict.split(), "", ""][:3]
    ROWS.append(
        dict(zip(COLUMNS, (name, kind, type_name, verdict, reason, rule, pop, note), strict=True))
    )


def public(name: str) -> None:
    """Publishes a certificate in keys/."""
    (HERE / "keys").mkdir(exist_ok=True)
    octets = run("x509", "-in", f"{name}.pem", "-outform", "DER")
    (HERE / "keys" / f"{name}.der").write_bytes(octets)


# --- the vectors -----------------------------------------------------------------------------


def make_keys() -> None:
    (WORK / "openssl.cnf").write_text(CONFIG, encoding="utf-8")
    (WORK / "index.txt").write_text("")
    (WORK / "crlnumber").write_text("01\n")
    (WORK / "ca.key").write_bytes(run("genpkey", "-algorithm", "RSA"))
    ca = run(
        *("req", "-x509", "-key", "ca.key", "-subj", "/O=Vectors/CN=CA", "-days", 7300),
        *("-extensions", "ca"),
    )
    (WORK / "ca.pem").write_bytes(ca)
    for name in KEYS:
        make_key(name)
    for name in ("rsa2048", "rsa3072", "rsa1024", "pss", "pss-sha384", "p256", "p384", "p521"):
        make_certificate(name, "signer")
    for name in ("secp256k1", "p256-explicit"):
        make_certificate(name, "signer")
    make_certificate("no-ski", "no_ski", "p256")
    for name in ("rsa", "p256", "p384"):
        make_certificate(f"recipient-{name}", "recipient")
        public(f"recipient-{name}")
        key = run("pkcs8", "-topk8", "-nocrypt", "-in", f"recipient-{name}.key", "-outform", "DER")
        (HERE / "keys" / f"recipient-{name}.p8").write_bytes(key)
    for name in ("ca", "rsa2048", "p256", "rsa1024"):
        public(name)


def make_signed(data: bytes) -> None:
    def good(name: str, *options: object, note: str) -> None:
        write(
            f"signed/{name}.der", sign(data, *options), "full-request", "verified", "verified", note
        )

    for name in ("rsa2048", "rsa3072", "p256", "p384", "p521"):
        for digest in ("sha256", "sha384", "sha512"):
            note = f"signer {name}, {digest}, issuerAndSerialNumber"
            good(f"{name}-{digest}", *signer(name), "-md", digest, note=note)
    good("p256-keyid", *signer("p256"), "-keyid", note="signer by subjectKeyIdentifier")
    good("rsa2048-keyid", *signer("rsa2048"), "-keyid", note="signer by subjectKeyIdentifier")
    for digest in ("sha256", "sha384", "sha512"):
        good(
            f"rsa2048-pss-{digest}",
            *(*signer("rsa2048"), *options_of(*PSS), "-md", digest),
            note="RSASSA-PSS, salt as long as the digest",
        )
    good(
        "rsa2048-pss-salt-10",
        *(*signer("rsa2048"), *options_of(PSS[0], "rsa_pss_saltlen:10")),
        note="RSASSA-PSS SHA-256 with 10 octets of salt",
    )
    good(
        "pss-key",
        *(*signer("pss"), *options_of("rsa_pss_saltlen:digest")),
        note="the key is id-RSASSA-PSS without parameters",
    )
    good(
        "pss-key-sha384",
        *(*signer("pss-sha384"), "-md", "sha384", *options_of("rsa_pss_saltlen:digest")),
        note="the key is id-RSASSA-PSS with parameters SHA-384, salt 48",
    )
    good("two-signers", *signer("rsa2048", "p256"), note="two SignerInfos, one digest algorithm")
    good(
        "four-signers",
        *(*signer("rsa2048"), *options_of(*PSS), *signer("rsa3072", "p256", "p521")),
        note="four SignerInfos, the first RSASSA-PSS",
    )
    write(
        "signed/resigned.der",
        run(
            *("cms", "-resign", "-inform", "DER", "-outform", "DER", "-nodetach", "-binary"),
            *signer("p384"),
            stdin=sign(data, *signer("rsa2048"), "-keyid"),
        ),
        "full-request",
        "verified",
        "verified",
        "cms -resign: RSA-2048 SHA-256 by SKI, then P-384 by issuer and serial number",
    )
    good("cades", *signer("p256"), "-cades", note="signingCertificateV2 among the attributes")
    good("no-smime-capabilities", *signer("p256"), "-nosmimecap", note="three signed attributes")
    good(
        "receipt-request",
        *(*signer("p256"), "-receipt_request_all", "-receipt_request_to", "a@example.com"),
        note="receiptRequest among the attributes",
    )
    good(
        "more-certificates",
        *(*signer("p256"), "-certfile", "ca.pem", "-certfile", "rsa3072.pem"),
        note="certificates of the CA and of a third party too",
    )
    good("no-ski-certificate", *signer("no-ski"), note="the certificate has no SKI extension")

    armoured = run(
        "cms", "-cmsout", "-inform", "DER", "-outform", "PEM", stdin=sign(data, *signer("p256"))
    )
    assert armoured.startswith(b"-----BEGIN CMS-----")
    write("signed/cms.pem", armoured, "full-request", "verified", "verified", "PEM label CMS")
    write(
        "signed/cms-crlf.pem",
        armoured.replace(b"\n", b"\r\n"),
        "full-request",
        "verified",
        "verified",
        "PEM label CMS; line ends CR LF set by hand",
    )

    for name in ("rsa2048", "p256"):
        bare = sign(data, *signer(name), "-nocerts")
        write(
            f"signed/{name}-nocerts.der",
            bare,
            "full-request",
            "verified",
            "verified",
            f"certificates=keys/{name}.der; -nocerts",
            certificates=(f"{name}.pem",),
        )
        row(
            f"signed/{name}-nocerts.der",
            "full-request",
            "failed signer_not_found V8",
            "verified",
            "the certificate is not given",
        )
    write(
        "signed/p256-nocerts-keyid.der",
        sign(data, *signer("p256"), "-nocerts", "-keyid"),
        "full-request",
        "verified",
        "verified",
        "certificates=keys/p256.der; -nocerts -keyid",
        certificates=("p256.pem",),
    )

    for name in ("rsa2048", "p256"):
        write(
            f"signed/{name}-stream.ber",
            sign(data, *signer(name), "-stream"),
            "full-request",
            "verified",
            "verified",
            "-stream: indefinite lengths, eContent in segments",
        )
    streamed = sign(data, *signer("rsa2048", "p256"), "-stream", "-certfile", "ca.pem")
    write(
        "signed/two-signers-stream.ber",
        streamed,
        "full-request",
        "verified",
        "verified",
        "-stream, two signers, three certificates",
    )
    write(
        "signed/two-signers-stream.der",
        run("cms", "-cmsout", "-inform", "DER", "-outform", "DER", "-noindef", stdin=streamed),
        "full-request",
        "verified",
        "verified",
        "the same message, written again by cms -cmsout",
    )
    large = pki_data(*(tcr(10 + n, request("p256", ext="ski")) for n in range(30)))
    write(
        "signed/thirty-requests-stream.ber",
        sign(large, *signer("p256"), "-stream"),
        "full-request",
        "verified",
        ",".join(30 * ["verified"]),
        "-stream, eContent in several segments",
    )


def make_request_key() -> None:
    for name in ("rsa2048", "p256", "p384", "p521"):
        key = f"request-{name}"
        certificate = run(
            *("req", "-x509", "-key", f"{key}.key", "-subj", "/CN=self", "-extensions", "ski"),
        )
        (WORK / f"{key}.pem").write_bytes(certificate + (WORK / f"{key}.key").read_bytes())
        data = pki_data(tcr(3, request(key)), tcr(4, request("ed25519")))
        write(
            f"signed/request-key-{name}.der",
            sign(data, *signer(key), "-keyid", "-nocerts"),
            "full-request",
            "verified",
            "verified,verified",
            "signed by the requested key, sid = SKI of request 3",
            certificates=(f"{key}.pem",),
        )


def make_faults(data: bytes) -> None:
    def bad(name: str, octets: bytes, verdict: str, note: str, pop: str = "verified") -> None:
        write(f"faults/{name}.der", octets, "full-request", f"failed {verdict}", pop, note)

    p256, rsa = signer("p256"), signer("rsa2048")
    bad("noattr", sign(data, *p256, "-noattr"), "attribute_missing V4", "-noattr")
    bad(
        "noattr-beside-good",
        run(
            *("cms", "-resign", "-inform", "DER", "-outform", "DER", "-nodetach", "-binary"),
            *(*rsa, "-noattr"),
            stdin=sign(data, *p256),
        ),
        "attribute_missing V4",
        "two SignerInfos, one of them without signed attributes",
    )
    bad(
        "rsa2048-sha1",
        sign(data, *rsa, "-md", "sha1"),
        "unsupported_algorithm V7",
        "legacy=verified; rsaEncryption with SHA-1",
    )
    bad("p256-sha1", sign(data, *p256, "-md", "sha1"), "unsupported_algorithm V7", "ECDSA SHA-1")
    bad(
        "rsa2048-sha224",
        sign(data, *rsa, "-md", "sha224"),
        "unsupported_algorithm V7",
        "digestAlgorithm SHA-224",
    )
    bad(
        "rsa2048-sha3-256",
        sign(data, *rsa, "-md", "sha3-256"),
        "unsupported_algorithm V7",
        "rsaEncryption with SHA3-256",
    )
    bad(
        "rsa2048-pss-salt-max",
        sign(data, *rsa, *options_of(PSS[0], "rsa_pss_saltlen:max")),
        "unsupported_algorithm V7",
        "RSASSA-PSS SHA-256 with 222 octets of salt",
    )
    bad(
        "rsa2048-pss-mgf1-sha1",
        sign(data, *rsa, *options_of(*PSS, "rsa_mgf1_md:sha1")),
        "unsupported_algorithm V7",
        "RSASSA-PSS SHA-256 with MGF1 over SHA-1",
    )
    bad(
        "rsa1024-sha256",
        sign(data, *signer("rsa1024")),
        "key_rejected V9",
        "legacy=verified; RSA-1024",
    )
    bad(
        "secp256k1",
        sign(data, *signer("secp256k1")),
        "unsupported_algorithm V7",
        "curve secp256k1",
    )
    bad(
        "p256-explicit-parameters",
        sign(data, *signer("p256-explicit")),
        "key_rejected V9",
        "P-256 as explicit curve parameters",
    )
    two = signer("rsa2048", "p256")
    bad(
        "two-signers-one-certificate",
        sign(data, *two, "-nocerts", "-certfile", "p256.pem"),
        "signer_not_found V8",
        "-nocerts with one of the two certificates",
    )
    row(
        "faults/two-signers-one-certificate.der",
        "full-request",
        "verified",
        "verified",
        "certificates=keys/rsa2048.der; the other certificate is given",
    )
    good = sign(data, *p256)
    at = good.index(bytes(range(16)))
    bad(
        "content-changed",
        good[:at] + b"\x01" + good[at + 1 :],
        "digest_mismatch V6",
        "one octet of the senderNonce changed by hand",
    )
    bad(
        "signature-changed",
        good[:-1] + bytes([good[-1] ^ 1]),
        "signature_invalid V10",
        "last octet changed by hand",
    )
    bad(
        "request-broken",
        sign(pki_data(tcr(3, broken(request("p256", ext="ski")))), *p256),
        "pop_invalid R1",
        "last octet of the PKCS#10 changed by hand",
        "failed",
    )
    write(
        "faults/id-data.der",
        sign(data, *p256, kind=""),
        "other",
        "failed wrong_content_type V1",
        note="without -econtent_type: id-data",
    )
    write(
        "faults/data.der",
        run("cms", "-data_create", "-binary", "-outform", "DER", stdin=data),
        "other",
        "failed wrong_content_type V1",
        note="cms -data_create: ContentInfo of id-data",
    )
    write(
        "faults/detached.der",
        run(
            *("cms", "-sign", "-binary", "-outform", "DER", "-econtent_type"),
            *("1.3.6.1.5.5.7.12.2", *p256),
            stdin=data,
        ),
        "full-request",
        "failed content_missing V1",
        note="detached: no eContent",
    )
    write(
        "faults/not-pki-data.der",
        sign(pki_response(), *p256),
        "other",
        "malformed bad_tag P3",
        note="id-cct-PKIData over the octets of a PKIResponse",
    )
    write(
        "faults/trailing.der",
        good + b"\x00",
        "other",
        "malformed trailing_data P4",
        note="an octet after the message, by hand",
    )


def broken(octets: bytes) -> bytes:
    return octets[:-1] + bytes([octets[-1] ^ 1])


def make_requests() -> None:
    def good(name: str, octets: bytes, note: str) -> None:
        write(f"requests/{name}", octets, "simple-request", "verified", "verified", note)

    for name in ("rsa2048", "rsa3072", "p256", "p384", "p521", "ed25519"):
        good(f"{name}.der", request(name), f"req -new, {name}, three attributes")
    for name in ("rsa2048", "p256", "ed25519"):
        bare = run("req", "-new", "-key", f"{name}.key", "-subj", "/CN=x", "-outform", "DER")
        good(f"{name}-no-attributes.der", bare, "attributes present and empty (A0 00)")
    for name in ("rsa2048", "p256", "ed25519"):
        good(f"{name}.pem", request(name, form="PEM"), "PEM label CERTIFICATE REQUEST")
    old = request("p256", "-newhdr", form="PEM")
    assert old.startswith(b"-----BEGIN NEW CERTIFICATE REQUEST-----")
    good("p256-newhdr.pem", old, "PEM label NEW CERTIFICATE REQUEST")
    subjects = {
        "empty-subject": ("/",),
        "utf8-subject": ("/C=DE/O=Bäckerei Ω/CN=設備 7", "-utf8"),
        "multi-valued-subject": ("/O=Vectors/CN=device+serialNumber=7+UID=d7", "-multivalue-rdn"),
    }
    for name, (subject, *options) in subjects.items():
        good(f"{name}.der", request("p256", "-subj", subject, *options), f"subject {subject}")
    for digest in ("sha256", "sha384", "sha512"):
        chosen = ["-sigopt", PSS[0], "-sigopt", PSS[1], f"-{digest}"]
        good(f"rsa2048-pss-{digest}.der", request("rsa2048", *chosen), "RSASSA-PSS")
    good("p256-sha512.der", request("p256", "-sha512"), "ecdsa-with-SHA512 by P-256")
    good(
        "pss-key.der",
        request("pss", "-sigopt", "rsa_pss_saltlen:digest"),
        "key id-RSASSA-PSS without parameters",
    )

    def bad(name: str, octets: bytes, reason: str, note: str) -> None:
        write(f"requests/{name}.der", octets, "simple-request", f"failed {reason}", "failed", note)

    unsupported = "unsupported_algorithm V7"
    bad("p256-broken", broken(request("p256")), "pop_invalid R1", "last octet changed by hand")
    bad("rsa2048-sha1", request("rsa2048", "-sha1"), unsupported, "legacy=verified; RSA with SHA-1")
    bad("rsa1024", request("rsa1024"), "key_rejected V9", "legacy=verified; RSA-1024")
    bad("ed448", request("ed448"), unsupported, "Ed448")
    bad("secp256k1", request("secp256k1"), unsupported, "curve secp256k1")
    explained = run("req", "-text", stdin=request("p256", form="PEM"))
    write(
        "requests/text.pem",
        explained,
        "simple-request",
        "verified",
        "verified",
        note="req -text: text before the armour",
    )


def make_batch() -> None:
    batch = control(1, 28, seq(integer(11), integer(12), integer(13)))

    def member(number: int, *options: object, key: str = "p256") -> bytes:
        data = pki_data(tcr(3, request(key, ext="ski")))
        return sign(data, *options, "-md", "sha256") if number else data

    def tagged(number: int, message: bytes) -> bytes:
        return seq(integer(number), message)

    members = [
        member(11, *signer("p256")),
        member(12, *signer("rsa2048"), "-keyid", key="rsa2048"),
        member(13, *signer("request-p256"), "-keyid", "-nocerts", key="request-p256"),
    ]

    def outer(changed: list[bytes], *options: object) -> bytes:
        messages = b"".join(map(tagged, (11, 12, 13), changed))
        return sign(pki_data(controls=(batch,), messages=messages), *signer("rsa3072"), *options)

    kind, good = "full-request", "verified"
    write(
        "batches/three.der",
        outer(members),
        kind,
        good,
        note="rows=verified,verified,verified,verified; batchRequests {11, 12, 13}",
    )
    write(
        "batches/three-stream.ber",
        outer(members, "-stream"),
        kind,
        good,
        note="rows=verified,verified,verified,verified; -stream outside, DER inside",
    )
    write(
        "batches/second-broken.der",
        outer([members[0], broken(members[1]), members[2]]),
        kind,
        good,
        note="rows=verified,verified,signature_invalid,verified; last octet of 12 changed by hand",
    )
    inner = member(12, *signer("rsa2048"), "-stream")
    write(
        "batches/second-stream.der",
        outer([members[0], inner, members[2]]),
        kind,
        good,
        note="rows=verified,verified,not_canonical,verified; load=not_canonical; "
        "12 is BER (-stream) inside a DER eContent",
    )


def make_responses() -> None:
    def octets_of(name: str) -> bytes:
        return run("x509", "-in", f"{name}.pem", "-outform", "DER")

    everyone = sorted("ca rsa2048 rsa3072 p256 p384 p521".split(), key=octets_of)
    (WORK / "crl.pem").write_bytes(
        run(
            *("ca", "-config", "openssl.cnf", "-name", "crl", "-gencrl", "-crldays", 7300),
            *("-cert", "ca.pem", "-keyfile", "ca.key"),
        )
    )

    def collect(names: list[str], *options: object, form: str = "DER") -> bytes:
        files = [part for name in names for part in ("-certfile", f"{name}.pem")]
        return run("crl2pkcs7", *(options or ("-nocrl",)), *files, "-outform", form)

    kind, verdict = "simple-response", "unsigned"
    write("responses/no-certificates.der", collect([]), kind, verdict, note="no certificates field")
    write("responses/one.der", collect(["ca"]), kind, verdict, note="crl2pkcs7 -nocrl")
    write("responses/six.der", collect(everyone), kind, verdict, note="certificates in DER order")
    write(
        "responses/six-unsorted.ber",
        collect(everyone[::-1]),
        kind,
        verdict,
        note="the order in which they were given, which PKCS7 of OpenSSL keeps: no DER",
    )
    write(
        "responses/crl.der",
        collect(["ca"], "-in", "crl.pem"),
        kind,
        verdict,
        note="one certificate and one CRL",
    )
    write(
        "responses/crl-only.der", collect([], "-in", "crl.pem"), kind, verdict, note="one CRL only"
    )
    armoured = collect(["ca"], form="PEM")
    assert armoured.startswith(b"-----BEGIN PKCS7-----")
    write("responses/pkcs7.pem", armoured, kind, verdict, note="PEM label PKCS7")
    response = "1.3.6.1.5.5.7.12.3"
    success = control(3, 25, seq(integer(0), seq(integer(1))))
    write(
        "responses/success.der",
        sign(pki_response(success), *signer("rsa2048"), "-certfile", "p256.pem", kind=response),
        "full-response",
        note="statusInfoV2 success",
    )
    write(
        "responses/success-stream.ber",
        sign(pki_response(success), *signer("rsa2048"), "-stream", kind=response),
        "full-response",
        note="statusInfoV2 success, -stream",
    )


def make_encrypted(message: bytes) -> None:
    kek = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
    (HERE / "keys" / "kek.bin").write_bytes(bytes.fromhex(kek))
    rsa, p256, p384 = (["-recip", f"recipient-{name}.pem"] for name in ("rsa", "p256", "p384"))
    secret = ["-secretkey", kek, "-secretkeyid", "6b656b2d31"]
    password = ["-pwri_password", "cmc-corpus-shared-secret"]
    aes256 = "-aes-256-cbc"
    oaep = options_of("rsa_padding_mode:oaep", "rsa_oaep_md:sha256")
    ecdh = [*options_of("ecdh_kdf_md:sha256"), "-aes256-wrap"]
    shapes: dict[str, tuple[list[str], str]] = {
        "ktri-rsa": ([aes256, *rsa], "RSA PKCS#1 v1.5"),
        "ktri-rsa-aes128": (["-aes-128-cbc", *rsa], "RSA PKCS#1 v1.5, AES-128-CBC"),
        "ktri-rsa-keyid": ([aes256, *rsa, "-keyid"], "rid subjectKeyIdentifier"),
        "ktri-rsa-oaep": ([aes256, *rsa, *oaep], "RSAES-OAEP SHA-256, MGF1 SHA-256"),
        "kari-p256": ([aes256, *p256, *ecdh], "stdDH-sha256kdf, AES-256 wrap"),
        "kari-p256-default": ([aes256, *p256], "stdDH-sha1kdf"),
        "kari-p384-keyid": ([aes256, *p384, *ecdh, "-keyid"], "rid rKeyId"),
        "kekri": ([aes256, *secret], "AES-256 wrap, key identifier kek-1"),
        "pwri": ([aes256, *password], "PBKDF2, PWRI-KEK"),
        "everything": (
            [aes256, *rsa, *p256, *p384, *secret, *password],
            "ktri, two kari, kekri and pwri",
        ),
    }
    opened = {
        "ktri": ["-inkey", "recipient-rsa.key", "-recip", "recipient-rsa.pem"],
        "kari-p256": ["-inkey", "recipient-p256.key", "-recip", "recipient-p256.pem"],
        "kari-p384": ["-inkey", "recipient-p384.key", "-recip", "recipient-p384.pem"],
        "kekri": secret,
        "pwri": password,
        "everything": password,
    }

    def check(name: str, octets: bytes) -> None:
        with_key = next(options for start, options in opened.items() if name.startswith(start))
        plain = run("cms", "-decrypt", "-binary", "-inform", "DER", *with_key, stdin=octets)
        assert plain == message

    kind, verdict = "other", "unverified encrypted"
    for name, (options, note) in shapes.items():
        octets = of_signed_data(encrypt(message, *options))
        check(name, octets)
        write(f"encrypted/{name}.der", octets, kind, verdict, note=note)
    for name in ("ktri-rsa", "kari-p256", "pwri"):
        octets = of_signed_data(encrypt(message, *shapes[name][0], "-stream"))
        check(name, octets)
        write(f"encrypted/{name}-stream.ber", octets, kind, verdict, note="-stream")
    # With -pwri_password OpenSSL would take AES-GCM for the key encryption too, and refuses.
    for name in ("ktri-rsa", "kari-p256", "kekri"):
        options = ["-aes-256-gcm", *shapes[name][0][1:]]
        octets = encrypt(message, *options)
        check(name, octets)
        note = "AuthEnvelopedData over id-data, 12-octet nonce, 16-octet ICV, no authAttrs"
        write(f"encrypted/{name}-gcm.der", octets, kind, verdict, note=note)
    octets = encrypt(message, "-aes-128-gcm", *rsa, "-stream")
    check("ktri-rsa", octets)
    write("encrypted/ktri-rsa-gcm-stream.ber", octets, kind, verdict, note="AuthEnvelopedData")
    layer = encrypt(message, aes256, *rsa)
    write(
        "encrypted/id-data.der", layer, kind, verdict, note="encrypted content type id-data, as is"
    )
    envelope = inside(of_signed_data(layer), 1, 0)
    for number, name, octets in (
        ("1.2.840.113549.1.7.3", "signed-enveloped", envelope),
        ("1.2.840.113549.1.9.16.1.23", "signed-auth-enveloped", None),
    ):
        held = octets or inside(encrypt(message, "-aes-256-gcm", *rsa), 1, 0)
        write(
            f"encrypted/{name}.der",
            sign(held, *signer("p256"), kind=number),
            kind,
            verdict,
            note="SignedData around an encrypted layer",
        )
    plain = ("-binary", "-outform", "DER")
    octets = run(
        *("cms", "-EncryptedData_encrypt", aes256, *plain, "-secretkey", kek), stdin=message
    )
    write("encrypted/encrypted-data.der", octets, kind, verdict, note="EncryptedData under kek.bin")
    octets = run("cms", "-digest_create", "-md", "sha256", *plain, stdin=message)
    write(
        "encrypted/digested-data.der",
        octets,
        kind,
        "failed wrong_content_type V1",
        note="DigestedData over id-data, SHA-256",
    )


def make_crmf() -> None:
    """CertReqMsg out of the CMP requests that OpenSSL writes; its certReqId is always 0."""
    found = {}
    for number, name in ((0, "raverified"), (1, "signature")):
        for key in ("rsa2048", "p256"):
            run(
                *("cmp", "-use_mock_srv", "-cmd", "cr", "-popo", number, "-reqout", "cmp.der"),
                *("-secret", "pass:throw-away", "-srv_secret", "pass:throw-away", "-ref", "r"),
                *("-srv_ref", "r", "-rsp_cert", f"{key}.pem", "-newkey", f"{key}.key"),
                *("-subject", "/O=Vectors/CN=device", "-sans", "device.example"),
                *("-accept_raverified", "-disable_confirm", "-certout", "got.pem"),
            )
            found[name, key] = inside((WORK / "cmp.der").read_bytes(), 1, 0, 0)
    for (name, key), octets in found.items():
        write(f"crmf/{key}-{name}.der", octets, "value", note="cmp -cmd cr", type_name="CertReqMsg")
    held = found["signature", "p256"]
    data = pki_data(b"\xa1" + held[1:])
    write(
        "crmf/certreqid-0.der",
        sign(data, *signer("p256")),
        "other",
        "malformed limit P6",
        note="certReqId 0, which names the current message and no part of it",
    )


def main() -> None:
    for folder in HERE.iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)
    make_keys()
    data = pki_data(tcr(3, request("p256")))
    make_signed(data)
    make_request_key()
    make_faults(data)
    make_requests()
    make_batch()
    make_responses()
    make_encrypted(sign(data, *signer("p256")))
    make_crmf()
    with (HERE / "MANIFEST.tsv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(ROWS)
    shutil.rmtree(WORK)


main()
