package cmcodec.examples;

import cmcodec.examples.TestPki.Key;
import cmcodec.examples.TestPki.KeyKind;
import cmcodec.examples.VectorSet.Expectation;
import cmcodec.examples.VectorSet.Kind;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.cmc.TaggedRequest;
import org.bouncycastle.asn1.crmf.SubsequentMessage;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.KeyUsage;

/** Certification requests in their forms, with the states of their proofs of possession. */
final class RequestVectors {
    private static final X500Name SUBJECT = VectorSet.subject("device-0001");
    private static final ASN1ObjectIdentifier EXAMPLE_TYPE = new ASN1ObjectIdentifier("2.999.1");

    private final VectorSet vectors;

    private RequestVectors(VectorSet vectors) {
        this.vectors = vectors;
    }

    static void addTo(VectorSet vectors) throws Exception {
        RequestVectors group = new RequestVectors(vectors);
        group.simpleRequests();
        group.requestKeys();
        group.proofs();
    }

    private void simpleRequests() throws Exception {
        for (KeyKind kind : new KeyKind[] {KeyKind.RSA_2048, KeyKind.P256, KeyKind.P384, KeyKind.P521, KeyKind.ED25519}) {
            Key key = kind.generate();
            vectors.add("requests/pkcs10-%s.der".formatted(label(kind)), Kind.SIMPLE_REQUEST,
                    Requests.pkcs10(SUBJECT, key, Requests.extensions(key)).getEncoded(),
                    Expectation.verified("verified", "bare PKCS#10, " + label(kind)));
        }
        Key key = KeyKind.P256.generate();
        vectors.add("requests/pkcs10-no-attributes.der", Kind.SIMPLE_REQUEST,
                Requests.pkcs10(SUBJECT, key, null).getEncoded(),
                Expectation.verified("verified", "attributes present and empty (A0 00)"));
        vectors.add("requests/pkcs10-empty-subject.der", Kind.SIMPLE_REQUEST,
                Requests.pkcs10(new X500Name(new RDN[0]), key, Requests.extensions(key)).getEncoded(),
                Expectation.verified("verified", "subject is the empty name (30 00)"));
        vectors.add("requests/pkcs10-bad-signature.der", Kind.SIMPLE_REQUEST,
                Requests.pkcs10(SUBJECT, key, Requests.extensions(key), KeyKind.P256.generate().signer()).getEncoded(),
                Expectation.failed("pop_invalid", "R1", "failed", "signed by another P-256 key"));
        vectors.add("requests/pkcs10-rsa2048-bad-signature.der", Kind.SIMPLE_REQUEST,
                brokenRsaRequest(),
                Expectation.failed("pop_invalid", "R1", "failed", "last octet of the signature changed"));
    }

    private void requestKeys() throws Exception {
        for (KeyKind kind : new KeyKind[] {KeyKind.RSA_2048, KeyKind.P256, KeyKind.P384, KeyKind.P521, KeyKind.ED25519}) {
            Key key = kind.generate();
            vectors.add("requests/request-key-pkcs10-%s.der".formatted(label(kind)), Kind.FULL_REQUEST,
                    Messages.signedByRequestKey(key, VectorSet.smallRequest(key)),
                    Expectation.verified("verified", "signed by the requested key, sid = SKI of request 3"));
            TaggedRequest crmf = Requests.tagged(Requests.crmf(3, SUBJECT, key, Requests.extensions(key)));
            vectors.add("requests/request-key-crmf-%s.der".formatted(label(kind)), Kind.FULL_REQUEST,
                    Messages.signedByRequestKey(key, Messages.request(crmf)),
                    Expectation.verified("verified", "signed by the requested key, sid = SKI of request 3"));
        }
    }

    private void proofs() throws Exception {
        Key rsa = KeyKind.RSA_2048.generate();
        Key ec = KeyKind.P256.generate();
        Extensions encryption = Requests.extensions(rsa.identifier().getKeyIdentifier(), KeyUsage.keyEncipherment);

        TaggedRequest challenge = Requests.tagged(Requests.crmfBuilder(3, SUBJECT, rsa, encryption)
                .setProofOfPossessionSubsequentMessage(SubsequentMessage.challengeResp).build());
        addSigned("crmf-challenge-needed", "challenge-needed", "keyEncipherment, subsequentMessage challengeResp", challenge);

        TaggedRequest without = Requests.tagged(Requests.crmfBuilder(3, SUBJECT, ec, Requests.extensions(ec)).build());
        addSigned("crmf-no-popo", "absent", "CRMF without popo", without);

        TaggedRequest raVerified = Requests.tagged(Requests.crmfBuilder(3, SUBJECT, ec, Requests.extensions(ec))
                .setProofOfPossessionRaVerified().build());
        addSigned("crmf-raverified", "absent", "raVerified; ra-asserted only when the caller declares the signer an authorised RA (R2)",
                raVerified);

        TaggedRequest other = Requests.other(3, EXAMPLE_TYPE, new DERUTF8String("other request"));
        addSigned("orm", "absent", "form other, requestMessageType 2.999.1", other);

        Key third = KeyKind.ED25519.generate();
        addSigned("four-requests", "verified,verified,absent,challenge-needed", "tcr 11, crm 12, orm 13, crm 4294967295",
                Requests.tagged(11, Requests.pkcs10(SUBJECT, ec, Requests.extensions(ec))),
                Requests.tagged(Requests.crmf(12, SUBJECT, third, Requests.extensions(third))),
                Requests.other(13, EXAMPLE_TYPE, new DERUTF8String("other request")),
                Requests.tagged(Requests.crmfBuilder(4294967295L, SUBJECT, rsa, encryption)
                        .setProofOfPossessionSubsequentMessage(SubsequentMessage.challengeResp).build()));

        // BouncyCastle writes poposkInput when the template has no subject; the signature is then over poposkInput.
        TaggedRequest input = Requests.tagged(Requests.crmfBuilder(3, null, ec, Requests.extensions(ec))
                .setAuthInfoSender(SUBJECT)
                .setProofOfPossessionSigningKeySigner(ec.signer()).build());
        vectors.add("requests/crmf-poposkinput.der", Kind.FULL_REQUEST,
                Messages.signedBy(vectors.authority, Messages.request(input)),
                Expectation.failedByRule("pop_invalid", "R6", "failed", "POPOSigningKeyInput present, which RFC 10002 refuses"));

        TaggedRequest wrongKey = Requests.tagged(Requests.crmfBuilder(3, SUBJECT, ec, Requests.extensions(ec))
                .setProofOfPossessionSigningKeySigner(KeyKind.P256.generate().signer()).build());
        vectors.add("requests/crmf-bad-pop.der", Kind.FULL_REQUEST,
                Messages.signedBy(vectors.authority, Messages.request(wrongKey)),
                Expectation.failed("pop_invalid", "R1", "failed", "POP signed by another P-256 key"));
    }

    private void addSigned(String name, String pop, String note, TaggedRequest... requests) throws Exception {
        vectors.add("requests/" + name + ".der", Kind.FULL_REQUEST,
                Messages.signedBy(vectors.authority, Messages.request(requests)), Expectation.verified(pop, note));
    }

    private static byte[] brokenRsaRequest() throws Exception {
        Key key = KeyKind.RSA_2048.generate();
        byte[] request = Requests.pkcs10(SUBJECT, key, Requests.extensions(key)).getEncoded();
        request[request.length - 1] ^= 1;
        return request;
    }

    private static String label(KeyKind kind) {
        return kind.name().toLowerCase().replace("_", "");
    }
}
