package cmcodec.examples;

import cmcodec.examples.TestPki.Identity;
import cmcodec.examples.TestPki.Key;
import cmcodec.examples.TestPki.KeyKind;
import cmcodec.examples.VectorSet.Expectation;
import cmcodec.examples.VectorSet.Kind;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.cmc.BodyPartID;
import org.bouncycastle.asn1.cmc.CMCFailInfo;
import org.bouncycastle.asn1.cmc.CMCObjectIdentifiers;
import org.bouncycastle.asn1.cmc.CMCStatus;
import org.bouncycastle.asn1.cmc.CMCStatusInfoV2Builder;
import org.bouncycastle.asn1.cmc.TaggedAttribute;
import org.bouncycastle.asn1.cmc.TaggedContentInfo;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.cms.CMSAbsentContent;
import org.bouncycastle.cms.CMSSignedDataGenerator;

/** Batches of requests, and responses. */
final class BatchAndResponseVectors {
    private final VectorSet vectors;

    private BatchAndResponseVectors(VectorSet vectors) {
        this.vectors = vectors;
    }

    static void addTo(VectorSet vectors) throws Exception {
        BatchAndResponseVectors group = new BatchAndResponseVectors(vectors);
        group.batches();
        group.responses();
    }

    private void batches() throws Exception {
        TaggedContentInfo[] five = new TaggedContentInfo[5];
        for (int i = 0; i < five.length; i++) {
            five[i] = Messages.tagged(11 + i, device());
        }
        ContentInfo flat = Messages.signedData(Messages.PKI_DATA, Messages.batch(five),
                List.of(vectors.authority.certificate()), Messages.certifiedSigner(vectors.authority)).toASN1Structure();
        vectors.add("batches/batch-5.der", Kind.FULL_REQUEST, flat,
                Expectation.verified("", "batchRequests {11..15}, each signed by its requested key"));
        byte[] indefinite = flat.getEncoded(ASN1Encoding.BER);
        if (indefinite[1] != (byte) 0x80) {
            throw new IllegalStateException("the BER form has a definite length");
        }
        vectors.addUnchecked("batches/batch-5.ber", Kind.FULL_REQUEST, indefinite,
                Expectation.verified("", "encoding ber, indefinite lengths in the outer wrapper only, eContent is DER; "
                        + "strict=True: malformed, not_canonical"));

        Identity inner = vectors.pki.registrationAuthority("CN=RA inner,O=Example", KeyKind.P256.generate());
        ContentInfo innerBatch = Messages.signedBy(inner,
                Messages.batch(Messages.tagged(11, device()), Messages.tagged(12, device())));
        vectors.add("batches/nested-batch.der", Kind.FULL_REQUEST,
                Messages.signedBy(vectors.authority,
                        Messages.batch(Messages.tagged(21, innerBatch), Messages.tagged(22, device()))),
                Expectation.verified("", "21 is itself a batch of 11 and 12; five messages in all"));

        ContentInfo broken = FaultVectors.withBrokenSignature(device());
        vectors.add("batches/batch-3-inner-signature-broken.der", Kind.FULL_REQUEST,
                Messages.signedBy(vectors.authority, Messages.batch(
                        Messages.tagged(11, device()), Messages.tagged(12, broken), Messages.tagged(13, device()))),
                new Expectation("verified", "", "", "", "outer, 11 and 13 verified; 12 alone: failed, signature_invalid, V10", true));
    }

    private void responses() throws Exception {
        Identity issued = vectors.pki.endEntity(VectorSet.subject("device-0001"), KeyKind.P256.generate());
        CMSSignedDataGenerator certificatesOnly = new CMSSignedDataGenerator();
        certificatesOnly.addCertificate(issued.certificate());
        certificatesOnly.addCertificate(vectors.pki.ca.certificate());
        certificatesOnly.addCRL(vectors.pki.revocationList(issued.certificate().getSerialNumber()));
        vectors.add("responses/certs-only-crl.der", Kind.SIMPLE_RESPONSE,
                certificatesOnly.generate(new CMSAbsentContent(), false).toASN1Structure(),
                Expectation.unsigned("", "", "", "two certificates and one CRL; degenerate SignedData"));

        Identity responder = vectors.pki.registrationAuthority("CN=CMC server,O=Example", KeyKind.P384.generate());
        DERSequence success = Messages.pkiResponse(
                status(1, CMCStatus.success, null), recipientNonce(2), transactionId(3));
        vectors.add("responses/success.der", Kind.FULL_RESPONSE,
                Messages.sign(Messages.PKI_RESPONSE, success,
                        List.of(responder.certificate(), issued.certificate()), Messages.certifiedSigner(responder)),
                Expectation.verified("", "statusInfoV2 success for 101; the issued certificate is in certificates"));
        DERSequence failure = Messages.pkiResponse(
                status(1, CMCStatus.failed, CMCFailInfo.badRequest), recipientNonce(2), transactionId(3));
        vectors.add("responses/failed.der", Kind.FULL_RESPONSE,
                Messages.sign(Messages.PKI_RESPONSE, failure, List.of(responder.certificate()), Messages.certifiedSigner(responder)),
                Expectation.verified("", "statusInfoV2 failed, badRequest, for 101"));
        vectors.add("responses/zero-signers.der", Kind.FULL_RESPONSE,
                Messages.sign(Messages.PKI_RESPONSE, failure, List.of()),
                Expectation.unsigned("no_signer", "V2", "", "a server that cannot sign: PKIResponse without SignerInfo"));
    }

    /** A device that signs with the key it requests. */
    private static ContentInfo device() throws Exception {
        Key key = KeyKind.P256.generate();
        return Messages.signedByRequestKey(key, VectorSet.smallRequest(key));
    }

    private static TaggedAttribute status(long bodyPartId, CMCStatus status, CMCFailInfo failInfo) {
        CMCStatusInfoV2Builder builder = new CMCStatusInfoV2Builder(status, new BodyPartID(101));
        if (failInfo != null) {
            builder.setOtherInfo(failInfo);
        }
        return Messages.control(bodyPartId, CMCObjectIdentifiers.id_cmc_statusInfoV2, builder.build());
    }

    private static TaggedAttribute recipientNonce(long bodyPartId) {
        return Messages.control(bodyPartId, CMCObjectIdentifiers.id_cmc_recipientNonce, new DEROctetString(new byte[16]));
    }

    private static TaggedAttribute transactionId(long bodyPartId) {
        return Messages.control(bodyPartId, CMCObjectIdentifiers.id_cmc_transactionId, new ASN1Integer(0x0123456789abcdefL));
    }
}
