"""What remembers: every table and every query; takes a connection, returns core values.

Beside this file stands what all queries share: the tables, the database and its transactions, and how a value is written.
What is asked of them lies in a folder of its subject, as in `flows/`; the mails that came in `mail/`, what leaves in `sending/`.
"""
