"""Writes the vectors of this folder that the ``openssl`` program makes, and the keys of all.

    python make.py [openssl]

Nothing of cmcodec takes part: the PKIData is put together here by hand, everything else is
OpenSSL's. OpenSSL decrypts what it encrypted. `Envelopes.java` makes the rest with the same keys
and around the same message; run it after this. Keys, serial numbers and times are new in each run.
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
COLUMNS = "file kind recipient key content result note".split()
ROWS: list[dict[str, str]] = []
PASSWORD = "correct horse battery"
KEK = "00112233445566778899aabbccddeeff" * 2

CONFIG = """
[ca]
basicConstraints = critical, CA:TRUE
subjectKeyIdentifier = hash
[leaf]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""

KEYS = {
    "signer": ("EC", "ec_paramgen_curve:P-256"),
    "rsa": ("RSA", "rsa_keygen_bits:2048"),
    "p256": ("EC", "ec_paramgen_curve:P-256"),
    "p384": ("EC", "ec_paramgen_curve:P-384"),
    "p521": ("EC", "ec_paramgen_curve:P-521"),
    "x25519": ("X25519",),
    "x448": ("X448",),
    "dh": ("DHX", "group:dh_2048_256"),
}
AGREE = ("x25519", "x448", "dh")
"""Keys that sign nothing, so that their certificates are made around another's request."""


def tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def pki_data() -> bytes:
    """A PKIData with a transactionId."""
    kind = tlv(0x06, bytes.fromhex("2b06010505070705"))
    control = tlv(0x30, tlv(0x02, b"\1"), kind, tlv(0x31, tlv(0x02, b"\x4d")))
    return tlv(0x30, tlv(0x30, control), tlv(0x30), tlv(0x30), tlv(0x30))


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


