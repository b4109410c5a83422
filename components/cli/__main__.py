"""``python -m components.cli``: the same as ``eas``."""

from components.cli.main import main

main()
