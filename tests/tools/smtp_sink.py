#!/usr/bin/env python3
"""An SMTP server for the tests, made with aiosmtpd: takes every mail and writes one JSON line for each.

    smtp_sink.py FILE [--port N] [--delay SECONDS] [--reject SUBSTRING=CODE]

Prints its port as the first line, flushed, when it is ready. A line of FILE is
{"message_id", "to", "subject", "at", "headers"}; it is on the disk before the client hears 250, so that a mail that a
client counts as sent is always in FILE. `--delay` waits before that answer; `--reject` answers recipients that contain
SUBSTRING with CODE. Ends on SIGTERM.
"""

import argparse
import asyncio
import json
import os
import signal
import time
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP


class Sink:
    def __init__(self, path, delay, rejects):
        self.file = open(path, "ab", buffering=0)
        self.delay = delay
        self.rejects = rejects

    async def handle_RCPT(self, server, session, envelope, address, options):
        for part, code in self.rejects:
            if part in address:
                return f"{code} refused by the test"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = message_from_bytes(envelope.content, policy=policy.default)
        line = {
            "message_id": mail["Message-ID"],
            "to": envelope.rcpt_tos,
            "subject": mail["Subject"],
            "at": time.time(),
            "headers": {name: str(value) for name, value in mail.items()},
        }
        self.file.write(json.dumps(line).encode() + b"\n")
        os.fsync(self.file.fileno())
        if self.delay:
            await asyncio.sleep(self.delay)
        return "250 OK"


def reject(text):
    part, _, code = text.rpartition("=")
    return part, int(code)


async def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("file")
    arguments.add_argument("--port", type=int, default=0)
    arguments.add_argument("--delay", type=float, default=0)
    arguments.add_argument("--reject", type=reject, action="append", default=[])
    options = arguments.parse_args()

    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    sink = Sink(options.file, options.delay, options.reject)
    make = lambda: SMTP(sink, hostname="sink.invalid", enable_SMTPUTF8=True)
    server = await loop.create_server(make, "127.0.0.1", options.port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await stop.wait()
    server.close()


asyncio.run(main())
