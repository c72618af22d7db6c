package cmcodec.benches;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.ASN1Set;
import org.bouncycastle.asn1.ASN1UTF8String;
import org.bouncycastle.asn1.cmc.BodyPartList;
import org.bouncycastle.asn1.cmc.CMCObjectIdentifiers;
import org.bouncycastle.asn1.cmc.IdentityProofV2;
import org.bouncycastle.asn1.cmc.PKIData;
import org.bouncycastle.asn1.cmc.TaggedAttribute;
import org.bouncycastle.asn1.cmc.TaggedCertificationRequest;
import org.bouncycastle.asn1.cmc.TaggedContentInfo;
import org.bouncycastle.asn1.cmc.TaggedRequest;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.CMSAlgorithmProtection;
import org.bouncycastle.asn1.cms.CMSAttributes;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.cms.SignedData;
import org.bouncycastle.asn1.cms.SignerInfo;
import org.bouncycastle.asn1.cms.Time;
import org.bouncycastle.asn1.crmf.CertReqMsg;
import org.bouncycastle.asn1.pkcs.CertificationRequest;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.Certificate;
import org.bouncycastle.asn1.x509.Extensions;

/**
 * A message in BouncyCastle's types, in all its levels. Values of unknown type, parameters of algorithms and the values of
 * extensions stay what they are as ASN.1.
 *
 * <p>Less than cmcodec: BER is as good as DER, a SET OF may have any order, and body part ids may repeat.
 */
record Message(
        SignedData signed,
        List<AlgorithmIdentifier> digestAlgorithms,
        List<Certificate> certificates,
        List<SignerInfo> signers,
        List<Value> signerAttributes,
        PKIData content,
        List<Value> controls,
        List<Request> requests,
        List<Message> nested) {

    /** An attribute or control, and one of its values. */
    record Value(ASN1ObjectIdentifier type, ASN1Encodable value) {}

    /** One of the two is null. */
    record Request(CertificationRequest pkcs10, List<Value> attributes, CertReqMsg crmf) {}

    static Message load(byte[] octets) throws IOException {
        return load(ContentInfo.getInstance(ASN1Primitive.fromByteArray(octets)));
    }

    private static Message load(ContentInfo info) {
        SignedData signed = SignedData.getInstance(info.getContent());
        List<AlgorithmIdentifier> digestAlgorithms = new ArrayList<>();
        for (ASN1Encodable each : signed.getDigestAlgorithms()) {
            digestAlgorithms.add(AlgorithmIdentifier.getInstance(each));
        }
        List<Certificate> certificates = new ArrayList<>();
        if (signed.getCertificates() != null) {
            for (ASN1Encodable each : signed.getCertificates()) {
                certificates.add(Certificate.getInstance(each));
            }
        }
        List<SignerInfo> signers = new ArrayList<>();
        List<Value> signerAttributes = new ArrayList<>();
        for (ASN1Encodable each : signed.getSignerInfos()) {
            SignerInfo signer = SignerInfo.getInstance(each);
            signers.add(signer);
            addAttributes(signerAttributes, signer.getAuthenticatedAttributes());
        }
        PKIData content = pkiData(signed);
        List<Value> controls = new ArrayList<>();
        for (TaggedAttribute each : content.getControlSequence()) {
            for (ASN1Encodable value : each.getAttrValues()) {
                controls.add(new Value(each.getAttrType(), control(each.getAttrType(), value)));
            }
        }
        List<Request> requests = new ArrayList<>();
        for (TaggedRequest each : content.getReqSequence()) {
            requests.add(request(each));
        }
        List<Message> nested = new ArrayList<>();
        for (TaggedContentInfo each : content.getCmsSequence()) {
            nested.add(load(each.getContentInfo()));
        }
        return new Message(
                signed, digestAlgorithms, certificates, signers, signerAttributes, content, controls, requests, nested);
    }

    private static PKIData pkiData(SignedData signed) {
        ContentInfo encapsulated = signed.getEncapContentInfo();
        if (!CMCObjectIdentifiers.id_cct_PKIData.equals(encapsulated.getContentType())) {
            throw new IllegalArgumentException("no PKIData");
        }
        return PKIData.getInstance(ASN1OctetString.getInstance(encapsulated.getContent()).getOctets());
    }

    private static Request request(TaggedRequest request) {
        switch (request.getTagNo()) {
            case TaggedRequest.TCR -> {
                CertificationRequest pkcs10 = pkcs10(request);
                List<Value> attributes = new ArrayList<>();
                addAttributes(attributes, pkcs10.getCertificationRequestInfo().getAttributes());
                return new Request(pkcs10, attributes, null);
            }
            case TaggedRequest.CRM -> {
                return new Request(null, List.of(), CertReqMsg.getInstance(request.getValue()));
            }
            default -> throw new IllegalArgumentException("another request");
        }
    }

    /** A tcr as the type that PKCS#10 has everywhere else. */
    static CertificationRequest pkcs10(TaggedRequest request) {
        TaggedCertificationRequest tagged = TaggedCertificationRequest.getInstance(request.getValue());
        return CertificationRequest.getInstance(tagged.getCertificationRequest().toASN1Primitive());
    }

    private static void addAttributes(List<Value> values, ASN1Set attributes) {
        for (ASN1Encodable each : attributes) {
            Attribute attribute = Attribute.getInstance(each);
            for (ASN1Encodable value : attribute.getAttrValues()) {
                values.add(new Value(attribute.getAttrType(), value(attribute.getAttrType(), value)));
            }
        }
    }

    private static ASN1Encodable value(ASN1ObjectIdentifier type, ASN1Encodable value) {
        if (CMSAttributes.contentType.equals(type)) {
            return ASN1ObjectIdentifier.getInstance(value);
        } else if (CMSAttributes.messageDigest.equals(type)) {
            return ASN1OctetString.getInstance(value);
        } else if (CMSAttributes.signingTime.equals(type)) {
            return Time.getInstance(value);
        } else if (CMSAttributes.cmsAlgorithmProtect.equals(type)) {
            return CMSAlgorithmProtection.getInstance(value);
        } else if (PKCSObjectIdentifiers.pkcs_9_at_extensionRequest.equals(type)) {
            return Extensions.getInstance(value);
        }
        return value;
    }

    private static ASN1Encodable control(ASN1ObjectIdentifier type, ASN1Encodable value) {
        if (CMCObjectIdentifiers.id_cmc_transactionId.equals(type)) {
            return ASN1Integer.getInstance(value);
        } else if (CMCObjectIdentifiers.id_cmc_senderNonce.equals(type)
                || CMCObjectIdentifiers.id_cmc_recipientNonce.equals(type)
                || CMCObjectIdentifiers.id_cmc_regInfo.equals(type)) {
            return ASN1OctetString.getInstance(value);
        } else if (CMCObjectIdentifiers.id_cmc_identification.equals(type)) {
            return ASN1UTF8String.getInstance(value);
        } else if (CMCObjectIdentifiers.id_cmc_identityProofV2.equals(type)) {
            return IdentityProofV2.getInstance(value);
        } else if (CMCObjectIdentifiers.id_cmc_batchRequests.equals(type)) {
            return BodyPartList.getInstance(value);
        }
        return value;
    }
}
