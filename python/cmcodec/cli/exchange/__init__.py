"""What the commands share that ask for something: options, what is asked for, state, and result."""
