"""A Celery worker: events are arguments of a task."""

import os

from celery import Celery, signals
from common import Worker
from kombu import Queue

app = Celery("peers", broker=os.environ["PEER_AMQP"])
app.conf.update(
    task_acks_late=True, worker_prefetch_multiplier=200, task_ignore_result=True, worker_hijack_root_logger=False,
    task_queues=[Queue(os.environ["PEER_QUEUE"], queue_arguments={"x-queue-type": "quorum"}, durable=True)],
    task_default_queue=os.environ["PEER_QUEUE"], broker_transport_options={"confirm_publish": True},
    worker_detect_quorum_queues=True,
)
worker = None


@signals.worker_process_init.connect
@signals.worker_init.connect
def begin(**_):
    global worker
    worker = Worker()


@app.task(name="peers.handle")
def handle(body):
    worker.handle(body)
