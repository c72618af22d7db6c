"""The commands of ``cmc``, a module each."""
