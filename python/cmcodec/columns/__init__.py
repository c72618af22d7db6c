"""Columns of Apache Arrow, and how they come from and go to other libraries.

What stands here knows nothing of messages: arrays as plain octets (`fields`), and the Arrow C data
interface around them (`structures`, `outgoing`, `incoming`), through PyCapsules.
"""
