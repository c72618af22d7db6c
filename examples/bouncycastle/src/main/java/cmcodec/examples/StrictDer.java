package cmcodec.examples;

import java.util.Arrays;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1Primitive;

/** Checks octets against the Distinguished Encoding Rules. Written without BouncyCastle's parser, which reads BER too. */
final class StrictDer {
    private static final int BOOLEAN = 1;
    private static final int INTEGER = 2;
    private static final int BIT_STRING = 3;
    private static final int OCTET_STRING = 4;
    private static final int SEQUENCE = 0x30;
    private static final int SET = 0x31;
    private static final byte[] SIGNED_DATA = {0x06, 0x09, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 0x01, 0x07, 0x02};

    private final byte[] octets;

    private StrictDer(byte[] octets) {
        this.octets = octets;
    }

    /** Checks exactly one value, and every ContentInfo within it down to the innermost message. */
    static void check(byte[] octets) throws Exception {
        int end = new StrictDer(octets).value(0, octets.length);
        if (end != octets.length) {
            throw new IllegalStateException("trailing octets at " + end);
        }
        // Sorting of IMPLICIT SETs, omitted DEFAULTs and the like: BouncyCastle's DER writer must have nothing to change.
        if (!Arrays.equals(octets, ASN1Primitive.fromByteArray(octets).getEncoded(ASN1Encoding.DER))) {
            throw new IllegalStateException("BouncyCastle encodes this value differently");
        }
    }

    private int value(int start, int limit) throws Exception {
        int tag = octets[start] & 0xff;
        if ((tag & 0x1f) == 0x1f) {
            throw fail(start, "unexpected high tag number");
        }
        int content = contentStart(start);
        int end = contentEnd(start);
        require(end <= limit, start, "value exceeds its container");
        boolean constructed = (tag & 0x20) != 0;
        boolean universal = tag < 0x40;
        if (universal) {
            require(constructed == (tag == SEQUENCE || tag == SET), start, "wrong primitive/constructed bit");
        }
        if (constructed) {
            members(tag, start, content, end);
        } else if (universal) {
            primitive(tag, start, content, end);
        }
        return end;
    }

    private void members(int tag, int start, int content, int end) throws Exception {
        int previous = -1;
        int position = content;
        int number = 0;
        boolean isExtension = false;
        boolean isSignedData = false;
        while (position < end) {
            int next = value(position, end);
            int memberTag = octets[position] & 0xff;
            if (tag == SET && previous >= 0) {
                require(Arrays.compareUnsigned(octets, previous, position, octets, position, next) <= 0, position, "SET OF out of order");
            }
            if (tag == SEQUENCE && number == 0) {
                isExtension = memberTag == 6;
                isSignedData = Arrays.equals(octets, position, next, SIGNED_DATA, 0, SIGNED_DATA.length);
            }
            if (isExtension && number == 1 && memberTag == BOOLEAN) {
                require(octets[position + 2] != 0, position, "DEFAULT FALSE encoded");
            }
            if (isSignedData && number == 1 && memberTag == 0xa0) {
                signedData(contentStart(position));
            }
            previous = position;
            position = next;
            number++;
        }
        require(position == end, start, "members do not fill their container");
    }

    private void primitive(int tag, int start, int content, int end) {
        switch (tag) {
            case BOOLEAN -> require(end - content == 1 && (octets[content] == 0 || octets[content] == -1), start, "BOOLEAN");
            case INTEGER -> {
                require(end > content, start, "empty INTEGER");
                boolean padded = end - content > 1
                        && (octets[content] == 0 && octets[content + 1] >= 0 || octets[content] == -1 && octets[content + 1] < 0);
                require(!padded, start, "INTEGER not minimal");
            }
            case BIT_STRING -> {
                int unused = octets[content];
                require(unused >= 0 && unused < 8 && (octets[end - 1] & (1 << unused) - 1) == 0 || end - content == 1 && unused == 0,
                        start, "BIT STRING padding");
            }
            default -> { }
        }
    }

    /** Goes on into eContent, and checks the order of the IMPLICIT SETs of a SignedData. */
    private void signedData(int start) throws Exception {
        int end = contentEnd(start);
        int position = contentStart(start);
        position = contentEnd(position); // version
        position = contentEnd(position); // digestAlgorithms
        int eContent = contentEnd(contentStart(position)); // behind eContentType
        position = contentEnd(position);
        if (eContent < position) {
            int string = contentStart(eContent);
            require(octets[string] == OCTET_STRING, string, "eContent is not a primitive OCTET STRING");
            check(Arrays.copyOfRange(octets, contentStart(string), contentEnd(string)));
        }
        for (; position < end; position = contentEnd(position)) {
            int tag = octets[position] & 0xff;
            if (tag == 0xa0 || tag == 0xa1) {
                sorted(position);
            } else if (tag == SET) {
                for (int signer = contentStart(position); signer < contentEnd(position); signer = contentEnd(signer)) {
                    // version, sid, digestAlgorithm, then signedAttrs [0]; unsignedAttrs [1] is last.
                    int field = contentEnd(contentEnd(contentEnd(contentStart(signer))));
                    for (; field < contentEnd(signer); field = contentEnd(field)) {
                        if ((octets[field] & 0xe0) == 0xa0) {
                            sorted(field);
                        }
                    }
                }
            }
        }
    }

    private void sorted(int set) {
        int previous = -1;
        for (int member = contentStart(set); member < contentEnd(set); member = contentEnd(member)) {
            if (previous >= 0) {
                require(Arrays.compareUnsigned(octets, previous, member, octets, member, contentEnd(member)) <= 0, member,
                        "IMPLICIT SET OF out of order");
            }
            previous = member;
        }
    }

    private int contentStart(int start) {
        int length = octets[start + 1] & 0xff;
        return start + 2 + (length < 0x80 ? 0 : length & 0x7f);
    }

    private int contentEnd(int start) {
        int length = octets[start + 1] & 0xff;
        if (length < 0x80) {
            return start + 2 + length;
        }
        int count = length & 0x7f;
        require(count >= 1 && count <= 4, start, "indefinite or oversized length");
        long value = 0;
        for (int i = 0; i < count; i++) {
            value = value << 8 | octets[start + 2 + i] & 0xff;
        }
        require(value >= 0x80 && value >= 1L << 8 * (count - 1), start, "length not minimal");
        require(value <= octets.length - start, start, "length exceeds the input");
        return start + 2 + count + (int) value;
    }

    private static void require(boolean condition, int offset, String message) {
        if (!condition) {
            throw fail(offset, message);
        }
    }

    private static IllegalStateException fail(int offset, String message) {
        return new IllegalStateException(message + " at octet " + offset);
    }
}
