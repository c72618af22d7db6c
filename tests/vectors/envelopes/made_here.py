"""Writes layers that cmcodec makes, for `Envelopes.java` to open with the keys of this folder.

python made_here.py FOLDER
"""

import pathlib
import sys

from cmcodec import cms, load
from cmcodec.cms import Recipient

HERE = pathlib.Path(__file__).parent
FOLDER = pathlib.Path(sys.argv[1])
SECRET, IDENTIFICATION = b"correct horse battery", "device-0001"
MESSAGE = (HERE / "message.der").read_bytes()
KEK = (HERE / "keys" / "kek.bin").read_bytes()
X963 = [f"dhSinglePass-stdDH-sha{bits}kdf-scheme" for bits in (256, 384, 512)]
HKDF = [f"dhSinglePass-stdDH-hkdf-sha{bits}-scheme" for bits in (256, 384, 512)]
WRAPS = [f"id-aes{bits}-wrap" for bits in (128, 192, 256)]
ROWS = ["file\tkind\trecipient\tkey\tcontent\tresult\tnote"]


def write(name: str, kind: str, recipient: str, key: str, content: str, octets: bytes) -> None:
    (FOLDER / f"{name}.der").write_bytes(octets)
    ROWS.append("\t".join((f"{name}.der", kind, recipient, key, content, "opened", "")))


def envelopes(name: str, recipient: str, key: str, wanted: Recipient, tags: bool = True) -> None:
    """With each content cipher."""
    for bits in (128, 192, 256):
        for mode in ("CBC", "GCM") if tags else ("CBC",):
            kind = "enveloped" if mode == "CBC" else "auth-enveloped"
            content = f"id-aes{bits}-{mode}"
            octets = cms.encrypt(MESSAGE, wanted, algorithm=content)
            write(f"{name}-aes{bits}-{mode.lower()}", kind, recipient, key, content, octets)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)

    def of(key: str, **options: object) -> Recipient:
        certificate = (HERE / "keys" / f"{key}.cert.der").read_bytes()
        return Recipient.from_certificate(certificate, **options)  # type: ignore[arg-type]

    envelopes("ktri-rsa", "ktri", "rsa", of("rsa"))
    envelopes("ktri-rsa-keyid", "ktri", "rsa", of("rsa", by_key_identifier=True))
    envelopes("ktri-oaep", "ktri", "rsa", of("rsa", algorithm="id-RSAES-OAEP"))
    for key in ("p256", "p384", "p521", "x25519", "x448"):
        for scheme in X963 if key.startswith("p") else HKDF:
            for wrap in WRAPS:
                name = f"kari-{key}-{scheme[19:-7]}-{wrap[3:]}"
                envelopes(name, "kari", key, of(key, algorithm=scheme, wrap=wrap))
        envelopes(f"kari-{key}-keyid", "kari", key, of(key, by_key_identifier=True))
    for wrap in WRAPS:
        envelopes(f"kari-dh-{wrap[3:]}", "kari", "dh", of("dh", wrap=wrap))
    for bits in (256, 384, 512):
        prf = f"id-hmacWithSHA{bits}"
        wanted = Recipient.from_password(SECRET, wrap="id-alg-PWRI-KEK", prf=prf, iterations=2048)
        envelopes(f"pwri-sha{bits}", "pwri", "pwri", wanted)
        mac = cms.authenticate(
            load(MESSAGE).unverified_content,  # type: ignore[arg-type]
            Recipient.from_password(
                SECRET, IDENTIFICATION, wrap="id-alg-PWRI-KEK", iterations=2048
            ),
            mac=prf,
        )
        write(f"mac-sha{bits}", "authenticated", "pwri", "mac", prf, mac)
    for octets in (16, 24, 32):
        wanted = Recipient.from_kek(KEK[:octets], b"kek")
        envelopes(f"kekri-aes{8 * octets}", "kekri", "kekri", wanted)
    for size in (768, 1024):
        key = f"ml-kem-{size}"
        # BouncyCastle has no class that opens an AuthEnvelopedData by a KEM.
        envelopes(f"ori-{key}", "kemri", key, of(key), tags=False)
    (FOLDER / "MANIFEST.tsv").write_text("\n".join(ROWS) + "\n", encoding="utf-8")
    print(f"{len(ROWS) - 1} messages")


main()
