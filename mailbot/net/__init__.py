"""What talks: SMTP, LMTP and IMAP; knows bytes and envelopes, not lists or surveys."""
