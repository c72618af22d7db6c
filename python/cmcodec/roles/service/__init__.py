"""What CAs and RAs do alike: a message from its arrival to its answer."""
