package cmcodec.examples;

import cmcodec.examples.TestPki.Identity;
import cmcodec.examples.TestPki.Key;
import cmcodec.examples.TestPki.KeyKind;
import cmcodec.examples.VectorSet.Expectation;
import cmcodec.examples.VectorSet.Kind;
import java.util.List;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.cmc.BodyPartID;
import org.bouncycastle.asn1.cmc.BodyPartPath;
import org.bouncycastle.asn1.cmc.CMCObjectIdentifiers;
import org.bouncycastle.asn1.cmc.CMCUnsignedData;
import org.bouncycastle.asn1.cmc.PKIData;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.AttributeTable;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.SignerInfoGenerator;
import org.bouncycastle.cms.SignerInfoGeneratorBuilder;
import org.bouncycastle.cms.SimpleAttributeTableGenerator;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/** Signatures that verify, by every kind of key and algorithm; and keys and algorithms that only a legacy switch accepts. */
final class SignerVectors {
    private static final String LEGACY = "legacy: verified";

    private final VectorSet vectors;

    private SignerVectors(VectorSet vectors) {
        this.vectors = vectors;
    }

    static void addTo(VectorSet vectors) throws Exception {
        SignerVectors group = new SignerVectors(vectors);
        group.algorithms();
        group.legacy();
        group.signerInfos();
    }

    private void algorithms() throws Exception {
        Key rsa3072 = KeyKind.RSA_3072.generate();
        add("p256-sha256", KeyKind.P256.generate(), "SHA256withECDSA");
        add("p384-sha384", KeyKind.P384.generate(), "SHA384withECDSA");
        add("p521-sha512", KeyKind.P521.generate(), "SHA512withECDSA");
        add("ed25519", KeyKind.ED25519.generate(), "Ed25519");
        add("rsa3072-sha384", rsa3072, "SHA384withRSA");
        add("rsa3072-sha512", rsa3072, "SHA512withRSA");
        for (String hash : List.of("256", "384", "512")) {
            add("rsa2048-pss-sha" + hash, vectors.authority.key(), "SHA" + hash + "withRSAandMGF1");
        }
        vectors.add("signers/rsa2048-rsaencryption-sha256.der", Kind.FULL_REQUEST,
                signedWith(vectors.authority, "SHA256withRSA", PKCSObjectIdentifiers.rsaEncryption),
                Expectation.verified("verified", "signatureAlgorithm is rsaEncryption, the hash is that of digestAlgorithm"));
    }

    private void legacy() throws Exception {
        vectors.add("signers/rsa2048-sha1.der", Kind.FULL_REQUEST,
                signedWith(vectors.authority, "SHA1withRSA", PKCSObjectIdentifiers.sha1WithRSAEncryption),
                Expectation.failedByRule("unsupported_algorithm", "V7", "verified", LEGACY));
        vectors.add("signers/rsa2048-rsaencryption-sha1.der", Kind.FULL_REQUEST,
                signedWith(vectors.authority, "SHA1withRSA", PKCSObjectIdentifiers.rsaEncryption),
                Expectation.failedByRule("unsupported_algorithm", "V7", "verified", LEGACY
                        + "; signatureAlgorithm is rsaEncryption, digestAlgorithm SHA-1"));
        Identity small = vectors.pki.registrationAuthority("CN=RA rsa1024,O=Example", KeyKind.RSA_1024.generate());
        vectors.add("signers/rsa1024-sha256-certificate.der", Kind.FULL_REQUEST,
                signedWith(small, "SHA256withRSA"),
                Expectation.failedByRule("key_rejected", "V9", "verified", LEGACY));
        Key key = KeyKind.RSA_1024.generate();
        vectors.add("signers/rsa1024-sha256-request-key.der", Kind.FULL_REQUEST,
                Messages.signedByRequestKey(key, VectorSet.smallRequest(key)),
                Expectation.failedByRule("key_rejected", "V9", "failed", LEGACY + ", pop verified"));
    }

    private void signerInfos() throws Exception {
        Identity second = vectors.pki.registrationAuthority("CN=RA two,O=Example", KeyKind.P256.generate());
        List<X509CertificateHolder> certificates = List.of(vectors.authority.certificate(), second.certificate());
        ContentInfo both = Messages.sign(Messages.PKI_DATA, VectorSet.smallRequest(), certificates,
                Messages.certifiedSigner(vectors.authority), Messages.certifiedSigner(second));
        vectors.add("signers/two-signers.der", Kind.FULL_REQUEST, both,
                Expectation.verified("verified", "two SignerInfos, RSA-2048 and P-256"));

        Identity byKeyIdentifier = vectors.pki.endEntity(VectorSet.subject("device-0001"), KeyKind.P256.generate());
        vectors.add("signers/certificate-by-ski.der", Kind.FULL_REQUEST,
                sign(VectorSet.smallRequest(), byKeyIdentifier, Messages.requestKeySigner(byKeyIdentifier.key())),
                Expectation.verified("verified", "sid is the subjectKeyIdentifier of the certificate in the message"));

        CMCUnsignedData unsignedData = new CMCUnsignedData(
                new BodyPartPath(new BodyPartID(3)), CMCObjectIdentifiers.id_cmc_dataReturn, new DERUTF8String("not signed"));
        Attribute attribute = new Attribute(Messages.UNSIGNED_DATA, new DERSet(unsignedData));
        SignerInfoGenerator signer = Messages.signerInfoBuilder()
                .setUnsignedAttributeGenerator(new SimpleAttributeTableGenerator(new AttributeTable(attribute)))
                .build(vectors.authority.key().signer(), vectors.authority.certificate());
        vectors.add("signers/unsigned-data-attribute.der", Kind.FULL_REQUEST,
                sign(VectorSet.smallRequest(), vectors.authority, signer),
                Expectation.verified("verified", "CMCUnsignedData in unsignedAttrs, bodyPartPath {3}"));
    }

    private void add(String name, Key key, String signatureAlgorithm) throws Exception {
        Identity identity = key == vectors.authority.key()
                ? vectors.authority
                : vectors.pki.registrationAuthority("CN=RA " + name + ",O=Example", key);
        vectors.add("signers/" + name + ".der", Kind.FULL_REQUEST, signedWith(identity, signatureAlgorithm),
                Expectation.verified("verified", "signer " + name + ", certificate in the message"));
    }

    private static ContentInfo signedWith(Identity identity, String signatureAlgorithm) throws Exception {
        SignerInfoGenerator signer = Messages.signerInfoBuilder()
                .build(identity.key().signer(signatureAlgorithm), identity.certificate());
        return sign(VectorSet.smallRequest(), identity, signer);
    }

    /** As {@link #signedWith(Identity, String)}, under another identifier of the same RSA signature algorithm. */
    private static ContentInfo signedWith(Identity identity, String signatureAlgorithm, ASN1ObjectIdentifier identifier)
            throws Exception {
        SignerInfoGenerator signer = new SignerInfoGeneratorBuilder(
                new JcaDigestCalculatorProviderBuilder().setProvider(TestPki.PROVIDER).build(),
                signature -> new AlgorithmIdentifier(identifier, DERNull.INSTANCE))
                .build(identity.key().signer(signatureAlgorithm), identity.certificate());
        return sign(VectorSet.smallRequest(), identity, signer);
    }

    private static ContentInfo sign(PKIData content, Identity identity, SignerInfoGenerator signer) throws Exception {
        return Messages.sign(Messages.PKI_DATA, content, List.of(identity.certificate()), signer);
    }
}
