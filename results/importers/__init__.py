"""Other trainers' logs as run directories. Nothing is judged or guessed here.

A reader a format yields the same record (``record``); a shelf on disk sorts them and finds what
contradicts itself (``shelf``); one writer makes run directories of them (``write``). Files are read
line by line, so that their length is no matter of memory.
"""
