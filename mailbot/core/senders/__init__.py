"""Whether a mail comes from whom it says, and how ours show it: SPF, DKIM, DMARC, ARC."""
