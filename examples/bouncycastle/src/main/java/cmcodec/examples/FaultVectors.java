package cmcodec.examples;

import cmcodec.examples.TestPki.Identity;
import cmcodec.examples.TestPki.Key;
import cmcodec.examples.TestPki.KeyKind;
import cmcodec.examples.VectorSet.Expectation;
import cmcodec.examples.VectorSet.Kind;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.ASN1Set;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.DLSequence;
import org.bouncycastle.asn1.DLSet;
import org.bouncycastle.asn1.DLTaggedObject;
import org.bouncycastle.asn1.cmc.PKIData;
import org.bouncycastle.asn1.cms.AttributeTable;
import org.bouncycastle.asn1.cms.CMSAlgorithmProtection;
import org.bouncycastle.asn1.cms.CMSAttributes;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.cms.SignedData;
import org.bouncycastle.asn1.cms.SignerInfo;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSAttributeTableGenerator;
import org.bouncycastle.cms.DefaultSignedAttributeTableGenerator;
import org.bouncycastle.cms.SignerInfoGenerator;
import org.bouncycastle.operator.ContentSigner;

/** Messages with one fault each, in the SignedData or in its SignerInfo. All other signatures are good. */
final class FaultVectors {
    private static final AlgorithmIdentifier SHA256 = new AlgorithmIdentifier(NISTObjectIdentifiers.id_sha256);
    private static final AlgorithmIdentifier SHA512 = new AlgorithmIdentifier(NISTObjectIdentifiers.id_sha512);

    private final VectorSet vectors;
    private final Identity signer;

    private FaultVectors(VectorSet vectors) throws Exception {
        this.vectors = vectors;
        signer = vectors.pki.registrationAuthority("CN=RA p256,O=Example", KeyKind.P256.generate());
    }

    static void addTo(VectorSet vectors) throws Exception {
        FaultVectors group = new FaultVectors(vectors);
        group.contents();
        group.signedAttributes();
        group.algorithms();
        group.signers();
        group.signatures();
        group.noSignature();
    }

    private void contents() throws Exception {
        vectors.add("faults/zero-signers.der", Kind.FULL_REQUEST,
                Messages.sign(Messages.PKI_DATA, VectorSet.smallRequest(), List.of()),
                Expectation.unsigned("no_signer", "V2", "verified", "SignedData over PKIData without SignerInfo"));
        vectors.add("faults/id-data-content.der", Kind.OTHER,
                Messages.sign(CMSObjectIdentifiers.data, VectorSet.smallRequest(), List.of(signer.certificate()),
                        Messages.certifiedSigner(signer)),
                Expectation.failedByRule("wrong_content_type", "V1", "", "eContentType id-data with content and signer"));
    }

    private void signedAttributes() throws Exception {
        vectors.add("faults/signed-attrs-missing.der", Kind.FULL_REQUEST, withoutSignedAttributes(),
                Expectation.failedByRule("attribute_missing", "V4", "verified", "no signedAttrs, signature over the content"));
        addAttributes("message-digest-missing", table -> table.remove(CMSAttributes.messageDigest),
                Expectation.failed("attribute_missing", "V4", "verified", "signedAttrs without messageDigest"));
        addAttributes("content-type-missing", table -> table.remove(CMSAttributes.contentType),
                Expectation.failed("attribute_missing", "V4", "verified", "signedAttrs without contentType"));
        addAttributes("message-digest-twice",
                table -> table.add(CMSAttributes.messageDigest, new DEROctetString(new byte[32])),
                Expectation.failed("attribute_duplicate", "V4", "verified", "two messageDigest attributes, one is right"));
        addAttributes("content-type-mismatch",
                table -> replace(table, CMSAttributes.contentType, Messages.PKI_RESPONSE),
                Expectation.failed("content_type_mismatch", "V5", "verified", "contentType attribute names id-cct-PKIResponse"));
        addAttributes("digest-mismatch",
                table -> replace(table, CMSAttributes.messageDigest, new DEROctetString(new byte[32])),
                Expectation.failed("digest_mismatch", "V6", "verified", "messageDigest is 32 zero octets, signature over it is good"));
        addAttributes("digest-truncated",
                table -> replace(table, CMSAttributes.messageDigest, truncated(table)),
                Expectation.failed("digest_mismatch", "V6", "verified", "messageDigest has the first 31 octets only"));
        addUnsortedAttributes();
    }

