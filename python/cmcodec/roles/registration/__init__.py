"""What an RA does between clients and the next server."""
