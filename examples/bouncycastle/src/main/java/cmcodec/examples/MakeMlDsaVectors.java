package cmcodec.examples;

import cmcodec.examples.TestPki.Identity;
import cmcodec.examples.TestPki.Key;
import cmcodec.examples.TestPki.KeyKind;
import cmcodec.examples.VectorSet.Expectation;
import cmcodec.examples.VectorSet.Kind;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cms.SignerInfoGenerator;
import org.bouncycastle.cms.SignerInfoGeneratorBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/** Writes a directory of test vectors with ML-DSA (RFC 9881, RFC 9882) and their MANIFEST.tsv. Argument: the directory. */
public final class MakeMlDsaVectors {
    private static final X500Name SUBJECT = VectorSet.subject("device-0001");
    private static final Map<String, ASN1ObjectIdentifier> DIGESTS = Map.of(
            "sha256", NISTObjectIdentifiers.id_sha256,
            "sha384", NISTObjectIdentifiers.id_sha384,
            "sha512", NISTObjectIdentifiers.id_sha512,
            "sha3-512", NISTObjectIdentifiers.id_sha3_512,
            "shake256", NISTObjectIdentifiers.id_shake256);

    private final VectorSet vectors;

    private MakeMlDsaVectors(VectorSet vectors) {
        this.vectors = vectors;
    }

    public static void main(String[] arguments) throws Exception {
        VectorSet vectors = new VectorSet(Path.of(arguments[0]), KeyKind.ML_DSA_65);
        MakeMlDsaVectors program = new MakeMlDsaVectors(vectors);
        program.parameterSet(KeyKind.ML_DSA_44, List.of("sha256", "sha384", "sha512"), List.of());
        program.parameterSet(KeyKind.ML_DSA_65, List.of("sha384", "sha512"), List.of("sha256"));
        program.parameterSet(KeyKind.ML_DSA_87, List.of("sha512"), List.of("sha256", "sha384"));
        program.faults();
        vectors.writeManifest();
    }

    private void parameterSet(KeyKind kind, List<String> strong, List<String> weak) throws Exception {
        String label = label(kind);
        Identity identity = vectors.pki.registrationAuthority("CN=RA " + label + ",O=Example", kind.generate());
        for (String digest : strong) {
            vectors.add("signers/%s-%s.der".formatted(label, digest), Kind.FULL_REQUEST, signedWith(identity, digest),
                    Expectation.verified("verified", "signer " + label + ", digestAlgorithm " + digest));
        }
        for (String digest : weak) {
            vectors.add("signers/%s-%s.der".formatted(label, digest), Kind.FULL_REQUEST, signedWith(identity, digest),
                    Expectation.failed("algorithm_mismatch", "V7", "verified",
                            "digestAlgorithm " + digest + " is weaker than the parameter set"));
        }

        Key key = kind.generate();
        vectors.add("requests/pkcs10-%s.der".formatted(label), Kind.SIMPLE_REQUEST,
                Requests.pkcs10(SUBJECT, key, Requests.extensions(key)).getEncoded(),
                Expectation.verified("verified", "bare PKCS#10, " + label));
        vectors.add("requests/request-key-pkcs10-%s.der".formatted(label), Kind.FULL_REQUEST,
                Messages.signedByRequestKey(key, VectorSet.smallRequest(key)),
                Expectation.verified("verified", "signed by the requested key, sid = SKI of request 3"));
        vectors.add("requests/request-key-crmf-%s.der".formatted(label), Kind.FULL_REQUEST,
                Messages.signedByRequestKey(key, Messages.request(
                        Requests.tagged(Requests.crmf(3, SUBJECT, key, Requests.extensions(key))))),
                Expectation.verified("verified", "signed by the requested key, sid = SKI of request 3"));
    }

    private void faults() throws Exception {
        Identity identity = vectors.pki.endEntity(SUBJECT, KeyKind.ML_DSA_44.generate());
        for (String digest : List.of("sha3-512", "shake256")) {
            vectors.add("faults/ml-dsa-44-%s.der".formatted(digest), Kind.FULL_REQUEST, signedWith(identity, digest),
                    Expectation.failedByRule("unsupported_algorithm", "V7", "verified", "digestAlgorithm not on offer"));
        }
        vectors.add("faults/ml-dsa-44-parameters-null.der", Kind.FULL_REQUEST, withNullParameters(identity),
                Expectation.failedByRule("unsupported_algorithm", "V7", "verified", "parameters are NULL, not absent"));
        vectors.add("faults/ml-dsa-44-signature-broken.der", Kind.FULL_REQUEST,
                FaultVectors.withBrokenSignature(Messages.signedBy(identity, VectorSet.smallRequest())),
                Expectation.failed("signature_invalid", "V10", "verified", "last octet of the signature changed"));
        Key key = KeyKind.ML_DSA_44.generate();
        vectors.add("faults/pkcs10-ml-dsa-44-another-key.der", Kind.SIMPLE_REQUEST,
                Requests.pkcs10(SUBJECT, key, Requests.extensions(key), KeyKind.ML_DSA_44.generate().signer()).getEncoded(),
                Expectation.failed("pop_invalid", "R1", "failed", "signed by another ML-DSA-44 key"));
        vectors.add("faults/crmf-ml-dsa-44-another-key.der", Kind.FULL_REQUEST,
                Messages.signedBy(identity, Messages.request(
                        Requests.tagged(Requests.crmfBuilder(3, SUBJECT, key, Requests.extensions(key))
                                .setProofOfPossessionSigningKeySigner(KeyKind.ML_DSA_44.generate().signer()).build()))),
                Expectation.failed("pop_invalid", "R1", "failed", "POP signed by another ML-DSA-44 key"));
    }

    private static ContentInfo signedWith(Identity identity, String digest) throws Exception {
        SignerInfoGenerator signer = Messages.signerInfoBuilder()
                .setContentDigest(new AlgorithmIdentifier(DIGESTS.get(digest)))
                .build(identity.key().signer(), identity.certificate());
        return Messages.sign(Messages.PKI_DATA, VectorSet.smallRequest(), List.of(identity.certificate()), signer);
    }

    private static ContentInfo withNullParameters(Identity identity) throws Exception {
        ASN1ObjectIdentifier algorithm = NISTObjectIdentifiers.id_ml_dsa_44;
        SignerInfoGenerator signer = new SignerInfoGeneratorBuilder(
                new JcaDigestCalculatorProviderBuilder().setProvider(TestPki.PROVIDER).build(),
                signature -> new AlgorithmIdentifier(algorithm, DERNull.INSTANCE))
                .setContentDigest(new AlgorithmIdentifier(NISTObjectIdentifiers.id_sha512))
                .build(identity.key().signer(), identity.certificate());
        return Messages.sign(Messages.PKI_DATA, VectorSet.smallRequest(), List.of(identity.certificate()), signer);
    }

    private static String label(KeyKind kind) {
        return kind.name().toLowerCase().replace("_", "-");
    }
}
