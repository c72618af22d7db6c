"""What the tests and the benches make their octets, keys and values of, and what they ask.

Tests import ``kit.der``, for ``tests`` is on their path; benches import ``tests.kit.der`` from the
root of the checkout.
"""
