import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;

import org.mozilla.jss.CryptoManager;
import org.mozilla.jss.InitializationValues;
import org.mozilla.jss.asn1.ANY;
import org.mozilla.jss.asn1.ASN1Util;
import org.mozilla.jss.asn1.ASN1Value;
import org.mozilla.jss.asn1.BIT_STRING;
import org.mozilla.jss.asn1.GeneralizedTime;
import org.mozilla.jss.asn1.INTEGER;
import org.mozilla.jss.asn1.NULL;
import org.mozilla.jss.asn1.OBJECT_IDENTIFIER;
import org.mozilla.jss.asn1.OCTET_STRING;
import org.mozilla.jss.asn1.SEQUENCE;
import org.mozilla.jss.asn1.SET;
import org.mozilla.jss.asn1.Tag;
import org.mozilla.jss.asn1.UTF8String;
import org.mozilla.jss.crypto.CryptoToken;
import org.mozilla.jss.crypto.DigestAlgorithm;
import org.mozilla.jss.crypto.KeyPairAlgorithm;
import org.mozilla.jss.crypto.KeyPairGenerator;
import org.mozilla.jss.crypto.PrivateKey;
import org.mozilla.jss.crypto.Signature;
import org.mozilla.jss.crypto.SignatureAlgorithm;
import org.mozilla.jss.pkcs10.CertificationRequest;
import org.mozilla.jss.pkcs10.CertificationRequestInfo;
import org.mozilla.jss.pkix.cert.Certificate;
import org.mozilla.jss.pkix.cert.CertificateInfo;
import org.mozilla.jss.pkix.cert.Extension;
import org.mozilla.jss.pkix.cmc.CMCCertId;
import org.mozilla.jss.pkix.cmc.CMCStatusInfo;
import org.mozilla.jss.pkix.cmc.CMCStatusInfoV2;
import org.mozilla.jss.pkix.cmc.DecryptedPOP;
import org.mozilla.jss.pkix.cmc.EncryptedPOP;
import org.mozilla.jss.pkix.cmc.ExtendedFailInfo;
import org.mozilla.jss.pkix.cmc.GetCert;
import org.mozilla.jss.pkix.cmc.IdentityProofV2;
import org.mozilla.jss.pkix.cmc.LraPopWitness;
import org.mozilla.jss.pkix.cmc.OtherInfo;
import org.mozilla.jss.pkix.cmc.OtherMsg;
import org.mozilla.jss.pkix.cmc.OtherReqMsg;
import org.mozilla.jss.pkix.cmc.PKIData;
import org.mozilla.jss.pkix.cmc.PendInfo;
import org.mozilla.jss.pkix.cmc.PopLinkWitnessV2;
import org.mozilla.jss.pkix.cmc.ResponseBody;
import org.mozilla.jss.pkix.cmc.RevokeRequest;
import org.mozilla.jss.pkix.cmc.TaggedAttribute;
import org.mozilla.jss.pkix.cmc.TaggedCertificationRequest;
import org.mozilla.jss.pkix.cmc.TaggedContentInfo;
import org.mozilla.jss.pkix.cmc.TaggedRequest;
import org.mozilla.jss.pkix.cms.ContentInfo;
import org.mozilla.jss.pkix.cms.DigestedData;
import org.mozilla.jss.pkix.cms.EncapsulatedContentInfo;
import org.mozilla.jss.pkix.cms.EncryptedContentInfo;
import org.mozilla.jss.pkix.cms.EncryptedData;
import org.mozilla.jss.pkix.cms.EnvelopedData;
import org.mozilla.jss.pkix.cms.IssuerAndSerialNumber;
import org.mozilla.jss.pkix.cms.RecipientInfo;
import org.mozilla.jss.pkix.cms.SignedData;
import org.mozilla.jss.pkix.cms.SignerIdentifier;
import org.mozilla.jss.pkix.cms.SignerInfo;
import org.mozilla.jss.pkix.crmf.CertId;
import org.mozilla.jss.pkix.crmf.CertReqMsg;
import org.mozilla.jss.pkix.crmf.CertRequest;
import org.mozilla.jss.pkix.crmf.CertTemplate;
import org.mozilla.jss.pkix.crmf.EncryptedKey;
import org.mozilla.jss.pkix.crmf.EncryptedValue;
import org.mozilla.jss.pkix.crmf.PKIArchiveOptions;
import org.mozilla.jss.pkix.crmf.PKIPublicationInfo;
import org.mozilla.jss.pkix.crmf.POPOPrivKey;
import org.mozilla.jss.pkix.crmf.POPOSigningKey;
import org.mozilla.jss.pkix.crmf.ProofOfPossession;
import org.mozilla.jss.pkix.primitive.AVA;
import org.mozilla.jss.pkix.primitive.AlgorithmIdentifier;
import org.mozilla.jss.pkix.primitive.Attribute;
import org.mozilla.jss.pkix.primitive.Name;
import org.mozilla.jss.pkix.primitive.PBKDF2Params;
import org.mozilla.jss.pkix.primitive.SubjectPublicKeyInfo;

