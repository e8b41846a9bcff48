"""The program that lives inside a sandbox and does there what the server is asked for.

It is the sandbox's first process: it starts processes, touches files and freezes the whole tree,
seeing exactly the files and processes the sandbox sees. It speaks over one Unix socket whose
listening end it inherits, and it uses nothing but the standard library, because inside a sandbox
there may be nothing else.

Not for: HTTP, tokens, lifetimes of other sandboxes. Those belong to the server.
"""
