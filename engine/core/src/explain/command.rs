//! Pages of ST7xxx: the worker, the command line and HTTP.

use super::{Entry, entry};
use crate::codes::*;

pub(super) const PAGES: &[Entry] = &[
    entry(
        WORKER_CONTENDED,
        "Two workers decided for the same contacts at the same time; one of them has to do it again.",
        "Nothing: it is tried again by itself. Where it lasts, run fewer workers.",
    ),
    entry(
        WORKER_PANIC,
        "A mistake of ours, or of a library. Its messages are handled one by one, and the one that did it is parked.",
        "Look at the log and at `staunch dead list`, and report it.",
    ),
    entry(
        WORKER_PARKED_FILE,
        "The disk is full, or the folder is not ours. The message stays in the queue.",
        "Check space and rights of `.staunch/parked`.",
    ),
    entry(
        WORKER_NO_CONNECTOR,
        "The published workflow names a connector that the running service does not have.",
        "Add it to staunch.yaml and start the service again; `staunch check` finds this before.",
    ),
    entry(
        WORKER_LEASE,
        "The channel took longer than a claim lasts, so that nobody knows whether it went out. It is never repeated by \
         itself where that could be a second message.",
        "Look on the other side, and end the action by hand.",
    ),
    entry(
        WORKER_VERSION,
        "Runs can only go on in a version that is published, and this one is not, or no longer.",
        "Publish it first; runs that stand at a step that is gone are moved, patched or ended as the publisher says.",
    ),
    entry(
        WORKER_ARCHIVE,
        "The disk is full, or the folder `.staunch/archive` cannot be written.",
        "Make room or mend the permissions; it is tried again by itself, and nothing is deleted before.",
    ),
    entry(
        CLI_USAGE,
        "An argument is missing, unknown, or does not go with another.",
        "`--help` behind the command shows how it is used, with an example.",
    ),
    entry(CLI_FILE, "The path is wrong, or the rights do not allow it.", "Correct the path or its rights."),
    entry(
        CLI_STEP,
        "Something that a command or the service needs failed: another program such as cargo or git, a connection, or \
         the operating system. Nothing is lost: what was not committed is done again.",
        "Do what the error says, and run the same again.",
    ),
    entry(
        CLI_CHECK,
        "The command needs files without errors.",
        "`staunch check` lists all of them, each with a next step.",
    ),
    entry(
        CLI_SECRET,
        "staunch.yaml refers to a variable or file that does not exist here.",
        "Set the variable or write the file; `staunch doctor` lists what is missing.",
    ),
    entry(
        CLI_LOCKED,
        "An embedded workspace has one worker, because its queue and its lock are files of this folder.",
        "Stop the other process, or let several workers share a database and a broker.",
    ),
    entry(
        CLI_UNKNOWN,
        "There is no workflow, action, contact or code of this name here.",
        "The command that is named lists what there is.",
    ),
    entry(
        CLI_ROLE,
        "The gate names a role, and this person is not in it.",
        "Ask somebody of the role, or add the person under `roles` in staunch.yaml.",
    ),
    entry(
        CLI_CHANGED,
        "What is approved has to be what was read, to the letter.",
        "Look at it again with `staunch review show`, and decide then.",
    ),
    entry(CLI_PORT, "Other processes have all ports that were tried.", "Name another one with `--port`."),
    entry(
        CLI_SHAPE,
        "A patch exchanges texts only. With other steps, waits or conditions, people under way could stand nowhere.",
        "Publish with `--existing keep`, `move` or `end`; `staunch diff` shows which steps differ.",
    ),
    entry(
        CLI_BACKUP,
        "The file is there already, damaged, no database of ours or of a newer version, or the database is Postgres.",
        "Name another file. For Postgres use `pg_dump` and `pg_restore`: `examples/deploy/backup.md`.",
    ),
    entry(
        HTTP_NOT_FOUND,
        "The address is misspelt, or the link belongs to an action that was never sent from here.",
        "`GET /` lists what is here.",
    ),
    entry(HTTP_METHOD, "The address exists, and takes another method.", "Use one of those in the header `Allow`."),
    entry(
        HTTP_PARAMETER,
        "A parameter has a value that it does not take.",
        "Write one of those that the answer names.",
    ),
    entry(
        HTTP_ORIGIN,
        "Another page could otherwise change things here with the browser of a person who is logged in.",
        "Send the change as JSON with its content type, or from a page of this server.",
    ),
    entry(
        HTTP_TIMEOUT,
        "The service is overloaded, or the body stopped half-way.",
        "Try again; what was already taken is not taken twice.",
    ),
    entry(
        HTTP_SERVER,
        "The server could not start, or was stopped.",
        "Read the error below it; often the port is taken.",
    ),
];
