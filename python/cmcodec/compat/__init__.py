"""For programs that use asn1crypto: the API of ``python_cmc``, and converters.

- `cmcodec.compat.python_cmc` stands in for the package ``python_cmc`` 1.22
- `cmcodec.compat.asn1crypto` turns values of `cmcodec.types` into asn1crypto objects and back

Both rest on asn1crypto classes that are derived from the declarations of `cmcodec.types`, so that
no ASN.1 type is declared twice.
"""