/** Writes the vectors of this folder with JSS, and MANIFEST.tsv. */
public final class MakeVectors {
    private static final HexFormat HEX = HexFormat.of();
    private static final List<String> ROWS = new ArrayList<>();
    private static final OBJECT_IDENTIFIER ID_DATA = ContentInfo.DATA;
    private static final OBJECT_IDENTIFIER SHA256 = oid("2.16.840.1.101.3.4.2.1");
    private static final OBJECT_IDENTIFIER HMAC_SHA256 = oid("1.2.840.113549.2.9");
    private static final OBJECT_IDENTIFIER AES256_CBC = oid("2.16.840.1.101.3.4.1.42");
    private static final OBJECT_IDENTIFIER RSA = oid("1.2.840.113549.1.1.1");
    private static final OBJECT_IDENTIFIER EXTENSION_REQUEST = oid("1.2.840.113549.1.9.14");
    private static final OBJECT_IDENTIFIER PRIVATE = oid("2.999.1");
    private static final Date DATE = new Date(1798761600000L); // 2027-01-01

    private static Path folder;
    private static CryptoToken token;

    /** A key, its certificate, and the algorithm it signs with. */
    private record Signer(KeyPair pair, Certificate certificate, SignatureAlgorithm algorithm) {
        PrivateKey key() {
            return (PrivateKey) pair.getPrivate();
        }

        byte[] identifier() throws Exception {
            return keyIdentifier(pair);
        }

        SignerIdentifier byName() {
            CertificateInfo info = certificate.getInfo();
            return SignerIdentifier.createIssuerAndSerialNumber(
                    new IssuerAndSerialNumber(info.getIssuer(), info.getSerialNumber()));
        }

        SignerIdentifier byKey() throws Exception {
            return SignerIdentifier.createSubjectKeyIdentifier(new OCTET_STRING(identifier()));
        }

        Signer with(SignatureAlgorithm other) {
            return new Signer(pair, certificate, other);
        }
    }

    public static void main(String[] arguments) throws Exception {
        folder = Path.of(arguments[0]);
        InitializationValues values = new InitializationValues(arguments[0]);
        values.noCertDB = true;
        values.noModDB = true;
        CryptoManager.initialize(values);
        token = CryptoManager.getInstance().getInternalKeyStorageToken();

        Signer rsa = signer("RSA", 2048, SignatureAlgorithm.RSASignatureWithSHA256Digest);
        Signer p256 = signer("P-256", 256, SignatureAlgorithm.ECSignatureWithSHA256Digest);
        Signer p384 = signer("P-384", 384, SignatureAlgorithm.ECSignatureWithSHA384Digest);
        values(rsa, p256);
        crmf(rsa, p256);
        messages(rsa, p256, p384);

        ROWS.add(0, "file\tkind\ttype\tverdict\treason\trule\tpop\tnote");
        Files.writeString(folder.resolve("MANIFEST.tsv"), String.join("\n", ROWS) + "\n");
    }

    // --- values of controls and other types ---------------------------------------------------

