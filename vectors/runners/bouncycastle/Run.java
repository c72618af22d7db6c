import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/**
 * What BouncyCastle says of the signatures of this set.
 *
 * <p>java -cp 'lib/*' runners/bouncycastle/Run.java [--cases] in the folder of the set, or with
 * -Dset=FOLDER; lib has bcpkix, bcutil and bcprov, and README.md says how to get them. Verifies the
 * outermost message of each case that says what its signature is, with the certificates in it, and
 * no path. Prints counts; with --cases a line for each case before them: its file, and what was said.
 */
public final class Run {
    private static final BouncyCastleProvider PROVIDER = new BouncyCastleProvider();
    private static final Pattern FIELD = Pattern.compile("\"(\\w+)\":\"((?:[^\"\\\\]|\\\\.)*)\"");
    private static final Pattern ALGORITHMS = Pattern.compile("\"algorithms\":\\[([^\\]]*)\\]");

    private record Case(String file, String signature, boolean isOptional, String algorithms) {}

    /** The cases with a signature: the index has a line for each, its texts before all else. */
    private static List<Case> cases(Path set) throws Exception {
        List<Case> found = new ArrayList<>();
        for (String line : Files.readAllLines(set.resolve("index.json"))) {
            if (!line.startsWith("{\"id\":")) continue;
            Map<String, String> texts = new LinkedHashMap<>();
            Matcher field = FIELD.matcher(line);
            while (field.find()) texts.putIfAbsent(field.group(1), field.group(2));
            if (!texts.containsKey("signature")) continue;
            Matcher listed = ALGORITHMS.matcher(line);
            found.add(new Case(texts.get("file"), texts.get("signature"),
                    texts.containsKey("optional"), listed.find() ? listed.group(1) : ""));
        }
        return found;
    }

    private static String said(byte[] octets) {
        try {
            var message = new CMSSignedData(ContentInfo.getInstance(ASN1Primitive.fromByteArray(octets)));
            var signers = message.getSignerInfos().getSigners();
            if (signers.isEmpty()) return "invalid";
            for (SignerInformation signer : signers) {
                boolean isGood = false;
                for (X509CertificateHolder held : message.getCertificates().getMatches(null)) {
                    isGood |= signer.getSID().match(held) && verifies(signer, held);
                }
                if (!isGood) return "invalid";
            }
            return "valid";
        } catch (Exception error) {
            return "invalid";
        } catch (StackOverflowError | OutOfMemoryError error) {
            return "crash";
        }
    }

    /** By the key alone: whether a certificate is valid is no matter of its signature. */
    private static boolean verifies(SignerInformation signer, X509CertificateHolder held) {
        try {
            var key = BouncyCastleProvider.getPublicKey(held.getSubjectPublicKeyInfo());
            var by = new JcaSimpleSignerInfoVerifierBuilder().setProvider(PROVIDER);
            return signer.verify(by.build(key));
        } catch (Exception error) {
            return false;
        }
    }

    public static void main(String[] arguments) throws Exception {
        Path set = Path.of(System.getProperty("set", "."));
        List<Case> cases = cases(set);
        List<String> found = new ArrayList<>();
        Set<String> offered = new HashSet<>();
        for (Case one : cases) {
            String word = said(Files.readAllBytes(set.resolve(one.file)));
            found.add(word);
            // On offer is that with which something was valid.
            if (word.equals("valid") && one.signature.equals("valid")) offered.add(one.algorithms);
        }
        Map<String, Integer> counts = new TreeMap<>();
        for (int at = 0; at < cases.size(); at++) {
            Case one = cases.get(at);
            String word = offered.contains(one.algorithms) ? found.get(at) : "not-offered";
            String result = word.equals(one.signature) ? "agree"
                    : word.equals("crash") || word.equals("not-offered") ? word
                    : one.isOptional ? "differ, as others may" : word + " instead";
            counts.merge(result, 1, Integer::sum);
            if (List.of(arguments).contains("--cases")) System.out.println(one.file + " " + word);
        }
        System.out.println("BouncyCastle " + PROVIDER.getVersionStr() + ": "
                + cases.size() + " signatures");
        counts.forEach((result, count) -> System.out.printf("%6d %s%n", count, result));
    }
}