    private void algorithms() throws Exception {
        ContentInfo good = Messages.signedBy(signer, VectorSet.smallRequest());
        vectors.add("faults/digest-algorithms-other.der", Kind.FULL_REQUEST,
                withDigestAlgorithms(good, new DERSet(SHA512)),
                Expectation.failedByRule("algorithm_mismatch", "V7", "verified", "digestAlgorithms lists SHA-512 only, signer uses SHA-256"));
        vectors.add("faults/digest-algorithms-empty.der", Kind.FULL_REQUEST,
                withDigestAlgorithms(good, new DERSet()),
                Expectation.failedByRule("algorithm_mismatch", "V7", "verified", "digestAlgorithms is empty"));
        addSigned("digest-algorithm-not-of-signature",
                Messages.signerInfoBuilder().setContentDigest(SHA512).build(signer.key().signer(), signer.certificate()),
                Expectation.failedByRule("algorithm_mismatch", "V7", "verified", "digestAlgorithm SHA-512, signature ecdsa-with-SHA256"));
        Identity rsa = vectors.authority;
        vectors.add("faults/pss-hash-not-digest-algorithm.der", Kind.FULL_REQUEST,
                Messages.sign(Messages.PKI_DATA, VectorSet.smallRequest(), List.of(rsa.certificate()),
                        Messages.signerInfoBuilder().setContentDigest(SHA512)
                                .build(rsa.key().signer("SHA256withRSAandMGF1"), rsa.certificate())),
                Expectation.failedByRule("algorithm_mismatch", "V7", "verified", "digestAlgorithm SHA-512, PSS parameters SHA-256"));
        addAttributes("algorithm-protection-mismatch", table -> {
            AlgorithmIdentifier signature = CMSAlgorithmProtection
                    .getInstance(table.get(CMSAttributes.cmsAlgorithmProtect).getAttributeValues()[0]).getSignatureAlgorithm();
            return replace(table, CMSAttributes.cmsAlgorithmProtect,
                    new CMSAlgorithmProtection(SHA512, CMSAlgorithmProtection.SIGNATURE, signature));
        }, Expectation.failed("algorithm_mismatch", "V7", "verified", "CMSAlgorithmProtection names SHA-512, digestAlgorithm is SHA-256"));
    }

    private void signers() throws Exception {
        PKIData content = VectorSet.smallRequest();
        vectors.add("faults/signer-certificate-absent.der", Kind.FULL_REQUEST,
                Messages.sign(Messages.PKI_DATA, content, List.of(), Messages.certifiedSigner(signer)),
                Expectation.failed("signer_not_found", "V8", "verified", "sid issuerAndSerial, its certificate is not in the message"));
        vectors.add("faults/signer-ski-of-nobody.der", Kind.FULL_REQUEST,
                Messages.signedByRequestKey(KeyKind.P256.generate(), content),
                Expectation.failed("signer_not_found", "V8", "verified", "sid subjectKeyIdentifier that no certificate or request has"));

        Key first = KeyKind.P256.generate();
        Key second = KeyKind.P256.generate();
        byte[] shared = first.identifier().getKeyIdentifier();
        PKIData ambiguous = Messages.request(
                Requests.tagged(3, Requests.pkcs10(VectorSet.subject("device-0001"), first,
                        Requests.extensions(shared, KeyUsage.digitalSignature))),
                Requests.tagged(Requests.crmf(4, VectorSet.subject("device-0001"), second,
                        Requests.extensions(shared, KeyUsage.digitalSignature))));
        vectors.add("faults/signer-ambiguous.der", Kind.FULL_REQUEST, Messages.signedByRequestKey(first, ambiguous),
                Expectation.failedByRule("signer_ambiguous", "V8", "verified,verified",
                        "requests 3 and 4 have the same SKI; the key of 3 signed"));
        vectors.add("faults/request-key-and-second-signer.der", Kind.FULL_REQUEST,
                Messages.sign(Messages.PKI_DATA, VectorSet.smallRequest(first), List.of(signer.certificate()),
                        Messages.requestKeySigner(first), Messages.certifiedSigner(signer)),
                Expectation.failedByRule("request_key_not_sole_signer", "V8", "verified",
                        "a request-key signature beside that of a certificate, both good (R-022)"));
    }

