import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.security.MessageDigest;
import java.security.cert.CertificateException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.cms.SignerInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.CMSSignerDigestMismatchException;
import org.bouncycastle.cms.CMSVerifierCertificateNotValidException;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.PKCSException;

/**
 * What BouncyCastle says of messages that stand on standard input, each a form (0 a message, 1 a PKCS#10), a length and
 * octets; on standard output a line of JSON for each. With an argument memory is measured as well.
 */
final class Judge {
    private static final BouncyCastleProvider PROVIDER = new BouncyCastleProvider();

    private Judge() {}

    /** Says no more than this: {@code why} is a word. */
    private static final class Not extends Exception {
        private static final long serialVersionUID = 1;
        final String said;
        final String why;

        Not(String said, String why) {
            super(why);
            this.said = said;
            this.why = why;
        }
    }

    public static void main(String[] arguments) throws Exception {
        DataInputStream in = new DataInputStream(new BufferedInputStream(System.in));
        boolean measured = arguments.length > 0;
        for (int form = in.read(); form >= 0; form = in.read()) {
            byte[] octets = new byte[in.readInt()];
            in.readFully(octets);
            long before = measured ? reset() : 0;
            long since = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
            Map<String, String> values = new TreeMap<>();
            String said = "valid";
            String why = "";
            try {
                if (form == 0) {
                    message(octets, values);
                } else {
                    request(octets);
                }
            } catch (Not not) {
                said = not.said;
                why = not.why;
            } catch (IOException | CMSException | OperatorCreationException | PKCSException documented) {
                said = "refused";
                why = "parse";
            } catch (RuntimeException | Error unforeseen) {
                said = "crashed";
                why = unforeseen.getClass().getSimpleName();
            }
            double seconds = (ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - since) / 1e9;
            long peak = measured ? peak() - before : 0;
            String listed = values.entrySet().stream()
                    .map(each -> "\"%s\": \"%s\"".formatted(each.getKey(), each.getValue()))
                    .collect(Collectors.joining(", "));
            System.out.printf(
                    "{\"said\": \"%s\", \"why\": \"%s\", \"values\": {%s}, \"seconds\": %.9f, \"peak\": %d}%n",
                    said, why, listed, seconds, peak);
            System.out.flush();
        }
    }

    @SuppressWarnings("unchecked")
    private static void message(byte[] octets, Map<String, String> values) throws Exception {
        CMSSignedData signed = new CMSSignedData(octets);
        Collection<SignerInformation> signers = signed.getSignerInfos().getSigners();
        values(signed, signers, values);
        if (signers.isEmpty()) {
            throw new Not("unsigned", "no signer");
        }
        for (SignerInformation signer : signers) {
            String wrong = "certificate";
            Collection<X509CertificateHolder> candidates =
                    (Collection<X509CertificateHolder>) signed.getCertificates().getMatches(signer.getSID());
            for (X509CertificateHolder certificate : candidates) {
                wrong = wrong(signer, certificate);
                if (wrong == null) {
                    break;
                }
            }
            if (wrong != null) {
                throw new Not("invalid", wrong);
            }
        }
    }

    /** What is wrong with a signer by a certificate, or null. */
    private static String wrong(SignerInformation signer, X509CertificateHolder certificate) throws Exception {
        try {
            JcaSimpleSignerInfoVerifierBuilder builder = new JcaSimpleSignerInfoVerifierBuilder().setProvider(PROVIDER);
            return signer.verify(builder.build(certificate)) ? null : "signature";
        } catch (CMSSignerDigestMismatchException mismatch) {
            return "digest";
        } catch (CMSVerifierCertificateNotValidException expired) {
            return "validity";
        } catch (CertificateException unreadable) {
            return "certificate";
        } catch (OperatorCreationException unusable) {
            return "key";
        } catch (CMSException other) {
            String text = String.valueOf(other.getMessage());
            for (Map.Entry<String, String> each : WORDS.entrySet()) {
                if (text.contains(each.getKey())) {
                    return each.getValue();
                }
            }
            return "other";
        }
    }

    private static final Map<String, String> WORDS = Map.of(
            "attribute", "attributes",
            "content-type", "attributes",
            "message-digest", "attributes",
            "can't create", "algorithm",
            "signature", "signature");

    private static void request(byte[] octets) throws Exception {
        PKCS10CertificationRequest request = new PKCS10CertificationRequest(octets);
        JcaContentVerifierProviderBuilder builder = new JcaContentVerifierProviderBuilder().setProvider(PROVIDER);
        try {
            if (!request.isSignatureValid(builder.build(request.getSubjectPublicKeyInfo()))) {
                throw new Not("invalid", "signature");
            }
        } catch (OperatorCreationException | PKCSException unusable) {
            throw new Not("invalid", "key");
        }
    }

    /** What a message holds, as {@code answers.values} writes it. */
    private static void values(CMSSignedData signed, Collection<SignerInformation> signers, Map<String, String> values)
            throws Exception {
        values.put("type", signed.getSignedContentTypeOID());
        if (signed.getSignedContent() != null) {
            values.put("content", hash((byte[]) signed.getSignedContent().getContent()));
        }
        List<String> each = new ArrayList<>();
        for (SignerInformation signer : signers) {
            SignerInfo info = signer.toASN1Structure();
            ASN1Encodable identifier = info.getSID().getId();
            String sid = identifier instanceof ASN1OctetString ski
                    ? HexFormat.of().formatHex(ski.getOctets())
                    : signer.getSID().getSerialNumber().toString(16);
            each.add(String.join(" ", sid, signer.getDigestAlgOID(), signer.getEncryptionAlgOID(),
                    hash(signer.getSignature())));
        }
        Collections.sort(each);
        values.put("signers", String.join("; ", each));
    }

    private static String hash(byte[] octets) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(octets));
    }

    private static List<MemoryPoolMXBean> heap() {
        return ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(each -> each.getType() == MemoryType.HEAP)
                .toList();
    }

    /** Octets in use now, from which on {@link #peak} looks. */
    private static long reset() {
        System.gc();
        heap().forEach(MemoryPoolMXBean::resetPeakUsage);
        return heap().stream().mapToLong(each -> each.getUsage().getUsed()).sum();
    }

    /** The most octets that were in use; those of garbage count until they are collected. */
    private static long peak() {
        return heap().stream().mapToLong(each -> each.getPeakUsage().getUsed()).sum();
    }
}
