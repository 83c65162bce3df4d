"""How mail travels: envelopes, the bytes of SMTP and LMTP, relays and their pace, when to try again."""