    private void signatures() throws Exception {
        vectors.add("faults/signature-broken.der", Kind.FULL_REQUEST,
                withBrokenSignature(Messages.signedBy(vectors.authority, VectorSet.smallRequest())),
                Expectation.failed("signature_invalid", "V10", "verified", "last octet of an RSA signature changed"));
        Identity second = vectors.authority;
        List<X509CertificateHolder> certificates = List.of(signer.certificate(), second.certificate());
        ContentInfo both = Messages.sign(Messages.PKI_DATA, VectorSet.smallRequest(), certificates,
                Messages.certifiedSigner(signer), Messages.certifiedSigner(second));
        vectors.add("faults/two-signers-one-broken.der", Kind.FULL_REQUEST, withBrokenSignature(both),
                Expectation.failed("signature_invalid", "V10", "verified", "two SignerInfos; the signature of the second is broken"));
    }

    private void noSignature() throws Exception {
        Key key = KeyKind.P256.generate();
        byte[] identifier = key.identifier().getKeyIdentifier();
        PKIData pkcs10 = Messages.request(Requests.tagged(3, Requests.pkcs10(VectorSet.subject("device-0001"), key,
                Requests.extensions(identifier, KeyUsage.keyAgreement), new NoSignature(true))));
        PKIData crmf = Messages.request(Requests.tagged(Requests.crmfBuilder(3, VectorSet.subject("device-0001"), key,
                Requests.extensions(identifier, KeyUsage.keyAgreement)).build()));
        SignerInfoGenerator none = Messages.plainSignerInfoBuilder().setContentDigest(SHA256)
                .build(new NoSignature(false), identifier);
        String note = "id-alg-noSignature, sid = SKI of request 3, digestAlgorithm SHA-256; ";
        vectors.add("faults/no-signature-pkcs10.der", Kind.FULL_REQUEST,
                Messages.sign(Messages.PKI_DATA, pkcs10, List.of(), none),
                Expectation.failed("no_signature", "V12", "absent", note + "the PKCS#10 request has noSignature too"));
        vectors.add("faults/no-signature-crmf.der", Kind.FULL_REQUEST,
                Messages.sign(Messages.PKI_DATA, crmf, List.of(), none),
                Expectation.failed("no_signature", "V12", "absent", note + "CRMF request without popo"));
    }

    /** The same message, with the last octet of the signature of its last SignerInfo changed. */
    static ContentInfo withBrokenSignature(ContentInfo message) {
        SignedData data = SignedData.getInstance(message.getContent());
        ASN1EncodableVector infos = new ASN1EncodableVector();
        for (int i = 0; i < data.getSignerInfos().size(); i++) {
            SignerInfo info = SignerInfo.getInstance(data.getSignerInfos().getObjectAt(i));
            infos.add(i < data.getSignerInfos().size() - 1 ? info : withBrokenSignature(info));
        }
        return rebuilt(data, data.getDigestAlgorithms(), new DERSet(infos));
    }

    private static SignerInfo withBrokenSignature(SignerInfo info) {
        byte[] signature = info.getEncryptedDigest().getOctets().clone();
        signature[signature.length - 1] ^= 1;
        return new SignerInfo(info.getSID(), info.getDigestAlgorithm(), info.getAuthenticatedAttributes(),
                info.getDigestEncryptionAlgorithm(), new DEROctetString(signature), info.getUnauthenticatedAttributes());
    }

    private static ContentInfo withDigestAlgorithms(ContentInfo message, ASN1Set digestAlgorithms) {
        SignedData data = SignedData.getInstance(message.getContent());
        return rebuilt(data, digestAlgorithms, data.getSignerInfos());
    }

    private static ContentInfo rebuilt(SignedData data, ASN1Set digestAlgorithms, ASN1Set signerInfos) {
        return new ContentInfo(CMSObjectIdentifiers.signedData, new SignedData(data.getVersion(), digestAlgorithms,
                data.getEncapContentInfo(), data.getCertificates(), data.getCRLs(), signerInfos));
    }

    private void addAttributes(String name, UnaryOperator<AttributeTable> change, Expectation expectation) throws Exception {
        addSigned(name, signerWith(parameters ->
                change.apply(new DefaultSignedAttributeTableGenerator().getAttributes(parameters))), expectation);
    }

    private void addSigned(String name, SignerInfoGenerator generator, Expectation expectation) throws Exception {
        vectors.add("faults/" + name + ".der", Kind.FULL_REQUEST,
                Messages.sign(Messages.PKI_DATA, VectorSet.smallRequest(), List.of(signer.certificate()), generator), expectation);
    }

