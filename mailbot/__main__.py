"""Run the command line as `python -m mailbot`."""

from mailbot.cli import main

main()
