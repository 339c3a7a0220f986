"""A FastStream worker."""

import asyncio
import os

from common import Worker
from faststream import FastStream
from faststream.rabbit import QueueType, RabbitBroker, RabbitQueue
from faststream.rabbit.schemas import Channel

broker = RabbitBroker(os.environ["PEER_AMQP"], default_channel=Channel(prefetch_count=200), logger=None)
worker = Worker()


@broker.subscriber(RabbitQueue(os.environ["PEER_QUEUE"], durable=True, queue_type=QueueType.QUORUM))
async def handle(body: bytes):
    worker.handle(body)


asyncio.run(FastStream(broker).run())