    private SignerInfoGenerator signerWith(CMSAttributeTableGenerator attributes) throws Exception {
        return Messages.signerInfoBuilder().setSignedAttributeGenerator(attributes)
                .build(signer.key().signer(), signer.certificate());
    }

    /** BouncyCastle's generator refuses to make this one. */
    private ContentInfo withoutSignedAttributes() throws Exception {
        SignedData data = SignedData.getInstance(Messages.signedBy(signer, VectorSet.smallRequest()).getContent());
        SignerInfo info = SignerInfo.getInstance(data.getSignerInfos().getObjectAt(0));
        byte[] content = ASN1OctetString.getInstance(data.getEncapContentInfo().getContent()).getOctets();
        SignerInfo direct = new SignerInfo(info.getSID(), info.getDigestAlgorithm(), (ASN1Set) null,
                info.getDigestEncryptionAlgorithm(), new DEROctetString(signature(content)), null);
        return rebuilt(data, data.getDigestAlgorithms(), new DERSet(direct));
    }

    private byte[] signature(byte[] octets) throws Exception {
        ContentSigner contentSigner = signer.key().signer();
        try (OutputStream stream = contentSigner.getOutputStream()) {
            stream.write(octets);
        }
        return contentSigner.getSignature();
    }

    /** Attributes in reverse order, and a signature over them as they stand. Not DER, so encoded with definite lengths only. */
    private void addUnsortedAttributes() throws Exception {
        ContentInfo good = Messages.signedBy(signer, VectorSet.smallRequest());
        SignedData data = SignedData.getInstance(good.getContent());
        ASN1Sequence info = (ASN1Sequence) data.getSignerInfos().getObjectAt(0).toASN1Primitive();
        ASN1Encodable[] attributes = SignerInfo.getInstance(info).getAuthenticatedAttributes().toArray();
        ASN1EncodableVector reversed = new ASN1EncodableVector();
        for (int i = attributes.length - 1; i >= 0; i--) {
            reversed.add(attributes[i]);
        }
        DLSet unsorted = new DLSet(reversed);
        ASN1Encodable[] fields = info.toArray();
        fields[3] = new DLTaggedObject(false, 0, unsorted);
        fields[5] = new DEROctetString(signature(unsorted.getEncoded(ASN1Encoding.DL)));
        ASN1Sequence fieldsOfData = (ASN1Sequence) data.toASN1Primitive();
        ASN1Encodable[] dataFields = fieldsOfData.toArray();
        dataFields[dataFields.length - 1] = new DLSet(new DLSequence(fields));
        ContentInfo message = new ContentInfo(CMSObjectIdentifiers.signedData, new DLSequence(dataFields));
        vectors.addUnchecked("faults/attributes-unsorted.der", Kind.OTHER, message.getEncoded(ASN1Encoding.DL),
                Expectation.malformed("attributes_unsorted", "V4",
                        "signedAttrs in reverse order, signature over them as they stand"));
    }

    private static AttributeTable replace(AttributeTable table, ASN1ObjectIdentifier type, ASN1Encodable value) {
        return table.remove(type).add(type, value);
    }

    private static DEROctetString truncated(AttributeTable table) {
        byte[] digest = DEROctetString.getInstance(
                table.get(CMSAttributes.messageDigest).getAttributeValues()[0]).getOctets();
        return new DEROctetString(Arrays.copyOf(digest, digest.length - 1));
    }

    /** The "signature" of RFC 10002, C.1: a SHA-1 hash; in a BIT STRING it stands as a DER OCTET STRING. */
    private static final class NoSignature implements ContentSigner {
        private final ByteArrayOutputStream signed = new ByteArrayOutputStream();
        private final boolean asOctetString;

        NoSignature(boolean asOctetString) {
            this.asOctetString = asOctetString;
        }

        @Override
        public AlgorithmIdentifier getAlgorithmIdentifier() {
            return new AlgorithmIdentifier(Messages.NO_SIGNATURE, DERNull.INSTANCE);
        }

        @Override
        public OutputStream getOutputStream() {
            signed.reset();
            return signed;
        }

        @Override
        public byte[] getSignature() {
            try {
                byte[] hash = MessageDigest.getInstance("SHA-1").digest(signed.toByteArray());
                return asOctetString ? new DEROctetString(hash).getEncoded() : hash;
            } catch (Exception exception) {
                throw new IllegalStateException(exception);
            }
        }
    }
}
