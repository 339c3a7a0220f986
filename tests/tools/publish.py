#!/usr/bin/env python3
"""Publishes to RabbitMQ with pika, a client that we did not write.

    publish.py publish URL PREFIX FILE   every line {"key", "headers", "body" in hex}, with publisher confirms, through
                                         several connections; one key stays in order. Prints how many were confirmed.
    publish.py depth URL PREFIX          messages ready in PREFIX.events with its partitions, and in PREFIX.parked
    publish.py delete URL PREFIX         deletes the queues and exchanges of PREFIX
"""

import json
import sys
import threading
import zlib

import pika

CONNECTIONS = 8
# More than any test has.
PARTITIONS = 64


def connect(url):
    connection = pika.BlockingConnection(pika.URLParameters(url))
    return connection, connection.channel()


def publish_all(url, exchange, lines, confirmed, errors):
    try:
        connection, channel = connect(url)
        channel.confirm_delivery()
        for line in lines:
            headers = line["headers"]
            mode = "application/json" if headers else "application/cloudevents+json"
            # The contact's partition, as a producer of another company would choose it.
            headers = {**headers, "staunch-contact": line["key"]} if line["key"] else headers
            properties = pika.BasicProperties(delivery_mode=2, content_type=mode, headers=headers)
            # Raises where the server refuses it or no queue takes it.
            channel.basic_publish(exchange, "test.event", bytes.fromhex(line["body"]), properties, mandatory=True)
            confirmed.append(1)
        connection.close()
    except Exception as error:
        errors.append(error)


def publish(url, prefix, path):
    shares = [[] for _ in range(CONNECTIONS)]
    with open(path) as file:
        for text in file:
            line = json.loads(text)
            shares[zlib.crc32(line["key"].encode()) % CONNECTIONS].append(line)
    confirmed, errors = [], []
    arguments = [(url, prefix + ".events", share, confirmed, errors) for share in shares if share]
    threads = [threading.Thread(target=publish_all, args=one) for one in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(len(confirmed))
    if errors:
        sys.exit(f"publish.py: {errors[0]!r}")


def depth(url, prefix):
    connection, channel = connect(url)
    ready = lambda name: channel.queue_declare(prefix + name, passive=True).method.message_count
    events, parked = ready(".events"), ready(".parked")
    try:
        for number in range(PARTITIONS):
            events += ready(f".events.{number}")
    except pika.exceptions.ChannelClosedByBroker:
        pass
    print(events, parked)
    connection.close()


def delete(url, prefix):
    connection, channel = connect(url)
    for name in (".events", ".parked", *(f".events.{number}" for number in range(PARTITIONS))):
        channel.queue_delete(prefix + name)
    for name in (".events", ".dead", ".split", ".single", ".partitions"):
        channel.exchange_delete(prefix + name)
    connection.close()


{"publish": publish, "depth": depth, "delete": delete}[sys.argv[1]](*sys.argv[2:])
