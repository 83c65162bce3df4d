"""What does: one story per file (load, decide, save), each inside one transaction of the store.

Here is the way in: a mail is received and read (`receive_mail.py`, `read_mail.py`); the way out of what was queued is
`sending/`. What a mail or an hour sets going lies in a folder of its subject: posts to lists in `lists/`, people and their
addresses in `members/`, then `surveys/`, `events/` with the meetings, `bulletins/`; what the office is told and decides in
`office/`, what falls due in `runs/`.
"""
