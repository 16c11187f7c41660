"""`python -m api.cli` is `midwatch`."""

from api.cli import main

main()
