package cmcodec.examples;

import cmcodec.examples.TestPki.KeyKind;
import java.nio.file.Path;

/** Writes a directory of small test vectors and their MANIFEST.tsv. Argument: the directory. */
public final class MakeVectors {
    private MakeVectors() {}

    public static void main(String[] arguments) throws Exception {
        VectorSet vectors = new VectorSet(Path.of(arguments[0]), KeyKind.RSA_2048);
        SignerVectors.addTo(vectors);
        RequestVectors.addTo(vectors);
        BatchAndResponseVectors.addTo(vectors);
        EncryptedVectors.addTo(vectors);
        FaultVectors.addTo(vectors);
        vectors.writeManifest();
    }
}
