package cmcodec.examples;

import cmcodec.examples.TestPki.Identity;
import cmcodec.examples.TestPki.Key;
import cmcodec.examples.TestPki.KeyKind;
import cmcodec.examples.VectorSet.Expectation;
import cmcodec.examples.VectorSet.Kind;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.security.spec.MGF1ParameterSpec;
import java.util.Arrays;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.PSource;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.cmc.CMCObjectIdentifiers;
import org.bouncycastle.asn1.cmc.TaggedAttribute;
import org.bouncycastle.asn1.cmc.TaggedContentInfo;
import org.bouncycastle.asn1.cmc.TaggedRequest;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.AttributeTable;
import org.bouncycastle.asn1.cms.CMSAttributes;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.cms.GCMParameters;
import org.bouncycastle.asn1.cms.PasswordRecipientInfo;
import org.bouncycastle.asn1.cms.RecipientInfo;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PBKDF2Params;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cms.CMSAlgorithm;
import org.bouncycastle.cms.CMSAuthEnvelopedData;
import org.bouncycastle.cms.CMSAuthEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSAuthenticatedData;
import org.bouncycastle.cms.CMSAuthenticatedDataGenerator;
import org.bouncycastle.cms.CMSEncryptedDataGenerator;
import org.bouncycastle.cms.CMSEnvelopedData;
import org.bouncycastle.cms.CMSEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.PasswordRecipient;
import org.bouncycastle.cms.Recipient;
import org.bouncycastle.cms.RecipientInfoGenerator;
import org.bouncycastle.cms.RecipientInformation;
import org.bouncycastle.cms.RecipientInformationStore;
import org.bouncycastle.cms.SimpleAttributeTableGenerator;
import org.bouncycastle.cms.jcajce.JceCMSContentEncryptorBuilder;
import org.bouncycastle.cms.jcajce.JceCMSMacCalculatorBuilder;
import org.bouncycastle.cms.jcajce.JceKEKEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKEKRecipientInfoGenerator;
import org.bouncycastle.cms.jcajce.JceKeyAgreeEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyAgreeRecipientInfoGenerator;
import org.bouncycastle.cms.jcajce.JceKeyTransAuthEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransAuthenticatedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransRecipientInfoGenerator;
import org.bouncycastle.cms.jcajce.JcePasswordAuthenticatedRecipient;
import org.bouncycastle.cms.jcajce.JcePasswordEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JcePasswordRecipient;
import org.bouncycastle.cms.jcajce.JcePasswordRecipientInfoGenerator;
import org.bouncycastle.operator.GenericKey;
import org.bouncycastle.operator.OutputAEADEncryptor;
import org.bouncycastle.operator.OutputEncryptor;
import org.bouncycastle.operator.jcajce.JcaAlgorithmParametersConverter;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/** CMS types other than SignedData: encrypted, MACed, digested. */
final class EncryptedVectors {
    private static final String PASSWORD = "cmc-corpus-shared-secret";
    private static final int ITERATIONS = 10_000;
    private static final String IDENTIFIER = "device-0001";
    private static final byte[] KEY_IDENTIFIER = "kek-1".getBytes(StandardCharsets.US_ASCII);
    private static final ASN1ObjectIdentifier SIGNED_DATA = CMSObjectIdentifiers.signedData;

    private final VectorSet vectors;
    private final Key rsa;
    private final Key ec;
    private final X509Certificate rsaCertificate;
    private final X509Certificate ecCertificate;
    private final SecretKey keyEncryptionKey = keyEncryptionKey();
    /** The value of a SignedData, which is what an envelope of CMC holds. */
    private final byte[] signedData;

    private EncryptedVectors(VectorSet vectors) throws Exception {
        this.vectors = vectors;
        rsa = KeyKind.RSA_2048.generate();
        ec = KeyKind.P256.generate();
        rsaCertificate = recipient("recipient-rsa2048", rsa);
        ecCertificate = recipient("recipient-p256", ec);
        vectors.writeKeyFile("kek.bin", keyEncryptionKey.getEncoded());
        signedData = Messages.signedBy(vectors.authority, VectorSet.smallRequest())
                .getContent().toASN1Primitive().getEncoded(ASN1Encoding.DER);
    }

    static void addTo(VectorSet vectors) throws Exception {
        EncryptedVectors group = new EncryptedVectors(vectors);
        group.enveloped();
        group.authEnveloped();
        group.authenticated();
        group.keyless();
    }

