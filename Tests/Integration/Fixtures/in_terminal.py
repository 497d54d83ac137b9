#!/usr/bin/env python3
"""Runs a command in a terminal of its own, presses Ctrl-C once a text was shown, and prints what it wrote.

Usage: in_terminal.py COLUMNS ROWS TEXT COMMAND [ARGUMENT...]; exits with the command's status, 124 where the text did
not come within 30 s.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

columns, rows, awaited = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].encode()
child, master = pty.fork()
if child == 0:
    # The window's size is there before the command asks for it.
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.environ["TERM"] = "xterm"
    os.execvp(sys.argv[4], sys.argv[4:])

written, pressed, deadline, status = b"", False, time.time() + 30, None
try:
    while time.time() < deadline:
        if select.select([master], [], [], 0.1)[0]:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            written += piece
        if awaited in written and not pressed:
            os.write(master, b"\x03")
            pressed = True
finally:
    if not pressed:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
sys.stdout.buffer.write(written)
sys.exit(124 if not pressed else os.waitstatus_to_exitcode(status) % 256)