    private static void values(Signer rsa, Signer p256) throws Exception {
        value("statusinfo-success", "CMCStatusInfo", new CMCStatusInfo(CMCStatusInfo.SUCCESS, ids(1)));
        value("statusinfo-failed", "CMCStatusInfo",
                new CMCStatusInfo(CMCStatusInfo.FAILED, ids(1, 2), "no, ß", fail(OtherInfo.BAD_REQUEST)));
        value("statusinfo-pending", "CMCStatusInfo",
                new CMCStatusInfo(CMCStatusInfo.PENDING, ids(1), null, pending()));
        value("statusinfov2-success", "CMCStatusInfoV2",
                new CMCStatusInfoV2(CMCStatusInfoV2.SUCCESS, ids(1)));
        value("statusinfov2-failed", "CMCStatusInfoV2",
                new CMCStatusInfoV2(CMCStatusInfoV2.FAILED, ids(0), "text", fail(OtherInfo.POP_REQUIRED)));
        value("statusinfov2-auth-data-fail", "CMCStatusInfoV2",
                new CMCStatusInfoV2(CMCStatusInfoV2.FAILED, ids(7), null, fail(OtherInfo.authDataFail)));
        value("statusinfov2-partial", "CMCStatusInfoV2",
                new CMCStatusInfoV2(CMCStatusInfoV2.PARTIAL, ids(1), null, pending()));
        SEQUENCE references = ids(1);
        references.addElement(ids(2, 3));
        value("statusinfov2-paths", "CMCStatusInfoV2",
                new CMCStatusInfoV2(CMCStatusInfoV2.FAILED, references, null, fail(2)),
                "bodyPartID 1 and bodyPartPath {2, 3}");
        ExtendedFailInfo extended = new ExtendedFailInfo(PRIVATE, new INTEGER(7));
        legacy("statusinfov2-extended", "CMCStatusInfoV2",
                new CMCStatusInfoV2(CMCStatusInfoV2.FAILED, ids(1), null,
                        new OtherInfo(OtherInfo.EXTENDED, null, null, extended)),
                "extendedFailInfo without [1] (T-06)");
        value("extendedfailinfo", "ExtendedFailInfo", extended);
        value("pendinfo", "PendInfo", new PendInfo("token", DATE));

        SEQUENCE names = new SEQUENCE();
        names.addElement(directoryName("CA"));
        legacy("certid", "CMCCertId", new CMCCertId(names, new INTEGER(4711), null),
                "issuer as GeneralNames (T-11)");
        legacy("certid-uid", "CMCCertId",
                new CMCCertId(directoryName("CA"), new INTEGER(4711), bits(1, 2, 3)),
                "issuer as GeneralNames and issuerUID (T-11)");
        value("getcert", "GetCert", new GetCert(directoryName("CA"), new INTEGER(4711)));
        value("getcert-uri", "GetCert",
                new GetCert(any("860d687474703a2f2f63612e6e6574"), new INTEGER(new BigInteger("-1"))));
        ANY issuer = new ANY(ASN1Util.encode(name("CA")));
        value("revoke-min", "RevokeRequest",
                new RevokeRequest(issuer, new INTEGER(1), RevokeRequest.unspecified, null, null, null));
        value("revoke", "RevokeRequest",
                new RevokeRequest(issuer, new INTEGER(new BigInteger("ff00ff00ff00ff00ff", 16)),
                        RevokeRequest.removeFromCRL, new GeneralizedTime(DATE),
                        octets("passphrase"), new UTF8String("commentaire é")));
        value("lrapopwitness", "LraPopWitness", new LraPopWitness(new INTEGER(0), ids(1, 2, 3)));
        value("lrapopwitness-empty", "LraPopWitness",
                new LraPopWitness(new INTEGER("4294967295"), new SEQUENCE()));
        AlgorithmIdentifier hash = new AlgorithmIdentifier(SHA256);
        AlgorithmIdentifier mac = new AlgorithmIdentifier(HMAC_SHA256);
        value("identityproofv2", "IdentityProofV2", new IdentityProofV2(hash, mac, octets(32)));
        AlgorithmIdentifier nulls = new AlgorithmIdentifier(HMAC_SHA256, new NULL());
        AlgorithmIdentifier derived = new AlgorithmIdentifier(oid("1.2.840.113549.1.5.12"),
                new PBKDF2Params(new byte[8], null, 1000, 32, nulls));
        value("poplinkwitnessv2", "PopLinkWitnessV2", new PopLinkWitnessV2(hash, mac, octets(32)));
        value("poplinkwitnessv2-pbkdf2", "PopLinkWitnessV2",
                new PopLinkWitnessV2(derived, nulls, octets(32)));
        value("pbkdf2", "PBKDF2Params", new PBKDF2Params(new byte[8], null, 1000, 32, nulls));

        TaggedRequest request = tcr(3, pkcs10(p256, true));
        value("encryptedpop", "EncryptedPOP",
                new EncryptedPOP(request, new ContentInfo(enveloped(rsa, ID_DATA)), mac, hash, octets(32)));
        value("decryptedpop", "DecryptedPOP", new DecryptedPOP(new INTEGER(3), mac, octets(32)));
        value("taggedrequest-tcr", "TaggedRequest", request);
        value("taggedrequest-crm", "TaggedRequest", crm(crmfSigned(4, p256, true)));
        value("taggedrequest-orm", "TaggedRequest", orm(5));
        value("taggedattribute", "TaggedAttribute", control(1, 6, octets(16)));
        value("taggedcontentinfo", "TaggedContentInfo",
                new TaggedContentInfo(new INTEGER(9), new ContentInfo(new byte[] {1, 2, 3})));
        value("othermsg", "OtherMsg", otherMsg(8));
        value("pkidata-empty", "PKIData", pkiData(seq(), seq(), seq(), seq()));
        value("pkidata-full", "PKIData", everything(inner(p256), p256));
        value("pkiresponse-empty", "PKIResponse", new ResponseBody(seq(), seq(), seq()));
        value("pkiresponse-full", "PKIResponse", response());

        value("pkipublicationinfo", "PKIPublicationInfo",
                new PKIPublicationInfo(PKIPublicationInfo.PLEASE_PUBLISH,
                        seq(seq(new INTEGER(PKIPublicationInfo.WEB), any("860d687474703a2f2f63612e6e6574")))));
        value("pkipublicationinfo-dont", "PKIPublicationInfo",
                new PKIPublicationInfo(PKIPublicationInfo.DONT_PUBLISH, null));
        value("crmf-certid", "CertId", new CertId(directoryName("CA"), new INTEGER(1)));
        AlgorithmIdentifier aes = new AlgorithmIdentifier(AES256_CBC, octets(16));
        EncryptedValue encrypted = new EncryptedValue(new AlgorithmIdentifier(RSA), aes, bits(1),
                new AlgorithmIdentifier(RSA, new NULL()), octets("hint"), bits(2));
        value("archive-encrypted-value", "PKIArchiveOptions",
                new PKIArchiveOptions(new EncryptedKey(encrypted)));
        value("archive-enveloped", "PKIArchiveOptions",
                new PKIArchiveOptions(new EncryptedKey(
                        new ANY(Tag.get(0), ASN1Util.encode(Tag.get(0), enveloped(rsa, ID_DATA))))));
        value("archive-parameters", "PKIArchiveOptions", new PKIArchiveOptions(new byte[] {5, 0}));
        value("archive-remote", "PKIArchiveOptions", new PKIArchiveOptions(true));
    }

