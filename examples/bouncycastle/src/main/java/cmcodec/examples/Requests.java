package cmcodec.examples;

import java.math.BigInteger;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERTaggedObject;
import org.bouncycastle.asn1.cmc.BodyPartID;
import org.bouncycastle.asn1.cmc.CertificationRequest;
import org.bouncycastle.asn1.cmc.TaggedCertificationRequest;
import org.bouncycastle.asn1.cmc.TaggedRequest;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.cert.crmf.CertificateRequestMessage;
import org.bouncycastle.cert.crmf.CertificateRequestMessageBuilder;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.PKCS10CertificationRequestBuilder;

/** Certification requests in the two forms of CMC: PKCS#10 (tcr) and CRMF (crm); and the open form (orm). */
final class Requests {
    private Requests() {}

    /** The extensions of a request that can sign the message it stands in: SubjectKeyIdentifier, not critical, and keyUsage. */
    static Extensions extensions(TestPki.Key key) throws Exception {
        return extensions(key.identifier().getKeyIdentifier(), KeyUsage.digitalSignature);
    }

    static Extensions extensions(byte[] keyIdentifier, int keyUsage) throws Exception {
        ExtensionsGenerator generator = new ExtensionsGenerator();
        if (keyIdentifier != null) {
            generator.addExtension(Extension.subjectKeyIdentifier, false,
                    new SubjectKeyIdentifier(keyIdentifier));
        }
        generator.addExtension(Extension.keyUsage, true, new KeyUsage(keyUsage));
        return generator.generate();
    }

    /** A PKCS#10 request; without extensions its attributes field is still there, empty (A0 00). */
    static PKCS10CertificationRequest pkcs10(X500Name subject, TestPki.Key key, Extensions extensions) throws Exception {
        return pkcs10(subject, key, extensions, key.signer());
    }

    static PKCS10CertificationRequest pkcs10(
            X500Name subject, TestPki.Key key, Extensions extensions, ContentSigner signer) {
        PKCS10CertificationRequestBuilder builder = new PKCS10CertificationRequestBuilder(subject, key.publicKeyInfo());
        if (extensions != null) {
            builder.addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions);
        }
        return builder.build(signer);
    }

    /** A CRMF request with a signature proof of possession over the DER CertRequest; poposkInput is absent. */
    static CertificateRequestMessage crmf(long bodyPartId, X500Name subject, TestPki.Key key, Extensions extensions)
            throws Exception {
        return crmfBuilder(bodyPartId, subject, key, extensions)
                .setProofOfPossessionSigningKeySigner(key.signer())
                .build();
    }

    /** A CRMF request that still lacks its proof of possession. A null subject or null extensions are left out. */
    static CertificateRequestMessageBuilder crmfBuilder(
            long bodyPartId, X500Name subject, TestPki.Key key, Extensions extensions) throws Exception {
        CertificateRequestMessageBuilder builder = new CertificateRequestMessageBuilder(BigInteger.valueOf(bodyPartId));
        builder.setPublicKey(key.publicKeyInfo());
        if (subject != null) {
            builder.setSubject(subject);
        }
        if (extensions != null) {
            for (ASN1ObjectIdentifier id : extensions.getExtensionOIDs()) {
                Extension extension = extensions.getExtension(id);
                builder.addExtension(id, extension.isCritical(), extension.getParsedValue());
            }
        }
        return builder;
    }

    static TaggedRequest tagged(long bodyPartId, PKCS10CertificationRequest request) {
        return new TaggedRequest(new TaggedCertificationRequest(
                new BodyPartID(bodyPartId), CertificationRequest.getInstance(request.toASN1Structure())));
    }

    /** The body part id of a CRMF request is its certReqId. */
    static TaggedRequest tagged(CertificateRequestMessage request) {
        return new TaggedRequest(request.toASN1Structure());
    }

    /** The open form; BouncyCastle offers no constructor for it. */
    static TaggedRequest other(long bodyPartId, ASN1ObjectIdentifier type, ASN1Encodable value) {
        ASN1EncodableVector fields = new ASN1EncodableVector();
        fields.add(new ASN1Integer(bodyPartId));
        fields.add(type);
        fields.add(value);
        return TaggedRequest.getInstance(new DERTaggedObject(false, TaggedRequest.ORM, new DERSequence(fields)));
    }
}
