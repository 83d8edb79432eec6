"""What runs inside the sandbox: standard library only, started as its own Python process.

Three kinds of process. The *zygote* forks and buries programs and knows nothing else. The *judge*
holds the tests. A *program* is one untrusted piece of code. Judge and program share no memory, no
file and no descriptor but one socket, over which the judge asks for values and the program gives
them; a verdict is written by the judge to a socket that a program never had.
"""