    private static void crmf(Signer rsa, Signer p256) throws Exception {
        value("crmf-signature-rsa", "CertReqMsg", crmfSigned(4, rsa, true));
        value("crmf-signature-p256", "CertReqMsg", crmfSigned(4, p256, true));
        value("crmf-raverified", "CertReqMsg",
                new CertReqMsg(certRequest(1, rsa), ProofOfPossession.createRaVerified(), null));
        value("crmf-no-popo", "CertReqMsg", new CertReqMsg(certRequest(1, rsa), null, null));
        POPOPrivKey challenge = POPOPrivKey.createSubsequentMessage(POPOPrivKey.CHALLENGE_RESP);
        value("crmf-challenge", "CertReqMsg", new CertReqMsg(certRequest(1, rsa),
                ProofOfPossession.createKeyEncipherment(challenge), null));
        value("crmf-agreement-dhmac", "CertReqMsg", new CertReqMsg(certRequest(1, p256),
                ProofOfPossession.createKeyAgreement(POPOPrivKey.createDhMAC(bits(1, 2))), null));
        value("crmf-this-message", "CertReqMsg", new CertReqMsg(certRequest(1, rsa),
                ProofOfPossession.createKeyEncipherment(POPOPrivKey.createThisMessage(bits(1))), null));
        CertTemplate full = new CertTemplate();
        full.setVersion(new INTEGER(2));
        full.setSerialNumber(new INTEGER(77));
        full.setSigningAlg(new AlgorithmIdentifier(oid("1.2.840.113549.1.1.11"), new NULL()));
        full.setIssuer(name("CA"));
        full.setNotBefore(DATE);
        full.setNotAfter(new Date(3313440000000L)); // 2074-12-30
        full.setSubject(name("device"));
        full.setPublicKey(spki(rsa.pair()));
        full.setIssuerUID(bits(1));
        full.setSubjectUID(bits(2));
        full.setExtensions(extensions(rsa.pair()));
        SEQUENCE controls = seq(
                new AVA(oid("1.3.6.1.5.5.7.5.1.1"), new UTF8String("token")),
                new AVA(oid("1.3.6.1.5.5.7.5.1.2"), new UTF8String("authenticator")),
                new AVA(cmc(23), octets(20)),
                new AVA(oid("1.3.6.1.5.5.7.5.1.4"), new PKIArchiveOptions(true)));
        SEQUENCE info = seq(new AVA(oid("1.3.6.1.5.5.7.5.2.1"), new UTF8String("a?b%")));
        value("crmf-everything", "CertReqMsg",
                new CertReqMsg(new CertRequest(new INTEGER(1), full, controls), null, info),
                "every field of the template, four controls, regInfo; validity as JSS writes it");
        CertTemplate least = new CertTemplate();
        value("crmf-least", "CertReqMsg",
                new CertReqMsg(new CertRequest(new INTEGER(1), least, null), null, null));
    }

    // --- messages -----------------------------------------------------------------------------

