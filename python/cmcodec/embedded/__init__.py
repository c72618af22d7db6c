"""A CA and an RA to run, on the roles of this package."""