def make_keys() -> None:
    (WORK / "openssl.cnf").write_text(CONFIG, encoding="utf-8")
    keys = HERE / "keys"
    keys.mkdir()
    for name, (algorithm, *options) in {"ca": KEYS["signer"], **KEYS}.items():
        picked = [part for option in options for part in ("-pkeyopt", option)]
        (WORK / f"{name}.key").write_bytes(run("genpkey", "-algorithm", algorithm, *picked))
    root = ("-subj", "/CN=CA", "-days", 7300, "-extensions", "ca")
    (WORK / "ca.pem").write_bytes(run("req", "-x509", "-key", "ca.key", *root))
    for name in KEYS:
        by = "signer" if name in AGREE else name
        wanted = run("req", "-new", "-key", f"{by}.key", "-subj", f"/CN={name}")
        forced: tuple[object, ...] = ()
        if name in AGREE:
            (WORK / f"{name}.pub").write_bytes(run("pkey", "-in", f"{name}.key", "-pubout"))
            forced = ("-force_pubkey", f"{name}.pub")
        made = run(
            *("x509", "-req", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", 7300, *forced),
            *("-extfile", "openssl.cnf", "-extensions", "leaf"),
            stdin=wanted,
        )
        (WORK / f"{name}.pem").write_bytes(made + (WORK / f"{name}.key").read_bytes())
        der = run("x509", "-in", f"{name}.pem", "-outform", "DER")
        (keys / f"{name}.cert.der").write_bytes(der)
        if name != "signer":
            key = run("pkcs8", "-topk8", "-nocrypt", "-in", f"{name}.key", "-outform", "DER")
            (keys / f"{name}.key.der").write_bytes(key)
    (keys / "kek.bin").write_bytes(bytes.fromhex(KEK))


def of_signed_data(message: bytes) -> bytes:
    """Names id-signedData as what is encrypted, which ``cms -encrypt`` has no option for."""
    data = bytes.fromhex("06092a864886f70d010701")
    before, found, after = message.partition(data)
    assert found
    assert data not in after
    return before + data[:-1] + b"\x02" + after


def encrypted(name: str, message: bytes, *options: object) -> bytes:
    octets = run("cms", "-encrypt", "-binary", "-outform", "DER", *options, stdin=message)
    opener: dict[str, tuple[object, ...]] = {
        "pwri": ("-pwri_password", PASSWORD),
        "kekri": ("-secretkey", KEK[: 2 * kek_octets(name)], "-secretkeyid", "6b656b"),
    }
    key = key_of(name)
    with_key = opener.get(name.split("-")[0], ("-inkey", f"{key}.key", "-recip", f"{key}.pem"))
    plain = run("cms", "-decrypt", "-binary", "-inform", "DER", *with_key, stdin=octets)
    assert plain == message, name
    return octets


def kek_octets(name: str) -> int:
    return int(name.removeprefix("kekri-aes")[:3]) // 8 if name.startswith("kekri") else 0


def key_of(name: str) -> str:
    if name.startswith(("pwri", "kekri")):
        return name.split("-")[0]
    return next((key for key in KEYS if f"-{key}" in name), "rsa")


def write(
    name: str, octets: bytes, content: str, note: str = "", result: str = "opened", kind: str = ""
) -> None:
    path = HERE / "openssl" / f"{name}.der"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(octets)
    kind = kind or ("auth-enveloped" if content.endswith("GCM") else "enveloped")
    row = (f"openssl/{name}.der", kind, name.split("-")[0], key_of(name), content, result, note)
    ROWS.append(dict(zip(COLUMNS, row, strict=True)))


def make_messages(signed: bytes) -> None:
    def both(name: str, cipher: str, content: str, *options: object, **more: str) -> None:
        octets = encrypted(name, signed, f"-{cipher}", *options)
        write(name, of_signed_data(octets), content, **more)

    def recipient(key: str, *options: str) -> list[str]:
        return ["-recip", f"{key}.pem", *(part for o in options for part in ("-keyopt", o))]

    aes256 = ("aes-256-cbc", "id-aes256-CBC")
    for bits in (128, 192, 256):
        cbc = (f"aes-{bits}-cbc", f"id-aes{bits}-CBC")
        both(f"ktri-rsa-aes{bits}-cbc", *cbc, *recipient("rsa"))
        kek = KEK[: bits // 4]
        both(f"kekri-aes{bits}", *cbc, "-secretkey", kek, "-secretkeyid", "6b656b")
        both(f"pwri-aes{bits}", *cbc, "-pwri_password", PASSWORD, note=f"PWRI-KEK AES-{bits}")
        name, cipher, content = f"ktri-rsa-aes{bits}-gcm", f"aes-{bits}-gcm", f"id-aes{bits}-GCM"
        octets = encrypted(name, signed, f"-{cipher}", *recipient("rsa"))
        write(f"{name}-data", octets, content, "over id-data, no authAttrs", "decrypted")
        no_attributes = "no authAttrs, which RFC 5083 wants over id-signedData"
        write(name, of_signed_data(octets), content, no_attributes, "attribute_missing")
    both("ktri-rsa-des3-cbc", "des3", "des-ede3-cbc", *recipient("rsa"), result="legacy")
    both("ktri-rsa-keyid", *aes256, *recipient("rsa"), "-keyid")
    oaep = "rsa_padding_mode:oaep"
    for digest in ("sha1", "sha256", "sha384", "sha512"):
        hashed = (oaep, f"rsa_oaep_md:{digest}")
        both(f"ktri-rsa-oaep-{digest}", *aes256, *recipient("rsa", *hashed))
        if digest != "sha1":
            mask = (*hashed, "rsa_mgf1_md:sha1")
            both(f"ktri-rsa-oaep-{digest}-mgf1-sha1", *aes256, *recipient("rsa", *mask))
    for curve in ("p256", "p384", "p521"):
        for digest in ("sha1", "sha224", "sha256", "sha384", "sha512"):
            options = recipient(curve, f"ecdh_kdf_md:{digest}")
            both(f"kari-{curve}-{digest}kdf", *aes256, *options, "-aes256-wrap")
        both(f"kari-{curve}-keyid", *aes256, *recipient(curve), "-keyid")
    for bits in (128, 192, 256):
        wrap = f"-aes{bits}-wrap"
        both(f"kari-p256-aes{bits}-wrap", *aes256, *recipient("p256"), wrap)
        both(f"kari-dh-aes{bits}-wrap", *aes256, *recipient("dh"), wrap, note="id-alg-ESDH")


def main() -> None:
    for folder in ("openssl", "keys"):
        shutil.rmtree(HERE / folder, ignore_errors=True)
    make_keys()
    econtent = ("-econtent_type", "1.3.6.1.5.5.7.12.2")
    plain = ("-binary", "-nodetach", "-nosmimecap", "-outform", "DER")
    message = run("cms", "-sign", *plain, *econtent, "-signer", "signer.pem", stdin=pki_data())
    (HERE / "message.der").write_bytes(message)
    head = 2 + (message[1] & 0x7F)
    head += 2 + message[head + 1]
    make_messages(message[head + 2 + (message[head + 1] & 0x7F) :])
    others = []
    if (HERE / "MANIFEST.tsv").exists():
        with (HERE / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
            others = [
                r for r in csv.DictReader(file, delimiter="\t") if "openssl/" not in r["file"]
            ]
    with (HERE / "MANIFEST.tsv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(ROWS + others)
    shutil.rmtree(WORK)
    print(f"{len(ROWS)} vectors")


main()
