"""Mails that came: their raw bytes, what became of each, who sent them, where a Message-ID stands."""
