"""The fallback backend: the codec and the verifier over asn1crypto and cryptography."""
