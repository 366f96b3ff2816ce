"""``python -m api``: the command `laurel` without its installed name."""

from api.cli import main

main()