    private static void messages(Signer rsa, Signer p256, Signer p384) throws Exception {
        for (Signer key : List.of(rsa, p256)) {
            String type = key == rsa ? "rsa" : "p256";
            message("pkcs10-" + type, pkcs10(key, true), "simple-request", "verified", "verified",
                    "bare PKCS#10");
            message("pkcs10-" + type + "-no-attributes", pkcs10(key, false), "simple-request",
                    "verified", "verified", "bare PKCS#10, attributes empty");
        }
        ASN1Value data = pkiData(seq(control(1, 5, new INTEGER(4711)), control(2, 6, octets(16))),
                seq(tcr(3, pkcs10(p256, true))), seq(), seq());
        String full = "full-request";
        List<SignatureAlgorithm> algorithms = List.of(
                SignatureAlgorithm.RSASignatureWithSHA256Digest,
                SignatureAlgorithm.RSASignatureWithSHA384Digest,
                SignatureAlgorithm.RSASignatureWithSHA512Digest);
        for (SignatureAlgorithm algorithm : algorithms) {
            Signer signer = rsa.with(algorithm);
            message("rsa-" + algorithm.getDigestAlg().toString().toLowerCase(),
                    signed(data, signer.byName(), signer), full, "verified", "verified",
                    "issuerAndSerialNumber");
        }
        message("rsa-keyid", signed(data, rsa.byKey(), rsa), full, "verified", "verified",
                "subjectKeyIdentifier of the certificate in the message");
        Signer sha1 = rsa.with(SignatureAlgorithm.RSASignatureWithSHA1Digest);
        message("rsa-sha1", signed(data, sha1.byName(), sha1), full,
                "failed unsupported_algorithm V7", "verified", "legacy=verified; RSA with SHA-1");
        for (Signer signer : List.of(p256, p384)) {
            message(signer == p256 ? "p256" : "p384", signed(data, signer.byName(), signer), full,
                    "verified", "verified",
                    "ecdsa-with-SHA2 with parameters NULL, read as absent (rule V10)");
        }
        ASN1Value requests = pkiData(seq(control(1, 6, octets(16))),
                seq(tcr(3, pkcs10(rsa, true)), crm(crmfSigned(4, rsa, true)), orm(5),
                        crm(new CertReqMsg(certRequest(6, rsa), ProofOfPossession.createRaVerified(), null)),
                        crm(new CertReqMsg(certRequest(7, rsa), ProofOfPossession.createKeyEncipherment(
                                POPOPrivKey.createSubsequentMessage(POPOPrivKey.CHALLENGE_RESP)), null))),
                seq(), seq());
        message("five-requests", signed(requests, rsa.byName(), rsa), full, "verified",
                "verified,verified,absent,absent,challenge-needed",
                "tcr 3, crm 4, orm 5, crm 6 raVerified, crm 7 challengeResp");
        ASN1Value wrong = pkiData(seq(), seq(crm(crmfSigned(4, rsa, false))), seq(), seq());
        message("crmf-bad-pop", signed(wrong, rsa.byName(), rsa), full,
                "failed pop_invalid R1", "failed", "POP over the template and not over certReq");
        ASN1Value own = pkiData(seq(), seq(tcr(3, pkcs10(rsa, true))), seq(), seq());
        message("request-key-pkcs10", signedBare(own, rsa.byKey(), rsa), full, "verified",
                "verified", "signed by the requested key, sid = SKI of request 3");
        ASN1Value ownCrmf = pkiData(seq(), seq(crm(crmfSigned(3, rsa, true))), seq(), seq());
        message("request-key-crmf", signedBare(ownCrmf, rsa.byKey(), rsa), full, "verified",
                "verified", "signed by the requested key, sid = SKI of request 3");
        message("everything", signed(everything(inner(p256), p256), rsa.byName(), rsa), full, "verified",
                "verified", "rows=verified,no_signer,encrypted; all four sequences; 11 is SignedData without "
                        + "signers, 12 Data, 13 EnvelopedData");
        SET odd = new SET();
        odd.addElement(new Attribute(EXTENSION_REQUEST, extensions(p256.pair())));
        ASN1Value broken = pkiData(seq(), seq(tcr(3, pkcs10(p256, odd))), seq(), seq());
        message("everything-one-malformed", signed(everything(broken, p256), rsa.byName(), rsa), full,
                "verified", "verified", "rows=verified,bad_tag,encrypted; load=bad_tag; in 11, which "
                        + "lraPOPWitness names, the values of an attribute are a SEQUENCE and no SET");

        ASN1Value answer = response();
        message("response", signedAs(OBJECT_IDENTIFIER.id_cct_PKIResponse, answer, rsa.byName(), rsa),
                "full-response", "verified", "", "statusInfoV2, responseInfo, senderNonce");
        ASN1Value unsigned = new ContentInfo(new SignedData(null,
                new EncapsulatedContentInfo(OBJECT_IDENTIFIER.id_cct_PKIResponse, answer), null, null, null));
        message("response-zero-signers", unsigned, "full-response", "unsigned no_signer V2", "",
                "a server that cannot sign");
        SET bag = new SET();
        bag.addElement(rsa.certificate());
        bag.addElement(p256.certificate());
        message("certs-only", new ContentInfo(new SignedData(null,
                        new EncapsulatedContentInfo(ID_DATA, null), bag, null, null)),
                "simple-response", "unsigned", "",
                "strict=refused; two certificates, SignedData of JSS's version, 3");
        message("enveloped", new ContentInfo(enveloped(rsa, ContentInfo.SIGNED_DATA)), "other",
                "unverified encrypted", "", "ktri; the ciphertext is 32 octets of nothing");
        message("encrypted-data",
                new ContentInfo(new EncryptedData(new INTEGER(0), encrypted(ContentInfo.SIGNED_DATA))),
                "other", "unverified encrypted", "", "the ciphertext is 32 octets of nothing");
        message("digested-data",
                new ContentInfo(new DigestedData(new INTEGER(0), new AlgorithmIdentifier(SHA256),
                        new ContentInfo(new byte[] {1, 2, 3}), octets(32))),
                "other", "failed wrong_content_type V1", "", "PKCS#7 form, digest is nothing");
        message("data", new ContentInfo(new byte[] {1, 2, 3}), "other",
                "failed wrong_content_type V1", "", "ContentInfo of id-data");
    }

