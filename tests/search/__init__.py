"""Search for input that nobody thought of: what holds for every input, tried on many.

``python -m tests.search differential --count 200000`` tries so many cases of one loop, on all
cores. A case follows from the seed, the name of the loop and its number alone, whatever the number
of processes. What breaks a property is made smaller, kept in ``build/search``, and makes the exit
status 1; ``--at`` tries one number again.

| Module | Holds |
|---|---|
| `running` | what a loop and a case are; how many of them are tried, timed and kept |
| `signing`, `sealing` | signatures and layers, made again over what was changed |
| `told` | everything that a backend says of something, to be compared with what the other says |
| `differential` | messages, batches, values and certificates: both backends say the same |
| `corpus` | the same of what fuzz targets have kept |
| `layers` | what is encrypted or has a MAC: documented errors, and nothing changed that opens |
| `controls` | what proves something: documented errors, and no proof of anything else |
| `builders` | arbitrary calls: what they return opens |
| `arrow` | broken structures of Arrow: refused, and given back once |
| `roles` | EE, RA and CA with an adversary between them: nobody gets what is another's |
| `transports` | slow and lying peers: documented errors, in time, and others are served |
"""
