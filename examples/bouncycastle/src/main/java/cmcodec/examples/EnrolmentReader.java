package cmcodec.examples;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.cmc.BodyPartID;
import org.bouncycastle.asn1.cmc.CMCFailInfo;
import org.bouncycastle.asn1.cmc.CMCObjectIdentifiers;
import org.bouncycastle.asn1.cmc.CMCStatusInfoV2;
import org.bouncycastle.asn1.cmc.OtherStatusInfo;
import org.bouncycastle.asn1.cmc.PKIData;
import org.bouncycastle.asn1.cmc.PKIResponse;
import org.bouncycastle.asn1.cmc.PendInfo;
import org.bouncycastle.asn1.cmc.TaggedAttribute;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSAuthEnvelopedData;
import org.bouncycastle.cms.CMSEnvelopedData;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.PasswordRecipient;
import org.bouncycastle.cms.PasswordRecipientInformation;
import org.bouncycastle.cms.Recipient;
import org.bouncycastle.cms.RecipientInformation;
import org.bouncycastle.cms.RecipientInformationStore;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.cms.jcajce.JceKeyAgreeAuthEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyAgreeEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransAuthEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JcePasswordEnvelopedRecipient;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;

/**
 * Reads answers, and prints a line of each: its name, its kind, its statuses, and whether it has the certificate.
 *
 * <p>An answer whose signature is not that of the CA, or of somebody it has certified, ends the program; so does one to
 * another message. What BouncyCastle cannot decrypt is {@code sealed}.
 */
final class EnrolmentReader {
    private final Path folder;
    private final X509CertificateHolder authority;

    EnrolmentReader(Path folder) throws IOException {
        this.folder = folder;
        this.authority = new X509CertificateHolder(bytes("ca.der"));
    }

    void readAll() throws Exception {
        List<String> names;
        try (Stream<Path> files = Files.list(folder)) {
            names = files.map(file -> file.getFileName().toString())
                    .filter(file -> file.endsWith(".answer"))
                    .map(file -> file.substring(0, file.length() - ".answer".length()))
                    .sorted().toList();
        }
        for (String name : names) {
            System.out.println(name + " " + read(name));
        }
    }

    private String read(String name) throws Exception {
        ContentInfo message = ContentInfo.getInstance(bytes(name + ".answer"));
        List<String> words = new ArrayList<>();
        boolean isAuthenticated = message.getContentType().equals(CMSObjectIdentifiers.authEnvelopedData);
        if (isAuthenticated || message.getContentType().equals(CMSObjectIdentifiers.envelopedData)) {
            RecipientInformationStore recipients = isAuthenticated
                    ? new CMSAuthEnvelopedData(message).getRecipientInfos()
                    : new CMSEnvelopedData(message).getRecipientInfos();
            RecipientInformation recipient = recipients.iterator().next();
            if (!isReadable(recipient)) {
                return "sealed";
            }
            message = opened(recipient, recipient(name, isAuthenticated));
            words.add(isAuthenticated ? "authenticated" : "encrypted");
        }
        CMSSignedData signed = new CMSSignedData(message);
        if (signed.getSignerInfos().size() == 0) {
            words.add("certs-only");
        } else {
            requireSignature(name, signed);
            words.add("response");
            words.addAll(statuses(name, signed));
        }
        for (X509CertificateHolder certificate : signed.getCertificates().getMatches(null)) {
            if (certificate.getSubjectPublicKeyInfo().equals(SubjectPublicKeyInfo.getInstance(bytes(name + ".public")))) {
                require(name, isIssued(certificate), "a certificate of somebody else");
                Files.write(folder.resolve(name + ".der"), certificate.getEncoded());
                words.add("issued");
            }
        }
        return String.join(" ", words);
    }

