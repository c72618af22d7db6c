package cmcodec.examples;

import cmcodec.examples.TestPki.Identity;
import cmcodec.examples.TestPki.Key;
import cmcodec.examples.TestPki.KeyKind;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.cmc.PKIData;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.x500.X500Name;

/** The files of a set of test vectors, what is expected of each, and the PKI they share. */
final class VectorSet {
    /** The kinds of message that the manifest knows. */
    enum Kind {
        FULL_REQUEST, FULL_RESPONSE, SIMPLE_REQUEST, SIMPLE_RESPONSE, OTHER;

        @Override
        public String toString() {
            return name().toLowerCase().replace('_', '-');
        }
    }

    /** What a verifier is to say of a file. {@code refusedHere}: BouncyCastle, whose rules are fewer, refuses it too. */
    record Expectation(String verdict, String reason, String rule, String pop, String note, boolean refusedHere) {
        static Expectation verified(String pop, String note) {
            return new Expectation("verified", "", "", pop, note, false);
        }

        static Expectation failed(String reason, String rule, String pop, String note) {
            return new Expectation("failed", reason, rule, pop, note, true);
        }

        /** As {@link #failed}, where BouncyCastle sees no fault. */
        static Expectation failedByRule(String reason, String rule, String pop, String note) {
            return new Expectation("failed", reason, rule, pop, note, false);
        }

        static Expectation malformed(String reason, String rule, String note) {
            return new Expectation("malformed", reason, rule, "", note, false);
        }

        static Expectation unsigned(String reason, String rule, String pop, String note) {
            return new Expectation("unsigned", reason, rule, pop, note, false);
        }

        static Expectation unverified(String reason, String note) {
            return new Expectation("unverified", reason, "", "", note, false);
        }
    }

    final TestPki pki;
    final Identity authority;

    private final Path directory;
    private final List<String> rows = new ArrayList<>();

    /** The keys of the CA and of the registration authority are of the same kind. */
    VectorSet(Path directory, KeyKind kind) throws Exception {
        this.directory = directory;
        pki = new TestPki("CN=CMC Vector CA,O=Example", kind);
        authority = pki.registrationAuthority("CN=CMC Vector RA,O=Example", kind.generate());
        rows.add("file\tkind\tverdict\treason\trule\tpop\tnote");
        writeKeyFile("ca-cert.der", pki.ca.certificate().getEncoded());
        writeKeyFile("ra-cert.der", authority.certificate().getEncoded());
    }

    static X500Name subject(String commonName) {
        return new X500Name("CN=" + commonName + ",O=Example");
    }

    /** The smallest PKIData that requests a certificate: one PKCS#10 request (body part 3) for a new P-256 key. */
    static PKIData smallRequest() throws Exception {
        return smallRequest(KeyKind.P256.generate());
    }

    static PKIData smallRequest(Key key) throws Exception {
        return Messages.request(Requests.tagged(3, Requests.pkcs10(subject("device-0001"), key, Requests.extensions(key))));
    }

    void writeKeyFile(String name, byte[] octets) throws Exception {
        Path file = directory.resolve("keys").resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, octets);
    }

    /** Adds a message in DER. */
    void add(String name, Kind kind, ContentInfo message, Expectation expectation) throws Exception {
        add(name, kind, message.getEncoded(ASN1Encoding.DER), expectation);
    }

    void add(String name, Kind kind, byte[] octets, Expectation expectation) throws Exception {
        try {
            StrictDer.check(octets);
        } catch (IllegalStateException exception) {
            throw new IllegalStateException(name, exception);
        }
        addUnchecked(name, kind, octets, expectation);
    }

    /** Adds a message that is BER, or that breaks DER on purpose. */
    void addUnchecked(String name, Kind kind, byte[] octets, Expectation expectation) throws Exception {
        checkWithBouncyCastle(name, kind, octets, expectation);
        Path file = directory.resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, octets);
        rows.add(String.join("\t", name, kind.toString(), expectation.verdict, expectation.reason, expectation.rule,
                expectation.pop, expectation.note));
    }

    void writeManifest() throws Exception {
        Files.write(directory.resolve("MANIFEST.tsv"), (String.join("\n", rows) + "\n").getBytes(StandardCharsets.UTF_8));
        System.out.printf("%s: %d vectors%n", directory, rows.size() - 1);
    }

    private static void checkWithBouncyCastle(String name, Kind kind, byte[] octets, Expectation expectation) throws Exception {
        if (!expectation.verdict.equals("verified") && !expectation.verdict.equals("failed")) {
            return;
        }
        ReadBack.Result result = kind == Kind.SIMPLE_REQUEST ? ReadBack.simpleRequest(octets) : ReadBack.message(octets);
        if ((result.fault() != null) != expectation.refusedHere) {
            throw new IllegalStateException(name + ": expected " + expectation + ", read back " + result);
        }
    }
}
