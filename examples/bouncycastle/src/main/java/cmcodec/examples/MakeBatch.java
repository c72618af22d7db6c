package cmcodec.examples;

import cmcodec.examples.TestPki.Identity;
import cmcodec.examples.TestPki.Key;
import cmcodec.examples.TestPki.KeyKind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.cmc.TaggedContentInfo;
import org.bouncycastle.asn1.cmc.TaggedRequest;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extensions;

/**
 * Writes one batch: a Full PKI Request, signed by a registration authority, that carries the Full PKI Requests of many
 * devices. Arguments: file of the message, file of the CA certificate, number of devices.
 */
public final class MakeBatch {
    private static final List<KeyKind> KINDS = List.of(KeyKind.RSA_2048, KeyKind.P256, KeyKind.ED25519);
    private static final long REQUEST_ID = 101;
    private static final long FIRST_MESSAGE_ID = 1001;

    private MakeBatch() {}

    public static void main(String[] arguments) throws Exception {
        Path messageFile = Path.of(arguments[0]);
        Path anchorFile = Path.of(arguments[1]);
        int count = Integer.parseInt(arguments[2]);

        TestPki pki = new TestPki("CN=CMC Example CA,O=Example", KeyKind.RSA_2048);
        Identity authority = pki.registrationAuthority("CN=CMC Example RA,O=Example", KeyKind.RSA_2048.generate());
        TaggedContentInfo[] messages = IntStream.range(0, count).parallel()
                .mapToObj(number -> Messages.tagged(FIRST_MESSAGE_ID + number, device(pki, number)))
                .toArray(TaggedContentInfo[]::new);
        byte[] batch = Messages.signedBy(authority, Messages.batch(messages)).getEncoded(ASN1Encoding.DER);

        StrictDer.check(batch);
        ReadBack.Result result = ReadBack.message(batch);
        result.requireVerified(count + 1, count);
        Files.write(messageFile, batch);
        Files.write(anchorFile, pki.ca.certificate().getEncoded());
        System.out.printf("%s: %d octets, %d signed messages and %d proofs of possession verified%n",
                messageFile, batch.length, result.signers(), result.proofs());
    }

    private static ContentInfo device(TestPki pki, int number) {
        try {
            return buildDevice(pki, number);
        } catch (Exception exception) {
            throw new IllegalStateException("device " + number, exception);
        }
    }

    /**
     * One device. Its number decides the shape: the kind of the key that signs changes with every device, the form of the
     * request every 3, the way of signing every 6, the kind of a renewal's new key every 12, its extensions every 36.
     */
    private static ContentInfo buildDevice(TestPki pki, int number) throws Exception {
        X500Name subject = new X500Name("CN=device-%04d,O=Example".formatted(number + 1));
        boolean isCrmf = number / 3 % 2 == 1;
        boolean isRenewal = number / 6 % 2 == 1;
        Key signingKey = KINDS.get(number % 3).generate();
        if (!isRenewal) {
            TaggedRequest request = request(isCrmf, subject, signingKey, Requests.extensions(signingKey));
            return Messages.signedByRequestKey(signingKey, Messages.request(request));
        }
        Identity device = pki.endEntity(subject, signingKey);
        Key newKey = KINDS.get(number / 12 % 3).generate();
        Extensions extensions = number / 36 % 2 == 0 ? Requests.extensions(newKey) : null;
        return Messages.signedBy(device, Messages.request(request(isCrmf, subject, newKey, extensions)));
    }

    private static TaggedRequest request(boolean isCrmf, X500Name subject, Key key, Extensions extensions) throws Exception {
        return isCrmf
                ? Requests.tagged(Requests.crmf(REQUEST_ID, subject, key, extensions))
                : Requests.tagged(REQUEST_ID, Requests.pkcs10(subject, key, extensions));
    }
}
