"""Files that people hand in and take away, each in its format: spreadsheets, calendars, pages, mailboxes, backups."""
