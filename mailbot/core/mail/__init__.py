"""What a mail is, byte by byte: addresses, header fields, MIME, text, bounces, and the words of SMTP."""
