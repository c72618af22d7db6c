package cmcodec.benches;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.cmc.CMCObjectIdentifiers;
import org.bouncycastle.asn1.crmf.CertTemplate;
import org.bouncycastle.asn1.crmf.ProofOfPossession;
import org.bouncycastle.asn1.pkcs.CertificationRequestInfo;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x500.style.IETFUtils;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;

/** Six fields of a message, in the library's types. */
record Fields(
        ASN1Integer transactionId,
        ASN1OctetString senderNonce,
        X500Name subject,
        SubjectPublicKeyInfo publicKey,
        Extensions extensions,
        String pop) {

    static Fields of(Message message) {
        ASN1Integer transactionId = null;
        ASN1OctetString senderNonce = null;
        for (Message.Value control : message.controls()) {
            if (CMCObjectIdentifiers.id_cmc_transactionId.equals(control.type())) {
                transactionId = (ASN1Integer) control.value();
            } else if (CMCObjectIdentifiers.id_cmc_senderNonce.equals(control.type())) {
                senderNonce = (ASN1OctetString) control.value();
            }
        }
        Message.Request request = message.requests().get(0);
        if (request.crmf() != null) {
            CertTemplate template = request.crmf().getCertReq().getCertTemplate();
            boolean isSigned = request.crmf().getPop().getType() == ProofOfPossession.TYPE_SIGNING_KEY;
            return new Fields(transactionId, senderNonce, template.getSubject(), template.getPublicKey(),
                    template.getExtensions(), isSigned ? "signature" : "another");
        }
        Extensions extensions = null;
        for (Message.Value attribute : request.attributes()) {
            if (PKCSObjectIdentifiers.pkcs_9_at_extensionRequest.equals(attribute.type())) {
                extensions = (Extensions) attribute.value();
            }
        }
        CertificationRequestInfo info = request.pkcs10().getCertificationRequestInfo();
        return new Fields(
                transactionId, senderNonce, info.getSubject(), info.getSubjectPublicKeyInfo(), extensions, "pkcs10");
    }

    /** What digest_of of benches/peers/answers.py computes from the same fields. */
    static String digestOf(List<Fields> found) throws NoSuchAlgorithmException {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        for (Fields each : found) {
            digest.update(each.line().getBytes(StandardCharsets.UTF_8));
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private String line() {
        String name = IETFUtils.valueToString(subject.getRDNs(BCStyle.CN)[0].getFirst().getValue());
        String oids = Arrays.stream(extensions.getExtensionOIDs())
                .map(ASN1ObjectIdentifier::getId)
                .collect(Collectors.joining(";"));
        return "%s,%s,%s,%d,%s,%s\n".formatted(
                transactionId.getValue(),
                HexFormat.of().formatHex(senderNonce.getOctets()),
                name,
                publicKey.getPublicKeyData().getOctets().length,
                oids,
                pop);
    }
}
