package cmcodec.examples;

import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.cmc.BodyPartID;
import org.bouncycastle.asn1.cmc.BodyPartList;
import org.bouncycastle.asn1.cmc.CMCObjectIdentifiers;
import org.bouncycastle.asn1.cmc.OtherMsg;
import org.bouncycastle.asn1.cmc.PKIData;
import org.bouncycastle.asn1.cmc.TaggedAttribute;
import org.bouncycastle.asn1.cmc.TaggedContentInfo;
import org.bouncycastle.asn1.cmc.TaggedRequest;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.SignerInfoGenerator;
import org.bouncycastle.cms.SignerInfoGeneratorBuilder;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/** PKIData, its controls, and the SignedData around it. */
final class Messages {
    static final ASN1ObjectIdentifier PKI_DATA = CMCObjectIdentifiers.id_cct_PKIData;
    static final ASN1ObjectIdentifier PKI_RESPONSE = CMCObjectIdentifiers.id_cct_PKIResponse;

    /** Two identifiers of CMC that BouncyCastle does not name: id-alg-noSignature and id-aa-cmc-unsignedData. */
    static final ASN1ObjectIdentifier NO_SIGNATURE = new ASN1ObjectIdentifier("1.3.6.1.5.5.7.6.2");
    static final ASN1ObjectIdentifier UNSIGNED_DATA = new ASN1ObjectIdentifier("1.2.840.113549.1.9.16.2.34");

    private Messages() {}

    static TaggedAttribute control(long bodyPartId, ASN1ObjectIdentifier type, ASN1Encodable value) {
        return new TaggedAttribute(new BodyPartID(bodyPartId), type, new DERSet(value));
    }

    /** Two controls: a random positive transactionId of 64 to 128 bits, and a senderNonce of 16 octets. */
    static List<TaggedAttribute> transactionControls(long firstBodyPartId) {
        int bits = 64 + TestPki.RANDOM.nextInt(65);
        BigInteger transactionId = new BigInteger(bits, TestPki.RANDOM).setBit(bits - 1);
        byte[] nonce = new byte[16];
        TestPki.RANDOM.nextBytes(nonce);
        List<TaggedAttribute> controls = new ArrayList<>();
        controls.add(control(firstBodyPartId, CMCObjectIdentifiers.id_cmc_transactionId, new ASN1Integer(transactionId)));
        controls.add(control(firstBodyPartId + 1, CMCObjectIdentifiers.id_cmc_senderNonce, new DEROctetString(nonce)));
        return controls;
    }

    /** A PKIData of one end entity: transactionId (body part 1), senderNonce (2), and the requests. */
    static PKIData request(TaggedRequest... requests) {
        return pkiData(transactionControls(1), requests, new TaggedContentInfo[0]);
    }

    /** A PKIData of a registration authority: batchRequests (1) names each message, transactionId (2), senderNonce (3). */
    static PKIData batch(TaggedContentInfo... messages) {
        BodyPartID[] ids = new BodyPartID[messages.length];
        for (int i = 0; i < messages.length; i++) {
            ids[i] = messages[i].getBodyPartID();
        }
        List<TaggedAttribute> controls = new ArrayList<>();
        controls.add(control(1, CMCObjectIdentifiers.id_cmc_batchRequests, new BodyPartList(ids)));
        controls.addAll(transactionControls(2));
        return pkiData(controls, new TaggedRequest[0], messages);
    }

    static PKIData pkiData(List<TaggedAttribute> controls, TaggedRequest[] requests, TaggedContentInfo[] messages) {
        return new PKIData(controls.toArray(TaggedAttribute[]::new), requests, messages, new OtherMsg[0]);
    }

    /** A PKIResponse; BouncyCastle offers no public constructor for it. */
    static DERSequence pkiResponse(TaggedAttribute... controls) {
        return new DERSequence(new ASN1Encodable[] {new DERSequence(controls), new DERSequence(), new DERSequence()});
    }

    static TaggedContentInfo tagged(long bodyPartId, ContentInfo message) {
        return new TaggedContentInfo(new BodyPartID(bodyPartId), message);
    }

    static JcaSignerInfoGeneratorBuilder signerInfoBuilder() throws Exception {
        return new JcaSignerInfoGeneratorBuilder(
                new JcaDigestCalculatorProviderBuilder().setProvider(TestPki.PROVIDER).build());
    }

    /** As {@link #signerInfoBuilder}, for algorithms that do not imply a digest. */
    static SignerInfoGeneratorBuilder plainSignerInfoBuilder() throws Exception {
        return new SignerInfoGeneratorBuilder(
                new JcaDigestCalculatorProviderBuilder().setProvider(TestPki.PROVIDER).build());
    }

    /** A signer named by issuer and serial number of its certificate. */
    static SignerInfoGenerator certifiedSigner(TestPki.Identity identity) throws Exception {
        return signerInfoBuilder().build(identity.key().signer(), identity.certificate());
    }

    /** A signer whose key is that of a request of the message, named by the SubjectKeyIdentifier extension of that request. */
    static SignerInfoGenerator requestKeySigner(TestPki.Key key) throws Exception {
        return signerInfoBuilder().build(key.signer(), key.identifier().getKeyIdentifier());
    }

    static ContentInfo signedBy(TestPki.Identity identity, PKIData content) throws Exception {
        return sign(PKI_DATA, content, List.of(identity.certificate()), certifiedSigner(identity));
    }

    static ContentInfo signedByRequestKey(TestPki.Key key, PKIData content) throws Exception {
        return sign(PKI_DATA, content, List.of(), requestKeySigner(key));
    }

    /** Wraps the DER encoding of the content. */
    static ContentInfo sign(
            ASN1ObjectIdentifier contentType, ASN1Encodable content, List<X509CertificateHolder> certificates,
            SignerInfoGenerator... signers) throws Exception {
        return der(signedData(contentType, content, certificates, signers).toASN1Structure());
    }

    static CMSSignedData signedData(
            ASN1ObjectIdentifier contentType, ASN1Encodable content, List<X509CertificateHolder> certificates,
            SignerInfoGenerator... signers) throws Exception {
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        for (X509CertificateHolder certificate : certificates) {
            generator.addCertificate(certificate);
        }
        for (SignerInfoGenerator signer : signers) {
            generator.addSignerInfoGenerator(signer);
        }
        byte[] octets = content.toASN1Primitive().getEncoded(ASN1Encoding.DER);
        return generator.generate(new CMSProcessableByteArray(contentType, octets), true);
    }

    /** The same value read back from its DER encoding, so that no BER form is left anywhere in it. */
    static ContentInfo der(ContentInfo message) throws IOException {
        return ContentInfo.getInstance(message.getEncoded(ASN1Encoding.DER));
    }
}
