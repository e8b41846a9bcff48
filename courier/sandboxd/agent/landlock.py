"""Landlock: the kernel's allow-list for files, as far as this kernel knows it.

What is not allowed by a rule is refused, to this process and all its descendants, for good.
"""

import ctypes
import os
import stat
import struct

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
ASK_VERSION = 1
PATH_BENEATH = 1
PR_SET_NO_NEW_PRIVS = 38
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REFER, TRUNCATE, IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
FIRST_RIGHTS = (1 << 13) - 1
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEVICE
READING = EXECUTE | READ_FILE | READ_DIR
SCOPE_ABSTRACT_SOCKETS, SCOPE_SIGNALS = 1 << 0, 1 << 1
SCOPING_VERSION = 6


def version() -> int:
    """Return which version of Landlock the kernel offers, zero for none."""
    return max(_syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ASK_VERSION), 0)


def restrict(reads: list[str], writes: list[str], devices: list[str]) -> None:
    """Allow reading and running below some paths, everything below others, and using devices.

    From version 6 on it also keeps this process from signalling others, and from reaching their
    abstract sockets.

    Raises:
        OSError: If the kernel refuses.
    """
    offered = version()
    rights = _rights(offered)
    scopes = SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS
    attributes = struct.pack("QQQ", rights, 0, scopes if offered >= SCOPING_VERSION else 0)
    size = 24 if offered >= SCOPING_VERSION else 8
    rules = _checked(_syscall(CREATE_RULESET, attributes[:size], ctypes.c_size_t(size), 0))
    try:
        for paths, allowed in (
            (reads, READING),
            (writes, rights),
            (devices, READ_FILE | READ_DIR | WRITE_FILE | IOCTL_DEVICE),
        ):
            for path in paths:
                _allow(rules, path, allowed & rights)
        libc = ctypes.CDLL(None, use_errno=True)
        _checked(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        _checked(_syscall(RESTRICT_SELF, rules, 0))
    finally:
        os.close(rules)


def _rights(offered: int) -> int:
    later = ((2, REFER), (3, TRUNCATE), (5, IOCTL_DEVICE))
    return FIRST_RIGHTS | sum(right for since, right in later if offered >= since)


def _allow(rules: int, path: str, allowed: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            allowed &= ON_FILES
        rule = struct.pack("=Qi", allowed, fd)
        _checked(_syscall(ADD_RULE, rules, PATH_BENEATH, rule, 0))
    finally:
        os.close(fd)


def _syscall(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    return int(libc.syscall(number, *arguments))


def _checked(answer: int) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return answer
