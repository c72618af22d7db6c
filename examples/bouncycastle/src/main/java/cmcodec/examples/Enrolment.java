package cmcodec.examples;

import cmcodec.examples.TestPki.Identity;
import cmcodec.examples.TestPki.Key;
import cmcodec.examples.TestPki.KeyKind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.cmc.CMCObjectIdentifiers;
import org.bouncycastle.asn1.cmc.IdentityProofV2;
import org.bouncycastle.asn1.cmc.PKIData;
import org.bouncycastle.asn1.cmc.TaggedAttribute;
import org.bouncycastle.asn1.cmc.TaggedContentInfo;
import org.bouncycastle.asn1.cmc.TaggedRequest;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.AttributeTable;
import org.bouncycastle.asn1.cms.CMSAttributes;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cms.CMSAlgorithm;
import org.bouncycastle.cms.CMSAuthEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSTypedData;
import org.bouncycastle.cms.RecipientInfoGenerator;
import org.bouncycastle.cms.SimpleAttributeTableGenerator;
import org.bouncycastle.cms.jcajce.JceCMSContentEncryptorBuilder;
import org.bouncycastle.cms.jcajce.JceKeyAgreeRecipientInfoGenerator;
import org.bouncycastle.cms.jcajce.JceKeyTransRecipientInfoGenerator;
import org.bouncycastle.operator.OutputAEADEncryptor;
import org.bouncycastle.operator.OutputEncryptor;

/**
 * An end entity: writes requests, and reads what a server of another implementation answers.
 *
 * <p>{@code ask FOLDER} writes requests {@code NAME.request}, {@code renew FOLDER} those of who has a certificate by then;
 * {@code read FOLDER} reads each {@code NAME.answer} and prints a line of it. The folder has {@code ca.der} and
 * {@code server.der}, the certificates of the CA and of the key that requests are encrypted for.
 */
public final class Enrolment {
    static final String IDENTIFICATION = "device";
    static final byte[] SECRET = "correct horse battery".getBytes(StandardCharsets.US_ASCII);
    private static final long REQUEST_ID = 7;
    private static final AlgorithmIdentifier SHA_256 = new AlgorithmIdentifier(NISTObjectIdentifiers.id_sha256);
    private static final AlgorithmIdentifier HMAC = new AlgorithmIdentifier(PKCSObjectIdentifiers.id_hmacWithSHA256);

    private final Path folder;

    private Enrolment(Path folder) {
        this.folder = folder;
    }

