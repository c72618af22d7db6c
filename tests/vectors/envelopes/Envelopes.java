import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.AlgorithmParameters;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import javax.crypto.interfaces.DHPublicKey;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.AttributeTable;
import org.bouncycastle.asn1.cms.CMSAttributes;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.cms.GCMParameters;
import org.bouncycastle.asn1.cms.SignedData;
import org.bouncycastle.asn1.iana.IANAObjectIdentifiers;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.oiw.OIWObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cms.CMSAlgorithm;
import org.bouncycastle.cms.CMSAuthEnvelopedData;
import org.bouncycastle.cms.CMSAuthEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSAuthenticatedData;
import org.bouncycastle.cms.CMSAuthenticatedDataGenerator;
import org.bouncycastle.cms.CMSEnvelopedData;
import org.bouncycastle.cms.CMSEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.PasswordRecipient;
import org.bouncycastle.cms.Recipient;
import org.bouncycastle.cms.RecipientInfoGenerator;
import org.bouncycastle.cms.RecipientInformation;
import org.bouncycastle.cms.RecipientInformationStore;
import org.bouncycastle.cms.SimpleAttributeTableGenerator;
import org.bouncycastle.cms.jcajce.JceCMSContentEncryptorBuilder;
import org.bouncycastle.cms.jcajce.JceCMSMacCalculatorBuilder;
import org.bouncycastle.cms.jcajce.JceKEKAuthEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKEKEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKEKRecipientInfoGenerator;
import org.bouncycastle.cms.jcajce.JceKEMEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKEMRecipientInfoGenerator;
import org.bouncycastle.cms.jcajce.JceKeyAgreeAuthEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyAgreeEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyAgreeRecipientInfoGenerator;
import org.bouncycastle.cms.jcajce.JceKeyTransAuthEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransRecipientInfoGenerator;
import org.bouncycastle.cms.jcajce.JcePasswordAuthEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JcePasswordAuthenticatedRecipient;
import org.bouncycastle.cms.jcajce.JcePasswordEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JcePasswordRecipient;
import org.bouncycastle.cms.jcajce.JcePasswordRecipientInfoGenerator;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.OutputAEADEncryptor;
import org.bouncycastle.operator.jcajce.JcaAlgorithmParametersConverter;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/**
 * Makes encrypted and MACed layers with BouncyCastle, and opens those of others.
 *
 * <p>{@code make DIR} writes DIR/bouncycastle and appends to DIR/MANIFEST.tsv, with the keys and the message that make.py
 * wrote. {@code read DIR FOLDER} opens every file of FOLDER, whose MANIFEST.tsv is alike, with the keys in DIR.
 */
public final class Envelopes {
    private static final BouncyCastleProvider PROVIDER = new BouncyCastleProvider();
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final String SECRET = "correct horse battery";
    private static final String IDENTIFICATION = "device-0001";
    private static final ASN1ObjectIdentifier SIGNED_DATA = CMSObjectIdentifiers.signedData;
    private static final ASN1ObjectIdentifier PKI_DATA = new ASN1ObjectIdentifier("1.3.6.1.5.5.7.12.2");
    private static final ASN1ObjectIdentifier PKI_RESPONSE = new ASN1ObjectIdentifier("1.3.6.1.5.5.7.12.3");
    private static final ASN1ObjectIdentifier ESDH = PKCSObjectIdentifiers.id_alg_ESDH;

    private final Path directory;
    /** The value of a SignedData, which is what an envelope of CMC holds. */
    private final byte[] signedData;
    private final byte[] pkiData;
    private final List<String> rows = new ArrayList<>();
    private final List<String> left = new ArrayList<>();

    private Envelopes(Path directory) throws Exception {
        this.directory = directory;
        ContentInfo message = ContentInfo.getInstance(Files.readAllBytes(directory.resolve("message.der")));
        signedData = message.getContent().toASN1Primitive().getEncoded(ASN1Encoding.DER);
        SignedData signed = SignedData.getInstance(message.getContent());
        pkiData = org.bouncycastle.asn1.ASN1OctetString.getInstance(signed.getEncapContentInfo().getContent()).getOctets();
    }