    private static ASN1Value inner(Signer p256) throws Exception {
        return pkiData(seq(), seq(tcr(3, pkcs10(p256, true))), seq(), seq());
    }

    /** A PKIData with all four sequences; {@code inner} is the PKIData of its nested message. */
    private static ASN1Value everything(ASN1Value inner, Signer p256) throws Exception {
        SEQUENCE controls = seq(
                control(1, 2, new UTF8String("device 7")),
                control(2, 34, new IdentityProofV2(new AlgorithmIdentifier(SHA256),
                        new AlgorithmIdentifier(HMAC_SHA256), octets(32))),
                control(3, 4, octets(5)),
                control(4, 5, new INTEGER(new BigInteger("ffffffffffffffffffff", 16))),
                control(5, 6, octets(16)),
                control(6, 18, octets(3)),
                control(7, 22, octets(64)),
                control(8, 28, ids(11)),
                control(9, 11, new LraPopWitness(new INTEGER(11), ids(3))));
        ContentInfo signed = (ContentInfo) ContentInfo.getTemplate().decode(new ByteArrayInputStream(
                ASN1Util.encode(new ContentInfo(new SignedData(null,
                        new EncapsulatedContentInfo(OBJECT_IDENTIFIER.id_cct_PKIData, inner),
                        null, null, null)))));
        SEQUENCE contents = seq(
                new TaggedContentInfo(new INTEGER(11), signed),
                new TaggedContentInfo(new INTEGER(12), new ContentInfo(new byte[] {1})),
                new TaggedContentInfo(new INTEGER(13), new ContentInfo(enveloped(p256, ID_DATA))));
        return pkiData(controls, seq(tcr(10, pkcs10(p256, false))), contents, seq(otherMsg(14)));
    }

    private static ASN1Value response() throws Exception {
        return new ResponseBody(seq(
                control(1, 25, new CMCStatusInfoV2(CMCStatusInfoV2.SUCCESS, ids(1))),
                control(2, 1, new CMCStatusInfo(CMCStatusInfo.FAILED, ids(2), null, fail(OtherInfo.TRY_LATER))),
                control(3, 19, octets(4)),
                control(4, 6, octets(16)),
                control(5, 7, octets(16))), seq(), seq(otherMsg(6)));
    }

    // --- parts --------------------------------------------------------------------------------

    private static ContentInfo signed(ASN1Value content, SignerIdentifier sid, Signer signer)
            throws Exception {
        return signedAs(OBJECT_IDENTIFIER.id_cct_PKIData, content, sid, signer);
    }

    private static ContentInfo signedAs(OBJECT_IDENTIFIER type, ASN1Value content,
            SignerIdentifier sid, Signer signer) throws Exception {
        SET certificates = new SET();
        certificates.addElement(signer.certificate());
        return sign(type, content, sid, signer, certificates);
    }

    private static ContentInfo signedBare(ASN1Value content, SignerIdentifier sid, Signer signer)
            throws Exception {
        return sign(OBJECT_IDENTIFIER.id_cct_PKIData, content, sid, signer, null);
    }

    private static ContentInfo sign(OBJECT_IDENTIFIER type, ASN1Value content, SignerIdentifier sid,
            Signer signer, SET certificates) throws Exception {
        DigestAlgorithm digest = signer.algorithm().getDigestAlg();
        byte[] hash = MessageDigest.getInstance(digest.toString()).digest(ASN1Util.encode(content));
        SignerInfo info = new SignerInfo(sid, null, null, type, hash, signer.algorithm(), signer.key());
        info.verify(hash, type, signer.pair().getPublic());
        SET digests = new SET();
        digests.addElement(new AlgorithmIdentifier(digest.toOID(), null));
        SET infos = new SET();
        infos.addElement(info);
        return new ContentInfo(new SignedData(
                digests, new EncapsulatedContentInfo(type, content), certificates, null, infos));
    }

