package cmcodec.examples;

import java.util.Arrays;
import java.util.Collection;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.cmc.PKIData;
import org.bouncycastle.asn1.cmc.TaggedCertificationRequest;
import org.bouncycastle.asn1.cmc.TaggedContentInfo;
import org.bouncycastle.asn1.cmc.TaggedRequest;
import org.bouncycastle.asn1.crmf.CertReqMsg;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.crmf.CertificateRequestMessage;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.SignerInformationVerifier;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.ContentVerifierProvider;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;

/** Reads a message again and has BouncyCastle verify every signature in it, nested messages included. */
final class ReadBack {
    /** How many SignerInfos and proofs of possession were found, and the first fault of any. */
    record Result(int signers, int proofs, String fault) {
        void requireVerified(int expectedSigners, int expectedProofs) {
            if (fault != null || signers != expectedSigners || proofs != expectedProofs) {
                throw new IllegalStateException("read back: " + this);
            }
        }
    }

    private int signers;
    private int proofs;
    private String fault;

    private ReadBack() {}

    static Result message(byte[] octets) {
        ReadBack reader = new ReadBack();
        try {
            reader.signedData(octets);
        } catch (Exception exception) {
            reader.fault("message", exception.toString());
        }
        return new Result(reader.signers, reader.proofs, reader.fault);
    }

    static Result simpleRequest(byte[] octets) throws Exception {
        ReadBack reader = new ReadBack();
        reader.pkcs10(new PKCS10CertificationRequest(octets));
        return new Result(reader.signers, reader.proofs, reader.fault);
    }

    private void signedData(byte[] octets) throws Exception {
        CMSSignedData message = new CMSSignedData(octets);
        byte[] content = (byte[]) message.getSignedContent().getContent();
        boolean isRequest = message.getSignedContentTypeOID().equals(Messages.PKI_DATA.getId());
        PKIData pkiData = isRequest ? PKIData.getInstance(content) : null;
        for (SignerInformation signer : message.getSignerInfos()) {
            signers++;
            try {
                if (!signer.verify(verifier(message, signer, pkiData))) {
                    fault("SignerInfo", "signature does not verify");
                }
            } catch (Exception exception) {
                fault("SignerInfo", exception.toString());
            }
        }
        if (pkiData != null) {
            for (TaggedRequest request : pkiData.getReqSequence()) {
                proof(request);
            }
            for (TaggedContentInfo inner : pkiData.getCmsSequence()) {
                signedData(inner.getContentInfo().getEncoded(ASN1Encoding.DER));
            }
        }
    }

    private static SignerInformationVerifier verifier(CMSSignedData message, SignerInformation signer, PKIData pkiData)
            throws Exception {
        JcaSimpleSignerInfoVerifierBuilder builder = new JcaSimpleSignerInfoVerifierBuilder().setProvider(TestPki.PROVIDER);
        Collection<X509CertificateHolder> certificates = message.getCertificates().getMatches(signer.getSID());
        if (!certificates.isEmpty()) {
            return builder.build(certificates.iterator().next());
        }
        for (TaggedRequest request : pkiData.getReqSequence()) {
            byte[] identifier = keyIdentifier(request);
            if (identifier != null && Arrays.equals(identifier, signer.getSID().getSubjectKeyIdentifier())) {
                return builder.build(BouncyCastleProvider.getPublicKey(publicKey(request)));
            }
        }
        throw new IllegalStateException("no key for the signer");
    }

    private void proof(TaggedRequest request) throws Exception {
        if (request.getTagNo() == TaggedRequest.TCR) {
            pkcs10(pkcs10Of(request));
        } else if (request.getTagNo() == TaggedRequest.CRM) {
            CertificateRequestMessage message = new CertificateRequestMessage(CertReqMsg.getInstance(request.getValue()));
            if (message.getProofOfPossessionType() == CertificateRequestMessage.popSigningKey) {
                proofs++;
                if (!message.isValidSigningKeyPOP(provider(publicKey(request)))) {
                    fault("CRMF", "proof of possession does not verify");
                }
            }
        }
    }

    private void pkcs10(PKCS10CertificationRequest request) {
        proofs++;
        try {
            if (!request.isSignatureValid(provider(request.getSubjectPublicKeyInfo()))) {
                fault("PKCS#10", "signature does not verify");
            }
        } catch (Exception exception) {
            fault("PKCS#10", exception.toString());
        }
    }

    private static PKCS10CertificationRequest pkcs10Of(TaggedRequest request) throws Exception {
        TaggedCertificationRequest tagged = TaggedCertificationRequest.getInstance(request.getValue());
        return new PKCS10CertificationRequest(tagged.getCertificationRequest().getEncoded(ASN1Encoding.DER));
    }

    private static SubjectPublicKeyInfo publicKey(TaggedRequest request) throws Exception {
        return request.getTagNo() == TaggedRequest.TCR
                ? pkcs10Of(request).getSubjectPublicKeyInfo()
                : CertReqMsg.getInstance(request.getValue()).getCertReq().getCertTemplate().getPublicKey();
    }

    private static byte[] keyIdentifier(TaggedRequest request) throws Exception {
        Extensions extensions = switch (request.getTagNo()) {
            case TaggedRequest.TCR -> pkcs10Of(request).getRequestedExtensions();
            case TaggedRequest.CRM -> CertReqMsg.getInstance(request.getValue()).getCertReq().getCertTemplate().getExtensions();
            default -> null;
        };
        Extension extension = extensions == null ? null : extensions.getExtension(Extension.subjectKeyIdentifier);
        return extension == null ? null
                : SubjectKeyIdentifier.getInstance(ASN1OctetString.getInstance(extension.getExtnValue()).getOctets()).getKeyIdentifier();
    }

    private static ContentVerifierProvider provider(SubjectPublicKeyInfo key) throws Exception {
        return new JcaContentVerifierProviderBuilder().setProvider(TestPki.PROVIDER).build(key);
    }

    private void fault(String where, String what) {
        if (fault == null) {
            fault = where + ": " + what;
        }
    }
}
