"""What a mail is, byte by byte: addresses, header fields, MIME, text, and the letters that we write ourselves."""
