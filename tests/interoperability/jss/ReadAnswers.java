import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.mozilla.jss.asn1.ANY;
import org.mozilla.jss.asn1.ASN1Template;
import org.mozilla.jss.asn1.ASN1Util;
import org.mozilla.jss.asn1.ASN1Value;
import org.mozilla.jss.asn1.OBJECT_IDENTIFIER;
import org.mozilla.jss.asn1.SEQUENCE;
import org.mozilla.jss.asn1.SET;
import org.mozilla.jss.pkix.cert.Certificate;
import org.mozilla.jss.pkix.cmc.CMCStatusInfo;
import org.mozilla.jss.pkix.cmc.CMCStatusInfoV2;
import org.mozilla.jss.pkix.cmc.OtherInfo;
import org.mozilla.jss.pkix.cmc.ResponseBody;
import org.mozilla.jss.pkix.cmc.TaggedAttribute;
import org.mozilla.jss.pkix.cms.ContentInfo;
import org.mozilla.jss.pkix.cms.SignedData;

/**
 * Reads the answers in the files named, and prints a line of each: its statuses, and how many certificates it has.
 *
 * <p>Its signature is not looked at: that takes the native part of JSS.
 */
public final class ReadAnswers {
    private ReadAnswers() {}

    public static void main(String[] files) throws Exception {
        for (String file : files) {
            System.out.println(Path.of(file).getFileName() + " " + words(Files.readAllBytes(Path.of(file))));
        }
    }

    private static String words(byte[] octets) {
        try {
            return read(octets);
        } catch (Exception exception) {
            return "unread: " + exception;
        }
    }

    private static String read(byte[] octets) throws Exception {
        ContentInfo message = (ContentInfo) decode(ContentInfo.getTemplate(), octets);
        if (!message.getContentType().equals(ContentInfo.SIGNED_DATA)) {
            return "other";
        }
        SignedData signed = (SignedData) message.getInterpretedContent();
        List<String> words = new ArrayList<>();
        if (signed.getContentInfo().hasContent()) {
            byte[] content = signed.getContentInfo().getContent().toByteArray();
            words.addAll(statuses((ResponseBody) decode(ResponseBody.getTemplate(), content)));
        }
        SET certificates = signed.hasCertificates() ? signed.getCertificates() : new SET();
        for (int i = 0; i < certificates.size(); i++) {
            ((Certificate) certificates.elementAt(i)).getInfo().getSubject();
        }
        words.add(certificates.size() + " certificates");
        return String.join(" ", words);
    }

    private static List<String> statuses(ResponseBody response) throws Exception {
        List<String> words = new ArrayList<>();
        SEQUENCE controls = response.getControlSequence();
        for (int i = 0; i < controls.size(); i++) {
            TaggedAttribute control = (TaggedAttribute) controls.elementAt(i);
            ANY value = (ANY) control.getValues().elementAt(0);
            if (control.getType().equals(OBJECT_IDENTIFIER.id_cmc_statusInfoV2)) {
                CMCStatusInfoV2 status = (CMCStatusInfoV2) value.decodeWith(CMCStatusInfoV2.getTemplate());
                words.add(word("", status.getStatus(), status.getBodyList(), status.getOtherInfo()));
            } else if (control.getType().equals(OBJECT_IDENTIFIER.id_cmc_cMCStatusInfo)) {
                CMCStatusInfo status = (CMCStatusInfo) value.decodeWith(CMCStatusInfo.getTemplate());
                words.add(word("old ", status.getStatus(), status.getBodyList(), status.getOtherInfo()));
            }
        }
        return words;
    }

    private static String word(String form, int status, SEQUENCE parts, OtherInfo other) {
        String[] ids = new String[parts.size()];
        Arrays.setAll(ids, place -> parts.elementAt(place).toString());
        String word = form + status + "(" + String.join(",", ids) + ")";
        if (other == null) {
            return word;
        }
        return other.getType() == OtherInfo.FAIL
                ? word + "=" + other.getFailInfo()
                : word + "=" + other.getPendInfo().getPendToken().toByteArray().length + " octets";
    }

    private static ASN1Value decode(ASN1Template template, byte[] octets) throws Exception {
        return ASN1Util.decode(template, octets);
    }
}
