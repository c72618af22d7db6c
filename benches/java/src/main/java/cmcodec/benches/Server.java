package cmcodec.benches;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/**
 * Does what it is asked to a message, again and again, and says how long each took.
 *
 * <p>A line on standard input asks {@code OPERATION THREADS PATH}; a line of JSON replies. {@code hello} replies with the
 * names of all operations, as benches/peers/served.py reads them. The input is read from disk before the clock starts.
 * Whoever asks decides how often: the first times are those of a cold machine.
 */
public final class Server {
    /** Something done to a message: while the clock runs, then after it. */
    private interface Operation<T> {
        T run(byte[] octets) throws Exception;
    }

    /** What was found: the number of nested messages, and the answer as JSON. */
    private record Found(int messages, String answer) {}

    private interface Look<T> {
        Found at(T made) throws Exception;
    }

    private record Timed<T>(Operation<T> operation, Look<T> look) {
        String reply(byte[] octets) throws Exception {
            long start = System.nanoTime();
            T made = operation.run(octets);
            double seconds = (System.nanoTime() - start) / 1e9;
            Found found = look.at(made);
            return "{\"seconds\": %s, \"messages\": %d, \"answer\": %s}".formatted(seconds, found.messages, found.answer);
        }
    }

    private static final String PEER = "bouncycastle";

    private static final Map<String, Timed<?>> OPERATIONS = new TreeMap<>(Map.of(
            "load", new Timed<>(Message::load,
                    message -> new Found(message.nested().size(), Integer.toString(message.nested().size()))),
            "read", new Timed<>(octets -> Message.load(octets).nested().stream().map(Fields::of).toList(),
                    fields -> new Found(fields.size(), quoted(Fields.digestOf(fields)))),
            "verify", new Timed<>(Verifier::verify,
                    verified -> new Found(verified - 1, Integer.toString(verified)))));

    private Server() {}

    public static void main(String[] arguments) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            System.out.println(reply(line));
        }
    }

    private static String reply(String line) {
        try {
            return line.equals("hello") ? hello() : ask(line.split(" ", 3));
        } catch (Exception exception) {
            return "{\"error\": %s}".formatted(quoted(exception.toString()));
        }
    }

    private static String hello() {
        String names = OPERATIONS.keySet().stream().map(Server::quoted).collect(Collectors.joining(", "));
        return "{\"peers\": {%s: {\"version\": %s, \"operations\": [%s]}}}"
                .formatted(quoted(PEER), quoted(new BouncyCastleProvider().getVersionStr()), names);
    }

    private static String ask(String[] words) throws Exception {
        if (words.length != 3 || !words[0].startsWith(PEER + "/")) {
            throw new IllegalArgumentException("ask: " + PEER + "/OPERATION THREADS PATH");
        }
        Timed<?> operation = OPERATIONS.get(words[0].substring(PEER.length() + 1));
        if (operation == null || !words[1].equals("1")) {
            throw new IllegalArgumentException("one thread, and one of " + OPERATIONS.keySet());
        }
        return operation.reply(Files.readAllBytes(Path.of(words[2])));
    }

    /** A JSON string. */
    private static String quoted(String text) {
        StringBuilder json = new StringBuilder("\"");
        for (char each : text.toCharArray()) {
            boolean plain = each >= ' ' && each <= '~' && each != '"' && each != '\\';
            json.append(plain ? String.valueOf(each) : "\\u%04x".formatted((int) each));
        }
        return json.append('"').toString();
    }
}
