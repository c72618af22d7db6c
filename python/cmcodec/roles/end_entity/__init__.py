"""What an end entity does behind `cmcodec.roles.Client`: exchanges, turn by turn."""
