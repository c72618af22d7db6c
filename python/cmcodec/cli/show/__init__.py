"""How the commands show messages, values and reports; a command is imported by nothing here."""