    private static EnvelopedData enveloped(Signer to, OBJECT_IDENTIFIER type) throws Exception {
        SET recipients = new SET();
        CertificateInfo info = to.certificate().getInfo();
        recipients.addElement(new RecipientInfo(new INTEGER(0),
                new IssuerAndSerialNumber(info.getIssuer(), info.getSerialNumber()),
                new AlgorithmIdentifier(RSA, new NULL()), octets(256)));
        return new EnvelopedData(new INTEGER(0), recipients, encrypted(type));
    }

    private static EncryptedContentInfo encrypted(OBJECT_IDENTIFIER type) {
        return new EncryptedContentInfo(
                type, new AlgorithmIdentifier(AES256_CBC, octets(16)), octets(32));
    }

    private static Signer signer(String name, int size, SignatureAlgorithm algorithm) throws Exception {
        boolean rsa = name.equals("RSA");
        KeyPairGenerator generator =
                token.getKeyPairGenerator(rsa ? KeyPairAlgorithm.RSA : KeyPairAlgorithm.EC);
        generator.temporaryPairs(true);
        generator.initialize(size);
        KeyPair pair = generator.genKeyPair();
        CertificateInfo info = new CertificateInfo(CertificateInfo.v3, new INTEGER(size),
                new AlgorithmIdentifier(algorithm.toOID()), name(name), new Date(1767225600000L),
                new Date(2398377600000L), name(name), spki(pair));
        info.addExtension(keyIdentifierExtension(pair));
        return new Signer(pair, new Certificate(info, pair.getPrivate(), algorithm), algorithm);
    }

    private static CertificationRequest pkcs10(Signer signer, boolean attributes) throws Exception {
        SET wanted = new SET();
        if (attributes) {
            // As ASN1Value: SEQUENCE is a SET in JSS, and as one it would be the values themselves.
            ASN1Value value = extensions(signer.pair());
            wanted.addElement(new Attribute(EXTENSION_REQUEST, value));
            wanted.addElement(new Attribute(cmc(33), new PopLinkWitnessV2(
                    new AlgorithmIdentifier(SHA256), new AlgorithmIdentifier(HMAC_SHA256), octets(32))));
        }
        return pkcs10(signer, wanted);
    }

    private static CertificationRequest pkcs10(Signer signer, SET wanted) throws Exception {
        return new CertificationRequest(
                new CertificationRequestInfo(new INTEGER(0), name("device"), spki(signer.pair()), wanted),
                signer.pair().getPrivate(), signer.algorithm());
    }

    private static CertRequest certRequest(int id, Signer signer) throws Exception {
        CertTemplate template = new CertTemplate();
        template.setSubject(name("device"));
        template.setPublicKey(spki(signer.pair()));
        template.setExtensions(extensions(signer.pair()));
        SEQUENCE controls = seq(new AVA(cmc(33), new PopLinkWitnessV2(
                new AlgorithmIdentifier(SHA256), new AlgorithmIdentifier(HMAC_SHA256), octets(32))));
        return new CertRequest(new INTEGER(id), template, controls);
    }

    private static CertReqMsg crmfSigned(int id, Signer signer, boolean good) throws Exception {
        CertRequest request = certRequest(id, signer);
        Signature signature = token.getSignatureContext(signer.algorithm());
        signature.initSign(signer.key());
        signature.update(ASN1Util.encode(good ? request : request.getCertTemplate()));
        AlgorithmIdentifier algorithm = signer.algorithm().getRawAlg() == SignatureAlgorithm.RSASignature
                ? new AlgorithmIdentifier(signer.algorithm().toOID(), new NULL())
                : new AlgorithmIdentifier(signer.algorithm().toOID());
        POPOSigningKey proof =
                new POPOSigningKey(null, algorithm, new BIT_STRING(signature.sign(), 0));
        return new CertReqMsg(request, ProofOfPossession.createSignature(proof), null);
    }

    private static SEQUENCE extensions(KeyPair pair) throws Exception {
        return seq(
                keyIdentifierExtension(pair),
                new Extension(oid("2.5.29.15"), true, new OCTET_STRING(HEX.parseHex("03020780"))));
    }

    private static Extension keyIdentifierExtension(KeyPair pair) throws Exception {
        byte[] value = ASN1Util.encode(new OCTET_STRING(keyIdentifier(pair)));
        return new Extension(oid("2.5.29.14"), false, new OCTET_STRING(value));
    }

    private static byte[] keyIdentifier(KeyPair pair) throws Exception {
        byte[] bits = spki(pair).getSubjectPublicKey().getBits();
        return MessageDigest.getInstance("SHA-1").digest(bits);
    }

