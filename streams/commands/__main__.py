"""`python -m streams.commands` is `dialpulse`."""

from streams.commands import main

main()