    private void requireSignature(String name, CMSSignedData signed) throws Exception {
        for (SignerInformation signer : signed.getSignerInfos()) {
            X509CertificateHolder found = signed.getCertificates().getMatches(null).stream()
                    .filter(each -> signer.getSID().match(each)).findFirst().orElse(authority);
            require(name, found.equals(authority) || isIssued(found), "signed by somebody else");
            require(name, signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider(TestPki.PROVIDER).build(found)),
                    "the signature is wrong");
        }
    }

    private boolean isIssued(X509CertificateHolder certificate) throws Exception {
        return certificate.isSignatureValid(
                new JcaContentVerifierProviderBuilder().setProvider(TestPki.PROVIDER).build(authority));
    }

    private List<String> statuses(String name, CMSSignedData signed) throws Exception {
        require(name, signed.getSignedContentTypeOID().equals(Messages.PKI_RESPONSE.getId()), "no PKIResponse");
        PKIResponse response = PKIResponse.getInstance(signed.getSignedContent().getContent());
        requireConversation(name, response);
        List<String> words = new ArrayList<>();
        for (ASN1Encodable each : response.getControlSequence()) {
            TaggedAttribute control = TaggedAttribute.getInstance(each);
            if (control.getAttrType().equals(CMCObjectIdentifiers.id_cmc_statusInfoV2)) {
                words.add(words(CMCStatusInfoV2.getInstance(control.getAttrValues().getObjectAt(0))));
            }
        }
        return words;
    }

    /** The status, the body parts, and failInfo or the token: {@code 2(7)=7}. */
    private static String words(CMCStatusInfoV2 status) {
        String parts = Arrays.stream(status.getBodyList()).map(BodyPartID::getID).map(String::valueOf)
                .collect(Collectors.joining(","));
        String words = "%s(%s)".formatted(ASN1Integer.getInstance(status.getCMCStatus().toASN1Primitive()), parts);
        if (!status.hasOtherInfo()) {
            return words;
        }
        OtherStatusInfo other = status.getOtherStatusInfo();
        if (other.isFailInfo()) {
            return words + "=" + ASN1Integer.getInstance(CMCFailInfo.getInstance(other.toASN1Primitive()).toASN1Primitive());
        }
        return other.isPendingInfo()
                ? words + "=" + PendInfo.getInstance(other.toASN1Primitive()).getPendToken().length + " octets" : words;
    }

    /** The transaction is that of the request, and its nonce has come back; a Simple PKI Request has neither. */
    private void requireConversation(String name, PKIResponse response) throws Exception {
        if (!Files.exists(folder.resolve(name + ".sent"))) {
            return;
        }
        PKIData sent = PKIData.getInstance(new CMSSignedData(bytes(name + ".sent")).getSignedContent().getContent());
        for (TaggedAttribute control : sent.getControlSequence()) {
            ASN1ObjectIdentifier type = control.getAttrType();
            boolean isNonce = type.equals(CMCObjectIdentifiers.id_cmc_senderNonce);
            if (isNonce || type.equals(CMCObjectIdentifiers.id_cmc_transactionId)) {
                ASN1ObjectIdentifier wanted = isNonce ? CMCObjectIdentifiers.id_cmc_recipientNonce : type;
                boolean isThere = false;
                for (ASN1Encodable each : response.getControlSequence()) {
                    TaggedAttribute found = TaggedAttribute.getInstance(each);
                    isThere |= found.getAttrType().equals(wanted) && found.getAttrValues().equals(control.getAttrValues());
                }
                require(name, isThere, "another conversation");
            }
        }
    }

    /** BouncyCastle knows one way of encrypting a key with a password, which RFC 10004 does not require. */
    private static boolean isReadable(RecipientInformation recipient) {
        return !(recipient instanceof PasswordRecipientInformation)
                || recipient.getKeyEncryptionAlgOID().equals(PKCSObjectIdentifiers.id_alg_PWRI_KEK.getId());
    }

    private static ContentInfo opened(RecipientInformation recipient, Recipient reader) throws Exception {
        byte[] content = recipient.getContent(reader);
        return new ContentInfo(CMSObjectIdentifiers.signedData, ASN1Primitive.fromByteArray(content));
    }

    /** The key of {@code NAME.reader}, or else the secret. */
    private Recipient recipient(String name, boolean isAuthenticated) throws Exception {
        Path file = folder.resolve(name + ".reader");
        if (!Files.exists(file)) {
            String password = Enrolment.IDENTIFICATION + new String(Enrolment.SECRET, StandardCharsets.US_ASCII);
            return new JcePasswordEnvelopedRecipient(password.toCharArray())
                    .setPasswordConversionScheme(PasswordRecipient.PKCS5_SCHEME2_UTF8).setProvider(TestPki.PROVIDER);
        }
        byte[] octets = Files.readAllBytes(file);
        String algorithm = PrivateKeyInfo.getInstance(octets).getPrivateKeyAlgorithm().getAlgorithm().getId();
        PrivateKey key = KeyFactory.getInstance(algorithm, TestPki.PROVIDER).generatePrivate(new PKCS8EncodedKeySpec(octets));
        if (isAuthenticated) {
            return key.getAlgorithm().equals("RSA")
                    ? new JceKeyTransAuthEnvelopedRecipient(key).setProvider(TestPki.PROVIDER)
                    : new JceKeyAgreeAuthEnvelopedRecipient(key).setProvider(TestPki.PROVIDER);
        }
        return key.getAlgorithm().equals("RSA")
                ? new JceKeyTransEnvelopedRecipient(key).setProvider(TestPki.PROVIDER)
                : new JceKeyAgreeEnvelopedRecipient(key).setProvider(TestPki.PROVIDER);
    }

    private byte[] bytes(String name) throws IOException {
        return Files.readAllBytes(folder.resolve(name));
    }

    private static void require(String name, boolean isRight, String fault) {
        if (!isRight) {
            throw new IllegalStateException(name + ": " + fault);
        }
    }
}
