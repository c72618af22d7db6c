package cmcodec.examples;

import java.math.BigInteger;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.spec.AlgorithmParameterSpec;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.RSAKeyGenParameterSpec;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.CRLNumber;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CRLHolder;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.X509v2CRLBuilder;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A throw-away test PKI: one CA, and the certificates it issues. Every certificate is valid 2026-01-01 to 2046-01-01. */
final class TestPki {
    static final BouncyCastleProvider PROVIDER = new BouncyCastleProvider();
    static final SecureRandom RANDOM = new SecureRandom();

    private static final Date NOT_BEFORE = Date.from(Instant.parse("2026-01-01T00:00:00Z"));
    private static final Date NOT_AFTER = Date.from(Instant.parse("2046-01-01T00:00:00Z"));

    /** The kinds of key in use, each with the signature algorithm it normally makes. */
    enum KeyKind {
        RSA_1024("RSA", rsa(1024), "SHA256withRSA"),
        RSA_2048("RSA", rsa(2048), "SHA256withRSA"),
        RSA_3072("RSA", rsa(3072), "SHA384withRSA"),
        P256("EC", new ECGenParameterSpec("P-256"), "SHA256withECDSA"),
        P384("EC", new ECGenParameterSpec("P-384"), "SHA384withECDSA"),
        P521("EC", new ECGenParameterSpec("P-521"), "SHA512withECDSA"),
        ED25519("Ed25519", null, "Ed25519"),
        ML_DSA_44("ML-DSA-44", null, "ML-DSA-44"),
        ML_DSA_65("ML-DSA-65", null, "ML-DSA-65"),
        ML_DSA_87("ML-DSA-87", null, "ML-DSA-87");

        private final String algorithm;
        private final AlgorithmParameterSpec parameters;
        private final String signatureAlgorithm;

        KeyKind(String algorithm, AlgorithmParameterSpec parameters, String signatureAlgorithm) {
            this.algorithm = algorithm;
            this.parameters = parameters;
            this.signatureAlgorithm = signatureAlgorithm;
        }

        private static AlgorithmParameterSpec rsa(int bits) {
            return new RSAKeyGenParameterSpec(bits, RSAKeyGenParameterSpec.F4);
        }

        Key generate() throws Exception {
            KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm, PROVIDER);
            if (parameters != null) {
                generator.initialize(parameters, RANDOM);
            }
            return new Key(this, generator.generateKeyPair());
        }
    }

    /** A key pair with the values that requests and signers need of it. */
    record Key(KeyKind kind, KeyPair pair) {
        SubjectPublicKeyInfo publicKeyInfo() {
            return SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded());
        }

        /** The key identifier of RFC 5280, 4.2.1.2, method (1). */
        SubjectKeyIdentifier identifier() throws Exception {
            return new JcaX509ExtensionUtils().createSubjectKeyIdentifier(publicKeyInfo());
        }

        ContentSigner signer() throws Exception {
            return signer(kind.signatureAlgorithm);
        }

        ContentSigner signer(String signatureAlgorithm) throws Exception {
            return new JcaContentSignerBuilder(signatureAlgorithm).setProvider(PROVIDER).build(pair.getPrivate());
        }
    }

    /** A key and the certificate that this PKI issued for it. */
    record Identity(Key key, X509CertificateHolder certificate) {}

    final Identity ca;

    TestPki(String caName, KeyKind caKind) throws Exception {
        X500Name name = new X500Name(caName);
        Key key = caKind.generate();
        X509v3CertificateBuilder builder = builder(name, name, key)
                .addExtension(Extension.basicConstraints, true, new BasicConstraints(true))
                .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
        ca = new Identity(key, builder.build(key.signer()));
    }

    /** Issues the certificate of a registration authority: extended key usage id-kp-cmcRA. */
    Identity registrationAuthority(String name, Key key) throws Exception {
        X509v3CertificateBuilder builder = leafBuilder(new X500Name(name), key, KeyUsage.digitalSignature)
                .addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_cmcRA));
        return new Identity(key, builder.build(ca.key.signer()));
    }

    /** Issues the certificate of an end entity that signs. */
    Identity endEntity(X500Name name, Key key) throws Exception {
        return new Identity(key, leafBuilder(name, key, KeyUsage.digitalSignature).build(ca.key.signer()));
    }

    /** Issues the certificate of a recipient of encrypted messages. */
    Identity recipient(String name, Key key) throws Exception {
        int usage = key.kind == KeyKind.P256 ? KeyUsage.keyAgreement : KeyUsage.keyEncipherment;
        return new Identity(key, leafBuilder(new X500Name(name), key, usage).build(ca.key.signer()));
    }

    X509CRLHolder revocationList(BigInteger revokedSerial) throws Exception {
        X509v2CRLBuilder builder = new X509v2CRLBuilder(ca.certificate.getSubject(), NOT_BEFORE);
        builder.setNextUpdate(NOT_AFTER);
        builder.addCRLEntry(revokedSerial, NOT_BEFORE, CRLReason.superseded);
        builder.addExtension(Extension.authorityKeyIdentifier, false,
                new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(ca.key.publicKeyInfo()));
        builder.addExtension(Extension.cRLNumber, false, new CRLNumber(BigInteger.ONE));
        return builder.build(ca.key.signer());
    }

    private X509v3CertificateBuilder leafBuilder(X500Name name, Key key, int usage) throws Exception {
        return builder(ca.certificate.getSubject(), name, key)
                .addExtension(Extension.authorityKeyIdentifier, false,
                        new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(ca.key.publicKeyInfo()))
                .addExtension(Extension.keyUsage, true, new KeyUsage(usage));
    }

    private static X509v3CertificateBuilder builder(X500Name issuer, X500Name subject, Key key) throws Exception {
        BigInteger serial = new BigInteger(128, RANDOM).setBit(127);
        return new X509v3CertificateBuilder(issuer, serial, NOT_BEFORE, NOT_AFTER, subject, key.publicKeyInfo())
                .addExtension(Extension.subjectKeyIdentifier, false, key.identifier());
    }
}