    public static void main(String[] arguments) throws Exception {
        java.security.Security.addProvider(PROVIDER);
        Envelopes envelopes = new Envelopes(Path.of(arguments[1]));
        if (arguments[0].equals("make")) {
            envelopes.make();
        } else {
            envelopes.read(Path.of(arguments[2]));
        }
    }

    // --- keys ----------------------------------------------------------------------------------

    private Path key(String name) {
        return directory.resolve("keys").resolve(name);
    }

    private X509Certificate certificate(String name) throws Exception {
        return (X509Certificate) CertificateFactory.getInstance("X.509", PROVIDER)
                .generateCertificate(Files.newInputStream(key(name + ".cert.der")));
    }

    private PrivateKey privateKey(String name) throws Exception {
        return BouncyCastleProvider.getPrivateKey(
                org.bouncycastle.asn1.pkcs.PrivateKeyInfo.getInstance(Files.readAllBytes(key(name + ".key.der"))));
    }

    private KeyPair ephemeral(String name) throws Exception {
        java.security.PublicKey of = certificate(name).getPublicKey();
        KeyPairGenerator generator;
        if (of instanceof ECPublicKey ec) {
            generator = KeyPairGenerator.getInstance("EC", PROVIDER);
            generator.initialize(ec.getParams());
        } else if (of instanceof DHPublicKey dh) {
            generator = KeyPairGenerator.getInstance("DH", PROVIDER);
            generator.initialize(dh.getParams());
        } else {
            generator = KeyPairGenerator.getInstance(of.getAlgorithm(), PROVIDER);
        }
        return generator.generateKeyPair();
    }

    private SecretKeySpec keyEncryptionKey(int octets) throws Exception {
        return new SecretKeySpec(Arrays.copyOf(Files.readAllBytes(key("kek.bin")), octets), "AES");
    }

