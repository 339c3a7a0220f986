//! Pages of ST4xxx to ST6xxx: the store, the broker and the channels.

use super::{Entry, entry};
use crate::codes::*;

pub(super) const PAGES: &[Entry] = &[
    entry(
        STORE_DATABASE,
        "The database is down, full, or the URL leads elsewhere. Nothing is lost: what was not committed is done again.",
        "Check that it runs and that the URL is right; `staunch doctor` tries it.",
    ),
    entry(
        STORE_CORRUPT,
        "A row does not hold what this version writes: it was edited by hand, or written by a newer version.",
        "Restore it from a backup, or report it with table and key.",
    ),
    entry(
        STORE_PAYLOAD,
        "An id stands for one message for ever. Two texts under one id would mean that a person gets two messages or the \
         wrong one; so neither was sent.",
        "Report it with the id: this is a mistake of ours.",
    ),
    entry(
        BROKER_URL,
        "The address has no form that RabbitMQ knows.",
        "Write `amqp://user:password@host:5672/vhost` into the variable that staunch.yaml refers to.",
    ),
    entry(
        BROKER_UNREACHABLE,
        "The broker is down, or user, password or virtual host are wrong. Events wait at the producer.",
        "Check that it runs and that the login is right; `staunch doctor` tries it.",
    ),
    entry(
        BROKER_SETUP,
        "An exchange or queue of this name exists with other settings, and a broker never changes them by itself.",
        "Delete the one with other settings, or choose another prefix.",
    ),
    entry(
        BROKER_UNCONFIRMED,
        "The line broke before the broker said that it has the message. It may have it.",
        "Publish again; what arrives twice is handled once.",
    ),
    entry(
        BROKER_UNROUTABLE,
        "The exchange took the message and no queue is bound that wants it.",
        "Bind the queue to the exchange; `staunch run` binds its own.",
    ),
    entry(BROKER_CLOSED, "The process is stopping.", "Start it again; what was not acknowledged comes again."),
    entry(
        BROKER_POLICY,
        "Whoever runs RabbitMQ can give queues of any name a length, a lifetime or another place for dead letters. What is good \
         for one queue loses events in another.",
        "Take our queues out of the policy's pattern: `rabbitmqctl list_policies` names them, `staunch doctor` says what each \
         would do.",
    ),
    entry(
        BROKER_MANAGEMENT,
        "The address in `connections.broker_management` does not answer as the management plugin does, or the user there may not \
         read it (tag `monitoring`).",
        "Check address and login: it looks like `http://user:password@host:15672`. Without it only `staunch doctor` knows less.",
    ),
    entry(
        CHANNEL_SETUP,
        "A sender, URL or secret of the channel cannot be used.",
        "Correct it in staunch.yaml; `staunch doctor` checks all of them.",
    ),
    entry(
        CHANNEL_PAYLOAD,
        "A connector takes certain kinds of actions, and this is another.",
        "Name another connector in the step.",
    ),
    entry(
        CHANNEL_ADDRESS,
        "The contact has no address for this channel, or one that is none.",
        "Correct the contact by an event `contact.updated`.",
    ),
    entry(
        CHANNEL_HEADER,
        "Line breaks in a subject or name could add headers of their own, and overrides of direction show another text \
         than is there.",
        "Remove them from the template or from the field that it shows.",
    ),
    entry(
        SMTP_UNREACHABLE,
        "The mail server is down, or the login is wrong. The mail waits and is tried again.",
        "Check host, port and login; `staunch doctor` tries them.",
    ),
    entry(
        SMTP_DEFERRED,
        "The server is busy, or wants to see a second try first. The mail is tried again.",
        "Nothing, unless it lasts; then ask who runs the server.",
    ),
    entry(
        SMTP_REFUSED,
        "The address does not exist, or the server takes no mail from you.",
        "Read the server's answer in the receipt; correct the address or the sender.",
    ),
    entry(
        SMTP_DOUBT,
        "The server had the whole mail when the line broke, and nobody knows whether it kept it. It is not sent again by \
         itself.",
        "Look for the Message-ID in the server's log; then end the action by hand.",
    ),
    entry(
        OUTBOX_WRITE,
        "The disk is full, or the folder is not ours.",
        "Check the disk and the rights of `.staunch/outbox`.",
    ),
    entry(
        WEBHOOK_UNREACHABLE,
        "The other side is down, or its name leads nowhere. The request is tried again.",
        "Check the URL; `staunch doctor` tries it.",
    ),
    entry(
        WEBHOOK_DEFERRED,
        "The other side is busy or has a failure of its own. The request is tried again, when it says so.",
        "Nothing, unless it lasts; then ask who runs it.",
    ),
    entry(
        WEBHOOK_REFUSED,
        "The other side said that it will never take this.",
        "Read its answer in the receipt; often it is the signature or a field.",
    ),
    entry(
        WEBHOOK_DOUBT,
        "The request went out and no answer came, so that nobody knows whether it was taken. It is repeated only where the \
         other side drops what it has seen.",
        "Look for the id on the other side; set `peer_dedupes: true` where it keeps the `Idempotency-Key`.",
    ),
    entry(
        WEBHOOK_ADDRESS,
        "The name leads into a network of the machine's own, where a URL from a file has no business.",
        "Correct the host, or allow it in the connector.",
    ),
    entry(
        TEMPLATE_INVALID,
        "The file has no subject, a mistake in its syntax, or the wrong encoding.",
        "Correct the line that is named.",
    ),
    entry(
        TEMPLATE_UNKNOWN,
        "The step names a template that is not there, or one for another channel.",
        "Add the file, or name another one; `staunch check` finds this before anything runs.",
    ),
    entry(
        TEMPLATE_VALUE,
        "The contact lacks a field that the text shows. The action is held, and no half text goes out.",
        "Give the field a default in the template: `{{ contact.name | default(\"there\") }}`.",
    ),
    entry(TEMPLATE_FUEL, "A loop of the template has too many turns.", "Show less, or compute it before as a feature."),
    entry(
        TEMPLATE_BLOCK,
        "A template includes the files of `templates/blocks` and nothing else, so that a version of a workflow holds all \
         that its messages say.",
        "Move the shared text into `templates/blocks`, or correct the name.",
    ),
];
