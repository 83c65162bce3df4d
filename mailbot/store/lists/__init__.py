"""Lists and what their members chose; posts that wait, were kept, are collected for digests or were purged."""
