package cmcodec.benches;

import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.cmc.PKIData;
import org.bouncycastle.asn1.cmc.TaggedContentInfo;
import org.bouncycastle.asn1.cmc.TaggedRequest;
import org.bouncycastle.asn1.crmf.CertReqMsg;
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
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;

/** Verifies messages as users of BouncyCastle do: with its CMS, PKCS#10 and CRMF classes and its provider. */
final class Verifier {
    private static final BouncyCastleProvider PROVIDER = new BouncyCastleProvider();

    private Verifier() {}

    /** Verifies signer and proofs of possession of a message and of those nested in it; returns how many they are. */
    static int verify(byte[] octets) throws Exception {
        return verify(new CMSSignedData(octets));
    }

    private static int verify(CMSSignedData message) throws Exception {
        PKIData content = PKIData.getInstance(message.getSignedContent().getContent());
        TaggedRequest[] requests = content.getReqSequence();
        Collection<SignerInformation> signers = message.getSignerInfos().getSigners();
        require(!signers.isEmpty(), "nobody signed");
        for (SignerInformation signer : signers) {
            require(signer.verify(verifier(message, signer, requests)), "a signature is not good");
        }
        for (TaggedRequest request : requests) {
            require(isProven(request), "a proof of possession is not good");
        }
        int verified = 1;
        for (TaggedContentInfo nested : content.getCmsSequence()) {
            verified += verify(new CMSSignedData(nested.getContentInfo()));
        }
        return verified;
    }

    /** By the signer's certificate, or else by the key that is requested. */
    private static SignerInformationVerifier verifier(
            CMSSignedData message, SignerInformation signer, TaggedRequest[] requests) throws Exception {
        JcaSimpleSignerInfoVerifierBuilder builder = new JcaSimpleSignerInfoVerifierBuilder().setProvider(PROVIDER);
        Iterator<X509CertificateHolder> certificates =
                message.getCertificates().getMatches(signer.getSID()).iterator();
        if (certificates.hasNext()) {
            return builder.build(certificates.next());
        }
        for (TaggedRequest request : requests) {
            boolean isPkcs10 = request.getTagNo() == TaggedRequest.TCR;
            Extensions extensions = isPkcs10
                    ? pkcs10(request).getRequestedExtensions()
                    : crmf(request).getCertTemplate().getExtensions();
            byte[] identifier = SubjectKeyIdentifier.fromExtensions(extensions).getKeyIdentifier();
            if (Arrays.equals(identifier, signer.getSID().getSubjectKeyIdentifier())) {
                SubjectPublicKeyInfo key = isPkcs10
                        ? pkcs10(request).getSubjectPublicKeyInfo()
                        : crmf(request).getCertTemplate().getPublicKey();
                return builder.build(BouncyCastleProvider.getPublicKey(key));
            }
        }
        throw new IllegalStateException("no key of the signer");
    }

    private static boolean isProven(TaggedRequest request) throws Exception {
        if (request.getTagNo() == TaggedRequest.TCR) {
            PKCS10CertificationRequest pkcs10 = pkcs10(request);
            return pkcs10.isSignatureValid(provider(pkcs10.getSubjectPublicKeyInfo()));
        }
        CertificateRequestMessage crmf = crmf(request);
        return crmf.isValidSigningKeyPOP(provider(crmf.getCertTemplate().getPublicKey()));
    }

    private static PKCS10CertificationRequest pkcs10(TaggedRequest request) {
        return new PKCS10CertificationRequest(Message.pkcs10(request));
    }

    private static CertificateRequestMessage crmf(TaggedRequest request) {
        return new CertificateRequestMessage(CertReqMsg.getInstance(request.getValue()));
    }

    private static ContentVerifierProvider provider(SubjectPublicKeyInfo key) throws OperatorCreationException {
        return new JcaContentVerifierProviderBuilder().setProvider(PROVIDER).build(key);
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalStateException(otherwise);
        }
    }
}