    private KeyPair mlKem(int size) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("ML-KEM-" + size, PROVIDER);
        KeyPair pair = generator.generateKeyPair();
        String name = "ml-kem-" + size;
        // The seed alone, as others read it.
        Files.write(key(name + ".key.der"),
                ((org.bouncycastle.jcajce.interfaces.MLKEMPrivateKey) pair.getPrivate()).getPrivateKey(true).getEncoded());
        org.bouncycastle.cert.X509v3CertificateBuilder builder = new org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder(
                new org.bouncycastle.asn1.x500.X500Name("CN=CA"), java.math.BigInteger.valueOf(size),
                new java.util.Date(0x65000000000L / 4), new java.util.Date(2398377600000L),
                new org.bouncycastle.asn1.x500.X500Name("CN=" + name), pair.getPublic());
        KeyPair issuer = ephemeral("p256");
        byte[] made = builder.build(new org.bouncycastle.operator.jcajce.JcaContentSignerBuilder("SHA256withECDSA")
                .setProvider(PROVIDER).build(issuer.getPrivate())).getEncoded();
        Files.write(key(name + ".cert.der"), made);
        return pair;
    }

    // --- making --------------------------------------------------------------------------------

    private void make() throws Exception {
        transport();
        agreement();
        shared();
        tags();
        encapsulation();
        authenticated();
        Path manifest = directory.resolve("MANIFEST.tsv");
        List<String> lines = new ArrayList<>(Files.readAllLines(manifest));
        lines.removeIf(line -> line.startsWith("bouncycastle/"));
        lines.addAll(rows);
        Files.writeString(manifest, String.join("\n", lines) + "\n");
        System.out.printf("%d vectors%n", rows.size());
        left.forEach(System.out::println);
    }

    private interface Making {
        RecipientInfoGenerator generator() throws Exception;
    }

    private void add(String name, String recipient, String key, String note, Making making) throws Exception {
        add(name, recipient, key, CMSAlgorithm.AES256_CBC, "id-aes256-CBC", note, making);
    }

    /** An EnvelopedData; what BouncyCastle cannot make is told. */
    private void add(
            String name, String recipient, String key, ASN1ObjectIdentifier cipher, String content, String note, Making making)
            throws Exception {
        try {
            CMSEnvelopedDataGenerator enveloped = new CMSEnvelopedDataGenerator();
            enveloped.addRecipientInfoGenerator(making.generator());
            write(name, "enveloped", recipient, key, content, note, enveloped.generate(
                    new CMSProcessableByteArray(SIGNED_DATA, signedData),
                    new JceCMSContentEncryptorBuilder(cipher).setProvider(PROVIDER).build()).toASN1Structure());
        } catch (Exception exception) {
            left.add("not made: " + name + ": " + exception);
        }
    }

    private void write(
            String name, String kind, String recipient, String key, String content, String note, ContentInfo message)
            throws Exception {
        byte[] octets = message.getEncoded(ASN1Encoding.DER);
        String file = "bouncycastle/" + name + ".der";
        try {
            byte[] found = open(octets, kind, recipient, key, keyOctets(name));
            if (!Arrays.equals(found, kind.equals("authenticated") ? pkiData : signedData)) {
                throw new IllegalStateException("another content");
            }
        } catch (Exception exception) {
            left.add("not read again: " + name + ": " + exception);
        }
        Files.createDirectories(directory.resolve("bouncycastle"));
        Files.write(directory.resolve(file), octets);
        rows.add(String.join("\t", file, kind, recipient, key, content, "opened", note));
    }

    private static int keyOctets(String name) {
        return name.contains("kekri-aes128") ? 16 : name.contains("kekri-aes192") ? 24 : 32;
    }

    private void transport() throws Exception {
        X509Certificate rsa = certificate("rsa");
        add("ktri-rsa", "ktri", "rsa", "", () -> new JceKeyTransRecipientInfoGenerator(rsa).setProvider(PROVIDER));
        add("ktri-rsa-des3", "ktri", "rsa", CMSAlgorithm.DES_EDE3_CBC, "des-ede3-cbc", "",
                () -> new JceKeyTransRecipientInfoGenerator(rsa).setProvider(PROVIDER));
        rows.set(rows.size() - 1, rows.get(rows.size() - 1).replace("\topened\t", "\tlegacy\t"));
        for (String digest : List.of("SHA-1", "SHA-256", "SHA-384", "SHA-512")) {
            OAEPParameterSpec oaep =
                    new OAEPParameterSpec(digest, "MGF1", new MGF1ParameterSpec(digest), PSource.PSpecified.DEFAULT);
            AlgorithmIdentifier identifier =
                    new JcaAlgorithmParametersConverter().getAlgorithmIdentifier(PKCSObjectIdentifiers.id_RSAES_OAEP, oaep);
            add("ktri-rsa-oaep-" + digest.replace("-", "").toLowerCase(), "ktri", "rsa", "",
                    () -> new JceKeyTransRecipientInfoGenerator(rsa, identifier).setProvider(PROVIDER));
        }
    }

    private JceKeyAgreeRecipientInfoGenerator agree(ASN1ObjectIdentifier scheme, String key, ASN1ObjectIdentifier wrap)
            throws Exception {
        KeyPair pair = ephemeral(key);
        return new JceKeyAgreeRecipientInfoGenerator(scheme, pair.getPrivate(), pair.getPublic(), wrap).setProvider(PROVIDER);
    }

    private void agreement() throws Exception {
        byte[] ukm = "user keying material".getBytes(StandardCharsets.US_ASCII);
        TreeMap<String, ASN1ObjectIdentifier> x963 = new TreeMap<>();
        x963.put("sha1kdf", CMSAlgorithm.ECDH_SHA1KDF);
        x963.put("sha224kdf", CMSAlgorithm.ECDH_SHA224KDF);
        x963.put("sha256kdf", CMSAlgorithm.ECDH_SHA256KDF);
        x963.put("sha384kdf", CMSAlgorithm.ECDH_SHA384KDF);
        x963.put("sha512kdf", CMSAlgorithm.ECDH_SHA512KDF);
        TreeMap<String, ASN1ObjectIdentifier> hkdf = new TreeMap<>();
        hkdf.put("hkdf-sha256", CMSAlgorithm.ECDH_HKDF_SHA256);
        hkdf.put("hkdf-sha384", CMSAlgorithm.ECDH_HKDF_SHA384);
        hkdf.put("hkdf-sha512", CMSAlgorithm.ECDH_HKDF_SHA512);
        TreeMap<String, ASN1ObjectIdentifier> esdh = new TreeMap<>();
        esdh.put("esdh", ESDH);
        TreeMap<String, TreeMap<String, ASN1ObjectIdentifier>> schemes = new TreeMap<>();
        schemes.put("p256", x963);
        schemes.put("p384", x963);
        schemes.put("p521", x963);
        schemes.put("x25519", hkdf);
        schemes.put("x448", hkdf);
        schemes.put("dh", esdh);
        for (String key : schemes.keySet()) {
            X509Certificate certificate = certificate(key);
            for (var scheme : schemes.get(key).entrySet()) {
                String name = "kari-" + key + "-" + scheme.getKey();
                add(name, "kari", key, "", () ->
                        agree(scheme.getValue(), key, CMSAlgorithm.AES256_WRAP).addRecipient(certificate));
                // RFC 2631 wants 64 octets.
                byte[] material = key.equals("dh") ? new byte[64] : ukm;
                add(name + "-ukm", "kari", key, "ukm", () ->
                        agree(scheme.getValue(), key, CMSAlgorithm.AES256_WRAP)
                                .setUserKeyingMaterial(material).addRecipient(certificate));
            }
        }
        add("kari-p256-two", "kari", "p256", "two RecipientEncryptedKeys, the second opens", () ->
                agree(CMSAlgorithm.ECDH_SHA256KDF, "p256", CMSAlgorithm.AES256_WRAP)
                        .addRecipient("another".getBytes(StandardCharsets.US_ASCII), ephemeral("p256").getPublic())
                        .addRecipient(certificate("p256")));
        add("kari-x25519-aes128-wrap", "kari", "x25519", "", () ->
                agree(CMSAlgorithm.ECDH_HKDF_SHA256, "x25519", CMSAlgorithm.AES128_WRAP).addRecipient(certificate("x25519")));
        add("kari-x448-aes192-wrap", "kari", "x448", "", () ->
                agree(CMSAlgorithm.ECDH_HKDF_SHA512, "x448", CMSAlgorithm.AES192_WRAP).addRecipient(certificate("x448")));
    }

    private static JcePasswordRecipientInfoGenerator password(String secret, PasswordRecipient.PRF prf) {
        JcePasswordRecipientInfoGenerator generator =
                new JcePasswordRecipientInfoGenerator(CMSAlgorithm.AES256_CBC, secret.toCharArray()).setProvider(PROVIDER);
        generator.setPasswordConversionScheme(PasswordRecipient.PKCS5_SCHEME2_UTF8);
        generator.setSaltAndIterationCount(random(16), 2048);
        generator.setPRF(prf);
        return generator;
    }

    private void shared() throws Exception {
        TreeMap<String, PasswordRecipient.PRF> prfs = new TreeMap<>();
        prfs.put("sha1", PasswordRecipient.PRF.HMacSHA1);
        prfs.put("sha224", PasswordRecipient.PRF.HMacSHA224);
        prfs.put("sha256", PasswordRecipient.PRF.HMacSHA256);
        prfs.put("sha384", PasswordRecipient.PRF.HMacSHA384);
        prfs.put("sha512", PasswordRecipient.PRF.HMacSHA512);
        for (var prf : prfs.entrySet()) {
            add("pwri-" + prf.getKey(), "pwri", "pwri", "PWRI-KEK", () -> password(SECRET, prf.getValue()));
        }
        for (int bits : new int[] {128, 192, 256}) {
            add("kekri-aes" + bits, "kekri", "kekri", "", () ->
                    new JceKEKRecipientInfoGenerator("kek".getBytes(StandardCharsets.US_ASCII), keyEncryptionKey(bits / 8))
                            .setProvider(PROVIDER));
        }
    }

    private void tags() throws Exception {
        for (int bits : new int[] {128, 192, 256}) {
            for (int tag = 12; tag <= 16; tag++) {
                sealed("ktri-rsa-aes%d-gcm-icv%d".formatted(bits, tag), bits, tag, "ktri", "rsa",
                        new JceKeyTransRecipientInfoGenerator(certificate("rsa")).setProvider(PROVIDER));
            }
        }
        sealed("kari-p384-gcm", 256, 16, "kari", "p384",
                agree(CMSAlgorithm.ECDH_SHA384KDF, "p384", CMSAlgorithm.AES256_WRAP).addRecipient(certificate("p384")));
        sealed("kekri-gcm", 256, 16, "kekri", "kekri",
                new JceKEKRecipientInfoGenerator("kek".getBytes(StandardCharsets.US_ASCII), keyEncryptionKey(32))
                        .setProvider(PROVIDER));
        sealed("pwri-gcm", 256, 16, "pwri", "pwri", password(SECRET, PasswordRecipient.PRF.HMacSHA256));
    }

    private void sealed(String name, int bits, int tag, String recipient, String key, RecipientInfoGenerator generator)
            throws Exception {
        ASN1ObjectIdentifier cipher = bits == 128 ? NISTObjectIdentifiers.id_aes128_GCM
                : bits == 192 ? NISTObjectIdentifiers.id_aes192_GCM : NISTObjectIdentifiers.id_aes256_GCM;
        AlgorithmParameters parameters = AlgorithmParameters.getInstance("GCM", PROVIDER);
        parameters.init(new GCMParameters(random(12), tag).getEncoded());
        CMSAuthEnvelopedDataGenerator sealed = new CMSAuthEnvelopedDataGenerator();
        sealed.addRecipientInfoGenerator(generator);
        // RFC 5083, 2.1: authAttrs are required when the content is not id-data.
        sealed.setAuthenticatedAttributeGenerator(new SimpleAttributeTableGenerator(new AttributeTable(
                new Attribute(CMSAttributes.contentType, new DERSet(SIGNED_DATA)))));
        write(name, "auth-enveloped", recipient, key, "id-aes%d-GCM".formatted(bits), "", sealed.generate(
                new CMSProcessableByteArray(SIGNED_DATA, signedData),
                (OutputAEADEncryptor) new JceCMSContentEncryptorBuilder(cipher)
                        .setAlgorithmParameters(parameters).setProvider(PROVIDER).build()).toASN1Structure());
    }

    private void encapsulation() throws Exception {
        for (int size : new int[] {768, 1024}) {
            KeyPair pair = mlKem(size);
            String name = "ml-kem-" + size;
            X509Certificate certificate = certificate(name);
            add("ori-" + name, "kemri", name, "", () ->
                    new JceKEMRecipientInfoGenerator(certificate, CMSAlgorithm.AES256_WRAP)
                            .setKDF(new AlgorithmIdentifier(PKCSObjectIdentifiers.id_alg_hkdf_with_sha256)).setProvider(PROVIDER));
            add("ori-" + name + "-ukm", "kemri", name, "ukm", () ->
                    new JceKEMRecipientInfoGenerator(certificate, CMSAlgorithm.AES256_WRAP)
                            .setKDF(new AlgorithmIdentifier(PKCSObjectIdentifiers.id_alg_hkdf_with_sha256))
                            .setUserKeyingMaterial("ukm".getBytes(StandardCharsets.US_ASCII)).setProvider(PROVIDER));
        }
    }

    private void authenticated() throws Exception {
        TreeMap<String, ASN1ObjectIdentifier> macs = new TreeMap<>();
        macs.put("id-hmacWithSHA256", PKCSObjectIdentifiers.id_hmacWithSHA256);
        macs.put("id-hmacWithSHA384", PKCSObjectIdentifiers.id_hmacWithSHA384);
        macs.put("id-hmacWithSHA512", PKCSObjectIdentifiers.id_hmacWithSHA512);
        macs.put("id-hmacWithSHA1", PKCSObjectIdentifiers.id_hmacWithSHA1);
        macs.put("hMAC-SHA1", IANAObjectIdentifiers.hmacSHA1);
        for (var mac : macs.entrySet()) {
            CMSAuthenticatedDataGenerator generator = new CMSAuthenticatedDataGenerator();
            generator.addRecipientInfoGenerator(password(IDENTIFICATION + SECRET, PasswordRecipient.PRF.HMacSHA256));
            try {
                ASN1ObjectIdentifier digest = mac.getKey().endsWith("SHA1")
                        ? OIWObjectIdentifiers.idSHA1 : NISTObjectIdentifiers.id_sha256;
                write("mac-" + mac.getKey(), "authenticated", "pwri", "mac", mac.getKey(), "PWRI-KEK", generator.generate(
                        new CMSProcessableByteArray(PKI_DATA, pkiData),
                        new JceCMSMacCalculatorBuilder(mac.getValue()).setProvider(PROVIDER).build(),
                        new JcaDigestCalculatorProviderBuilder().setProvider(PROVIDER).build()
                                .get(new AlgorithmIdentifier(digest, DERNull.INSTANCE))).toASN1Structure());
            } catch (Exception exception) {
                left.add("not made: mac-" + mac.getKey() + ": " + exception);
            }
        }
    }

    // --- opening -------------------------------------------------------------------------------

    private void read(Path folder) throws Exception {
        int good = 0;
        List<String> lines = Files.readAllLines(folder.resolve("MANIFEST.tsv"));
        for (String line : lines.subList(1, lines.size())) {
            String[] row = line.split("\t", -1);
            try {
                byte[] octets = Files.readAllBytes(folder.resolve(row[0]));
                byte[] found = open(octets, row[1], row[2], row[3], keyOctets(row[0]));
                boolean same = Arrays.equals(found, row[1].equals("authenticated") ? pkiData : signedData);
                good += same ? 1 : 0;
                if (!same) {
                    System.out.println(row[0] + ": another content");
                }
            } catch (Exception exception) {
                System.out.println(row[0] + ": " + exception + (exception.getCause() == null ? "" : " / " + exception.getCause()));
            }
        }
        System.out.printf("%d of %d opened%n", good, lines.size() - 1);
    }

    private byte[] open(byte[] octets, String kind, String recipient, String key, int kekOctets) throws Exception {
        if (kind.equals("authenticated")) {
            CMSAuthenticatedData message = new CMSAuthenticatedData(
                    octets, new JcaDigestCalculatorProviderBuilder().setProvider(PROVIDER).build());
            RecipientInformation information = message.getRecipientInfos().iterator().next();
            JcePasswordRecipient password = new JcePasswordAuthenticatedRecipient((IDENTIFICATION + SECRET).toCharArray());
            password.setProvider(PROVIDER).setPasswordConversionScheme(PasswordRecipient.PKCS5_SCHEME2_UTF8);
            byte[] content = information.getContent(password);
            if (!Arrays.equals(information.getMac(), message.getMac())) {
                throw new IllegalStateException("another MAC");
            }
            if (!Arrays.equals(message.getContentDigest(),
                    message.getAuthAttrs() == null ? null : digestOf(message))) {
                throw new IllegalStateException("another digest");
            }
            return content;
        }
        boolean sealed = kind.equals("auth-enveloped");
        RecipientInformationStore infos = sealed
                ? new CMSAuthEnvelopedData(octets).getRecipientInfos() : new CMSEnvelopedData(octets).getRecipientInfos();
        Recipient with = switch (recipient) {
            case "ktri" -> sealed ? new JceKeyTransAuthEnvelopedRecipient(privateKey(key)).setProvider(PROVIDER)
                    : new JceKeyTransEnvelopedRecipient(privateKey(key)).setProvider(PROVIDER);
            case "kari" -> sealed ? new JceKeyAgreeAuthEnvelopedRecipient(privateKey(key)).setProvider(PROVIDER)
                    : new JceKeyAgreeEnvelopedRecipient(privateKey(key)).setProvider(PROVIDER);
            case "kekri" -> sealed ? new JceKEKAuthEnvelopedRecipient(keyEncryptionKey(kekOctets)).setProvider(PROVIDER)
                    : new JceKEKEnvelopedRecipient(keyEncryptionKey(kekOctets)).setProvider(PROVIDER);
            case "kemri" -> new JceKEMEnvelopedRecipient(privateKey(key)).setProvider(PROVIDER);
            default -> (sealed ? new JcePasswordAuthEnvelopedRecipient(SECRET.toCharArray())
                    : new JcePasswordEnvelopedRecipient(SECRET.toCharArray())).setProvider(PROVIDER)
                    .setPasswordConversionScheme(PasswordRecipient.PKCS5_SCHEME2_UTF8);
        };
        Exception last = null;
        for (RecipientInformation information : infos) {
            try {
                return information.getContent(with);
            } catch (Exception exception) {
                last = exception;
            }
        }
        throw last;
    }

    private static byte[] digestOf(CMSAuthenticatedData message) {
        return org.bouncycastle.asn1.ASN1OctetString.getInstance(
                message.getAuthAttrs().get(CMSAttributes.messageDigest).getAttrValues().getObjectAt(0)).getOctets();
    }

    private static byte[] random(int size) {
        byte[] octets = new byte[size];
        RANDOM.nextBytes(octets);
        return octets;
    }
}