    private void enveloped() throws Exception {
        addEnveloped("enveloped-rsa", "ktri RSA PKCS#1 v1.5, rid issuerAndSerial, AES-256-CBC",
                new JceKeyTransRecipientInfoGenerator(rsaCertificate).setProvider(TestPki.PROVIDER),
                new JceKeyTransEnvelopedRecipient(rsa.pair().getPrivate()).setProvider(TestPki.PROVIDER));
        OAEPParameterSpec oaep = new OAEPParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT);
        AlgorithmIdentifier oaepIdentifier =
                new JcaAlgorithmParametersConverter().getAlgorithmIdentifier(PKCSObjectIdentifiers.id_RSAES_OAEP, oaep);
        addEnveloped("enveloped-rsa-oaep-sha256", "ktri RSAES-OAEP SHA-256, rid issuerAndSerial, AES-256-CBC",
                new JceKeyTransRecipientInfoGenerator(rsaCertificate, oaepIdentifier).setProvider(TestPki.PROVIDER),
                new JceKeyTransEnvelopedRecipient(rsa.pair().getPrivate()).setProvider(TestPki.PROVIDER));
        addEnveloped("enveloped-rsa-ski", "ktri RSA PKCS#1 v1.5, rid subjectKeyIdentifier, AES-256-CBC",
                new JceKeyTransRecipientInfoGenerator(rsa.identifier().getKeyIdentifier(), rsa.pair().getPublic())
                        .setProvider(TestPki.PROVIDER),
                new JceKeyTransEnvelopedRecipient(rsa.pair().getPrivate()).setProvider(TestPki.PROVIDER));
        Key ephemeral = KeyKind.P256.generate();
        addEnveloped("enveloped-kari-p256", "kari stdDH-sha256kdf, originatorKey P-256, AES-256 wrap, AES-256-CBC",
                new JceKeyAgreeRecipientInfoGenerator(CMSAlgorithm.ECDH_SHA256KDF, ephemeral.pair().getPrivate(),
                        ephemeral.pair().getPublic(), CMSAlgorithm.AES256_WRAP)
                        .addRecipient(ecCertificate).setProvider(TestPki.PROVIDER),
                new JceKeyAgreeEnvelopedRecipient(ec.pair().getPrivate()).setProvider(TestPki.PROVIDER));
        addEnveloped("enveloped-kekri", "kekri AES-256 wrap, key identifier kek-1, AES-256-CBC",
                new JceKEKRecipientInfoGenerator(KEY_IDENTIFIER, keyEncryptionKey).setProvider(TestPki.PROVIDER),
                new JceKEKEnvelopedRecipient(keyEncryptionKey).setProvider(TestPki.PROVIDER));
        addEnveloped("enveloped-pwri", "pwri PBKDF2 HMAC-SHA256, PWRI-KEK AES-256-CBC, password = secret, AES-256-CBC",
                passwordGenerator(PASSWORD),
                passwordRecipient(new JcePasswordEnvelopedRecipient(PASSWORD.toCharArray())));
        addEnveloped("enveloped-pwri-aes-wrap", "pwri PBKDF2 HMAC-SHA256, AES-256 wrap (RFC 10004), password = secret, AES-256-CBC",
                new KeyWrapPassword(PASSWORD), null);
    }

    private void addEnveloped(String name, String note, RecipientInfoGenerator generator, Recipient recipient) throws Exception {
        CMSEnvelopedDataGenerator enveloped = new CMSEnvelopedDataGenerator();
        enveloped.addRecipientInfoGenerator(generator);
        ContentInfo message = enveloped.generate(new CMSProcessableByteArray(SIGNED_DATA, signedData), contentEncryptor()).toASN1Structure();
        requireContent(name, new CMSEnvelopedData(Messages.der(message)).getRecipientInfos(), recipient, signedData);
        vectors.add("encrypted/" + name + ".der", Kind.OTHER, message, Expectation.unverified("encrypted", note));
    }

    private void authEnveloped() throws Exception {
        for (int tagLength : new int[] {12, 16}) {
            byte[] nonce = new byte[12];
            TestPki.RANDOM.nextBytes(nonce);
            AlgorithmParameters parameters = AlgorithmParameters.getInstance("GCM", TestPki.PROVIDER);
            parameters.init(new GCMParameters(nonce, tagLength).getEncoded());
            OutputEncryptor encryptor = new JceCMSContentEncryptorBuilder(NISTObjectIdentifiers.id_aes256_GCM)
                    .setAlgorithmParameters(parameters).setProvider(TestPki.PROVIDER).build();
            CMSAuthEnvelopedDataGenerator generator = new CMSAuthEnvelopedDataGenerator();
            generator.addRecipientInfoGenerator(new JceKeyTransRecipientInfoGenerator(rsaCertificate).setProvider(TestPki.PROVIDER));
            // RFC 5083, 2.1: authAttrs are required when the content is not id-data.
            generator.setAuthenticatedAttributeGenerator(new SimpleAttributeTableGenerator(new AttributeTable(
                    new Attribute(CMSAttributes.contentType, new DERSet(SIGNED_DATA)))));
            ContentInfo message = generator.generate(
                    new CMSProcessableByteArray(SIGNED_DATA, signedData), (OutputAEADEncryptor) encryptor).toASN1Structure();
            String name = "auth-enveloped-rsa-aes256gcm-icv" + tagLength;
            requireContent(name, new CMSAuthEnvelopedData(Messages.der(message)).getRecipientInfos(),
                    new JceKeyTransAuthEnvelopedRecipient(rsa.pair().getPrivate()).setProvider(TestPki.PROVIDER), signedData);
            vectors.add("encrypted/" + name + ".der", Kind.OTHER, message,
                    Expectation.unverified("encrypted", "AES-256-GCM, 12-octet nonce, %d-octet ICV, RSA PKCS#1 v1.5".formatted(tagLength)));
        }
    }

    private void authenticated() throws Exception {
        String password = IDENTIFIER + PASSWORD;
        addAuthenticated("authenticated-pwri", "pwri PBKDF2 HMAC-SHA256, PWRI-KEK, HMAC-SHA256, password = device-0001 || secret",
                passwordGenerator(password),
                passwordRecipient(new JcePasswordAuthenticatedRecipient(password.toCharArray())));
        addAuthenticated("authenticated-pwri-aes-wrap",
                "pwri PBKDF2 HMAC-SHA256, AES-256 wrap (RFC 10004), HMAC-SHA256, password = device-0001 || secret",
                new KeyWrapPassword(password), null);
        addAuthenticated("authenticated-rsa", "ktri where RFC 10002 requires pwri; HMAC-SHA256",
                new JceKeyTransRecipientInfoGenerator(rsaCertificate).setProvider(TestPki.PROVIDER),
                new JceKeyTransAuthenticatedRecipient(rsa.pair().getPrivate()).setProvider(TestPki.PROVIDER));
    }

    private void addAuthenticated(String name, String note, RecipientInfoGenerator generator, Recipient recipient) throws Exception {
        Key key = KeyKind.P256.generate();
        List<TaggedAttribute> controls = Messages.transactionControls(1);
        controls.add(Messages.control(4, CMCObjectIdentifiers.id_cmc_identification, new DERUTF8String(IDENTIFIER)));
        TaggedRequest request = Requests.tagged(3,
                Requests.pkcs10(VectorSet.subject(IDENTIFIER), key, Requests.extensions(key)));
        byte[] content = Messages.pkiData(controls, new TaggedRequest[] {request}, new TaggedContentInfo[0])
                .getEncoded(ASN1Encoding.DER);
        CMSAuthenticatedDataGenerator authenticated = new CMSAuthenticatedDataGenerator();
        authenticated.addRecipientInfoGenerator(generator);
        ContentInfo message = authenticated.generate(
                new CMSProcessableByteArray(Messages.PKI_DATA, content),
                new JceCMSMacCalculatorBuilder(PKCSObjectIdentifiers.id_hmacWithSHA256).setProvider(TestPki.PROVIDER).build(),
                new JcaDigestCalculatorProviderBuilder().setProvider(TestPki.PROVIDER).build()
                        .get(new AlgorithmIdentifier(NISTObjectIdentifiers.id_sha256))).toASN1Structure();
        CMSAuthenticatedData readBack = new CMSAuthenticatedData(Messages.der(message),
                new JcaDigestCalculatorProviderBuilder().setProvider(TestPki.PROVIDER).build());
        RecipientInformation information = readBack.getRecipientInfos().iterator().next();
        if (recipient != null
                && (!Arrays.equals(information.getContent(recipient), content)
                        || !Arrays.equals(information.getMac(), readBack.getMac()))) {
            throw new IllegalStateException(name + ": MAC does not verify");
        }
        vectors.add("encrypted/" + name + ".der", Kind.FULL_REQUEST, message, Expectation.unverified("mac_unchecked", note));
    }

    private void keyless() throws Exception {
        ContentInfo encrypted = new CMSEncryptedDataGenerator()
                .generate(new CMSProcessableByteArray(SIGNED_DATA, signedData),
                        new JceCMSContentEncryptorBuilder(NISTObjectIdentifiers.id_aes256_CBC)
                                .setProvider(TestPki.PROVIDER).build(keyEncryptionKey)).toASN1Structure();
        vectors.add("encrypted/encrypted-data.der", Kind.OTHER, encrypted,
                Expectation.unverified("encrypted", "EncryptedData, AES-256-CBC under keys/kek.bin"));

        byte[] content = VectorSet.smallRequest().getEncoded(ASN1Encoding.DER);
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(content);
        // BouncyCastle's DigestedData has version 0 always; 2 is right for content other than id-data.
        DERSequence digestedData = new DERSequence(new ASN1Encodable[] {
            new ASN1Integer(2), new AlgorithmIdentifier(NISTObjectIdentifiers.id_sha256),
            new ContentInfo(Messages.PKI_DATA, new DEROctetString(content)), new DEROctetString(digest)});
        vectors.add("encrypted/digested-data.der", Kind.OTHER,
                new ContentInfo(PKCSObjectIdentifiers.digestedData, digestedData),
                Expectation.failed("wrong_content_type", "V1", "", "DigestedData over PKIData, SHA-256"));
    }

    private static OutputEncryptor contentEncryptor() throws Exception {
        return new JceCMSContentEncryptorBuilder(NISTObjectIdentifiers.id_aes256_CBC).setProvider(TestPki.PROVIDER).build();
    }

    private static RecipientInfoGenerator passwordGenerator(String password) {
        byte[] salt = new byte[16];
        TestPki.RANDOM.nextBytes(salt);
        return new JcePasswordRecipientInfoGenerator(CMSAlgorithm.AES256_CBC, password.toCharArray())
                .setProvider(TestPki.PROVIDER)
                .setPasswordConversionScheme(PasswordRecipient.PKCS5_SCHEME2_UTF8)
                .setPRF(PasswordRecipient.PRF.HMacSHA256)
                .setSaltAndIterationCount(salt, ITERATIONS);
    }

    private static Recipient passwordRecipient(JcePasswordRecipient recipient) {
        return recipient.setPasswordConversionScheme(PasswordRecipient.PKCS5_SCHEME2_UTF8).setProvider(TestPki.PROVIDER);
    }

    private static SecretKey keyEncryptionKey() {
        byte[] key = new byte[32];
        TestPki.RANDOM.nextBytes(key);
        return new SecretKeySpec(key, "AES");
    }

    private X509Certificate recipient(String name, Key key) throws Exception {
        Identity identity = vectors.pki.recipient("CN=" + name + ",O=Example", key);
        vectors.writeKeyFile(name + "-cert.der", identity.certificate().getEncoded());
        vectors.writeKeyFile(name + "-key.p8", key.pair().getPrivate().getEncoded());
        return new JcaX509CertificateConverter().setProvider(TestPki.PROVIDER).getCertificate(identity.certificate());
    }

    /** A null recipient stands for one that BouncyCastle cannot read. */
    private static void requireContent(String name, RecipientInformationStore recipients, Recipient recipient, byte[] content)
            throws Exception {
        if (recipient != null && !Arrays.equals(recipients.iterator().next().getContent(recipient), content)) {
            throw new IllegalStateException(name + ": does not decrypt");
        }
    }

    /** A pwri recipient whose keyEncryptionAlgorithm is AES key wrap itself; BouncyCastle writes and reads PWRI-KEK only. */
    private record KeyWrapPassword(String password) implements RecipientInfoGenerator {
        @Override
        public RecipientInfo generate(GenericKey contentKey) throws CMSException {
            try {
                byte[] salt = new byte[16];
                TestPki.RANDOM.nextBytes(salt);
                SecretKeyFactory factory = SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256", TestPki.PROVIDER);
                byte[] key = factory.generateSecret(new PBEKeySpec(password.toCharArray(), salt, ITERATIONS, 256)).getEncoded();
                Cipher wrap = Cipher.getInstance("AESWRAP", TestPki.PROVIDER);
                wrap.init(Cipher.WRAP_MODE, new SecretKeySpec(key, "AES"));
                byte[] wrapped = wrap.wrap(new SecretKeySpec(keyOctets(contentKey), "AES"));
                PBKDF2Params parameters = new PBKDF2Params(salt, ITERATIONS, 32,
                        new AlgorithmIdentifier(PKCSObjectIdentifiers.id_hmacWithSHA256));
                return new RecipientInfo(new PasswordRecipientInfo(
                        new AlgorithmIdentifier(PKCSObjectIdentifiers.id_PBKDF2, parameters),
                        new AlgorithmIdentifier(NISTObjectIdentifiers.id_aes256_wrap), new DEROctetString(wrapped)));
            } catch (GeneralSecurityException exception) {
                throw new CMSException("cannot wrap the key", exception);
            }
        }

        private static byte[] keyOctets(GenericKey key) {
            Object representation = key.getRepresentation();
            return representation instanceof byte[] octets ? octets : ((SecretKey) representation).getEncoded();
        }
    }
}
