"""mailbot: mailing lists, surveys answered by plain reply mail, and notices on schedule."""

__version__ = "0.1.0"