    public static void main(String[] arguments) throws Exception {
        Enrolment enrolment = new Enrolment(Path.of(arguments[1]));
        switch (arguments[0]) {
            case "ask" -> enrolment.ask();
            case "renew" -> enrolment.renew();
            case "read" -> new EnrolmentReader(enrolment.folder).readAll();
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private void ask() throws Exception {
        Key simple = KeyKind.RSA_2048.generate();
        write("simple", simple, Requests.pkcs10(subject("simple"), simple, null).getEncoded());
        for (KeyKind kind : List.of(KeyKind.RSA_2048, KeyKind.P256, KeyKind.ED25519)) {
            for (boolean isCrmf : new boolean[] {false, true}) {
                Key key = kind.generate();
                String name = (isCrmf ? "crmf-" : "pkcs10-") + kind.name().toLowerCase();
                keep(name, key, signed(key, identified(SECRET, request(isCrmf, name, key))));
            }
        }
        for (String name : List.of("pending", "refused")) {
            Key key = KeyKind.P256.generate();
            keep(name, key, signed(key, identified(SECRET, request(false, name, key))));
        }
        Key stranger = KeyKind.P256.generate();
        byte[] guess = "wrong".getBytes(StandardCharsets.US_ASCII);
        keep("stranger", stranger, signed(stranger, identified(guess, request(false, "stranger", stranger))));
        Key hidden = KeyKind.P256.generate();
        byte[] message = signed(hidden, identified(SECRET, request(false, "encrypted", hidden)));
        keep("encrypted", hidden, encrypted(message), message);
    }

    private void renew() throws Exception {
        for (KeyKind kind : List.of(KeyKind.RSA_2048, KeyKind.P256)) {
            String before = "pkcs10-" + kind.name().toLowerCase();
            Identity signer = new Identity(key(kind, before), new X509CertificateHolder(bytes(before + ".der")));
            Key key = kind.generate();
            String name = "renewal-" + kind.name().toLowerCase();
            keep(name, key, renewal(signer, before, key));
            Key encrypted = kind.generate();
            byte[] message = renewal(signer, before, encrypted);
            keep("encrypted-" + name, encrypted, encrypted(message), message);
            Key authenticated = kind.generate();
            message = renewal(signer, before, authenticated);
            keep("authenticated-" + name, authenticated, authenticatedAndEncrypted(message), message);
            for (String how : List.of("encrypted-", "authenticated-")) {
                Files.write(folder.resolve(how + name + ".reader"), signer.key().pair().getPrivate().getEncoded());
            }
        }
    }

    private static X500Name subject(String name) {
        return new X500Name("CN=" + name);
    }

    private static TaggedRequest request(boolean isCrmf, String name, Key key) throws Exception {
        return isCrmf
                ? Requests.tagged(Requests.crmf(REQUEST_ID, subject(name), key, Requests.extensions(key)))
                : Requests.tagged(REQUEST_ID, Requests.pkcs10(subject(name), key, Requests.extensions(key)));
    }

    /** transactionId (1), senderNonce (2), identification (3), identityProofV2 (4) over the request. */
    private static PKIData identified(byte[] secret, TaggedRequest request) throws Exception {
        byte[] requests = new DERSequence(request).getEncoded(ASN1Encoding.DER);
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        digest.update(secret);
        byte[] key = digest.digest(IDENTIFICATION.getBytes(StandardCharsets.UTF_8));
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        IdentityProofV2 proof = new IdentityProofV2(SHA_256, HMAC, mac.doFinal(requests));
        List<TaggedAttribute> controls = new ArrayList<>(Messages.transactionControls(1));
        controls.add(Messages.control(3, CMCObjectIdentifiers.id_cmc_identification, new DERUTF8String(IDENTIFICATION)));
        controls.add(Messages.control(4, CMCObjectIdentifiers.id_cmc_identityProofV2, proof));
        return Messages.pkiData(controls, new TaggedRequest[] {request}, new TaggedContentInfo[0]);
    }

    private static byte[] signed(Key key, PKIData content) throws Exception {
        return Messages.signedByRequestKey(key, content).getEncoded(ASN1Encoding.DER);
    }

    private static byte[] renewal(Identity signer, String name, Key key) throws Exception {
        PKIData content = Messages.request(request(false, name, key));
        return Messages.signedBy(signer, content).getEncoded(ASN1Encoding.DER);
    }

    /** An EnvelopedData around the SignedData, for the key of the server. */
    private byte[] encrypted(byte[] message) throws Exception {
        CMSEnvelopedDataGenerator generator = new CMSEnvelopedDataGenerator();
        generator.addRecipientInfoGenerator(server());
        return generator.generate(inside(message), encryptor(NISTObjectIdentifiers.id_aes256_CBC))
                .toASN1Structure().getEncoded(ASN1Encoding.DER);
    }

    /** An AuthEnvelopedData; RFC 5083, 2.1: authAttrs are required when the content is not id-data. */
    private byte[] authenticatedAndEncrypted(byte[] message) throws Exception {
        CMSAuthEnvelopedDataGenerator generator = new CMSAuthEnvelopedDataGenerator();
        generator.addRecipientInfoGenerator(server());
        generator.setAuthenticatedAttributeGenerator(new SimpleAttributeTableGenerator(new AttributeTable(
                new Attribute(CMSAttributes.contentType, new DERSet(CMSObjectIdentifiers.signedData)))));
        OutputEncryptor encryptor = encryptor(NISTObjectIdentifiers.id_aes256_GCM);
        return generator.generate(inside(message), (OutputAEADEncryptor) encryptor)
                .toASN1Structure().getEncoded(ASN1Encoding.DER);
    }

    private static CMSTypedData inside(byte[] message) throws IOException {
        byte[] content = ContentInfo.getInstance(message).getContent().toASN1Primitive().getEncoded(ASN1Encoding.DER);
        return new CMSProcessableByteArray(CMSObjectIdentifiers.signedData, content);
    }

    private static OutputEncryptor encryptor(ASN1ObjectIdentifier cipher) throws Exception {
        return new JceCMSContentEncryptorBuilder(cipher).setProvider(TestPki.PROVIDER).build();
    }

    private RecipientInfoGenerator server() throws Exception {
        X509CertificateHolder server = new X509CertificateHolder(bytes("server.der"));
        var certificate = new JcaX509CertificateConverter().setProvider(TestPki.PROVIDER).getCertificate(server);
        if (certificate.getPublicKey().getAlgorithm().equals("RSA")) {
            return new JceKeyTransRecipientInfoGenerator(certificate).setProvider(TestPki.PROVIDER);
        }
        KeyPair ephemeral = KeyKind.P256.generate().pair();
        return new JceKeyAgreeRecipientInfoGenerator(CMSAlgorithm.ECDH_SHA256KDF, ephemeral.getPrivate(),
                ephemeral.getPublic(), CMSAlgorithm.AES256_WRAP)
                .addRecipient(certificate).setProvider(TestPki.PROVIDER);
    }

    // --- files ------------------------------------------------------------------------------------

    private byte[] bytes(String name) throws IOException {
        return Files.readAllBytes(folder.resolve(name));
    }

    private void keep(String name, Key key, byte[] message) throws IOException {
        keep(name, key, message, message);
    }

    /** {@code NAME.sent} is the Full PKI Request to which an answer has to be, whatever is around it. */
    private void keep(String name, Key key, byte[] octets, byte[] message) throws IOException {
        write(name, key, octets);
        Files.write(folder.resolve(name + ".sent"), message);
    }

    private void write(String name, Key key, byte[] message) throws IOException {
        Files.write(folder.resolve(name + ".request"), message);
        Files.write(folder.resolve(name + ".key"), key.pair().getPrivate().getEncoded());
        Files.write(folder.resolve(name + ".public"), key.publicKeyInfo().getEncoded());
    }

    private Key key(KeyKind kind, String name) throws Exception {
        SubjectPublicKeyInfo info = SubjectPublicKeyInfo.getInstance(bytes(name + ".public"));
        KeyFactory factory = KeyFactory.getInstance(info.getAlgorithm().getAlgorithm().getId(), TestPki.PROVIDER);
        PrivateKey key = factory.generatePrivate(new PKCS8EncodedKeySpec(bytes(name + ".key")));
        return new Key(kind, new KeyPair(factory.generatePublic(new X509EncodedKeySpec(info.getEncoded())), key));
    }
}