    private static SubjectPublicKeyInfo spki(KeyPair pair) throws Exception {
        return new SubjectPublicKeyInfo(pair.getPublic());
    }

    private static PKIData pkiData(SEQUENCE controls, SEQUENCE requests, SEQUENCE contents, SEQUENCE others) {
        return new PKIData(controls, requests, contents, others);
    }

    private static TaggedRequest tcr(int id, CertificationRequest request) {
        return new TaggedRequest(
                TaggedRequest.PKCS10, new TaggedCertificationRequest(new INTEGER(id), request), null);
    }

    private static TaggedRequest crm(CertReqMsg request) {
        return new TaggedRequest(TaggedRequest.CRMF, null, request);
    }

    private static TaggedRequest orm(int id) {
        return new TaggedRequest(TaggedRequest.OTHER, null, null,
                new OtherReqMsg(new INTEGER(id), PRIVATE, any("300302010d")));
    }

    private static OtherMsg otherMsg(int id) {
        return new OtherMsg(new INTEGER(id), PRIVATE, any("0c0161"));
    }

    private static TaggedAttribute control(int id, int number, ASN1Value value) {
        return new TaggedAttribute(new INTEGER(id), cmc(number), value);
    }

    private static OtherInfo fail(int reason) {
        return new OtherInfo(OtherInfo.FAIL, new INTEGER(reason), null);
    }

    private static OtherInfo pending() {
        return new OtherInfo(OtherInfo.PEND, null, new PendInfo(octets(8), new GeneralizedTime(DATE)));
    }

    private static Name name(String common) throws Exception {
        Name name = new Name();
        name.addCountryName("DE");
        name.addOrganizationName("Vectors");
        name.addCommonName(common);
        return name;
    }

    private static ANY directoryName(String common) throws Exception {
        byte[] inner = ASN1Util.encode(name(common));
        byte[] octets = new byte[inner.length + 2];
        octets[0] = (byte) 0xA4;
        octets[1] = (byte) inner.length;
        System.arraycopy(inner, 0, octets, 2, inner.length);
        return new ANY(octets);
    }

    private static SEQUENCE ids(int... numbers) {
        SEQUENCE sequence = new SEQUENCE();
        Arrays.stream(numbers).forEach(number -> sequence.addElement(new INTEGER(number)));
        return sequence;
    }

    private static SEQUENCE seq(ASN1Value... elements) {
        SEQUENCE sequence = new SEQUENCE();
        Arrays.stream(elements).forEach(sequence::addElement);
        return sequence;
    }

    private static OCTET_STRING octets(int size) {
        byte[] octets = new byte[size];
        for (int i = 0; i < size; i++) {
            octets[i] = (byte) i;
        }
        return new OCTET_STRING(octets);
    }

    private static OCTET_STRING octets(String text) {
        return new OCTET_STRING(text.getBytes(StandardCharsets.UTF_8));
    }

    private static BIT_STRING bits(int... octets) {
        byte[] content = new byte[octets.length];
        for (int i = 0; i < octets.length; i++) {
            content[i] = (byte) octets[i];
        }
        return new BIT_STRING(content, 0);
    }

    private static ANY any(String hex) {
        try {
            return new ANY(HEX.parseHex(hex));
        } catch (Exception error) {
            throw new IllegalArgumentException(error);
        }
    }

    private static OBJECT_IDENTIFIER oid(String dotted) {
        return new OBJECT_IDENTIFIER(dotted);
    }

    private static OBJECT_IDENTIFIER cmc(int number) {
        return oid("1.3.6.1.5.5.7.7." + number);
    }

    // --- files --------------------------------------------------------------------------------

    private static void value(String name, String type, ASN1Value value) throws Exception {
        value(name, type, value, "");
    }

    private static void value(String name, String type, ASN1Value value, String note) throws Exception {
        write("values/" + name + ".der", value);
        ROWS.add(String.join("\t", "values/" + name + ".der", "value", type, "verified", "", "", "", note));
    }

    /** A form that strict decoding refuses. */
    private static void legacy(String name, String type, ASN1Value value, String note) throws Exception {
        value(name, type, value, "strict=refused; " + note);
    }

    private static void message(String name, ASN1Value message, String kind, String verdict, String pop,
            String note) throws Exception {
        write("messages/" + name + ".der", message);
        String[] parts = Arrays.copyOf(verdict.split(" "), 3);
        ROWS.add(String.join("\t", "messages/" + name + ".der", kind, "", parts[0],
                parts[1] == null ? "" : parts[1], parts[2] == null ? "" : parts[2], pop, note));
    }

    private static void write(String name, ASN1Value value) throws Exception {
        Path path = folder.resolve(name);
        Files.createDirectories(path.getParent());
        Files.write(path, ASN1Util.encode(value));
    }
}
