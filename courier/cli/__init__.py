"""The click commands: gather, call, show, exit.

For: arguments, output in two renderers, exit codes.
Not for: logic; a command longer than ten lines hides something another room should own.
"""
