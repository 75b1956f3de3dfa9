"""Calls the test service at a steady pace, until stdin ends: unary calls, and streams in one and both directions.

usage: callers.py ADDRESS DESCRIPTORS

Writes a line of JSON for every call that has ended, with what was wrong where it failed. Nothing is tried twice.
"""

import itertools
import json
import sys
import threading
import time

import grpc
from google.protobuf import descriptor_pb2, message_factory
from google.protobuf.descriptor_pool import DescriptorPool

SERVICE = "fairlead.testing.v1.TestService"
DEADLINE_SECONDS = 25
# Messages of a stream, and the seconds between them.
STREAMS = [(10, 0.02), (40, 0.05), (60, 0.1)]
OPTIONS = [
    ("grpc.enable_retries", 0),
    # Each channel has a connection of its own.
    ("grpc.use_local_subchannel_pool", 1),
]


def main(address, descriptors):
    messages, stop = Messages(descriptors), threading.Event()
    channels = [grpc.insecure_channel(address, options=OPTIONS) for _ in range(2)]
    threads = []
    for call, count, pause in [(echo, 12, 0.2), (recite, 3, 0.1), (repeat, 3, 0.1)]:
        for number, channel in zip(range(count), itertools.cycle(channels)):
            arguments = [call, channel, messages, number, pause, stop]
            threads.append(threading.Thread(target=calls, args=arguments))
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stop.set()
    for thread in threads:
        thread.join()


def calls(call, channel, messages, number, pause, stop):
    for turn in itertools.count(number):
        if stop.wait(pause):
            return
        told = {"call": call.__name__.capitalize()}
        try:
            call(channel, messages, turn)
        except grpc.RpcError as error:
            told["failed"] = f"{error.code()}: {error.details()} ({error.debug_error_string()})"
        except Exception as error:
            told["failed"] = repr(error)
        # One write a line: lines of different threads do not mix.
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


def echo(channel, messages, turn):
    text = "ahoy " * (turn % 100)
    request, respond = messages.of("Echo")
    method = channel.unary_unary(f"/{SERVICE}/Echo", request.SerializeToString, respond.FromString)
    same(method(request(text=text), timeout=DEADLINE_SECONDS).text, text)


def recite(channel, messages, turn):
    count, pause = STREAMS[turn % len(STREAMS)]
    request, respond = messages.of("Recite")
    method = channel.unary_stream(f"/{SERVICE}/Recite", request.SerializeToString, respond.FromString)
    asked = request(count=count)
    asked.pause.FromMilliseconds(round(pause * 1000))
    same([heard.number for heard in method(asked, timeout=DEADLINE_SECONDS)], list(range(count)))


def repeat(channel, messages, turn):
    count, pause = STREAMS[turn % len(STREAMS)]
    request, respond = messages.of("Repeat")
    method = channel.stream_stream(f"/{SERVICE}/Repeat", request.SerializeToString, respond.FromString)

    def said():
        for number in range(count):
            time.sleep(pause)
            yield request(text=str(number))

    heard = [heard.text for heard in method(said(), timeout=DEADLINE_SECONDS)]
    same(heard, [str(number) for number in range(count)])


def same(found, wanted):
    if found != wanted:
        raise ValueError(f"{found} came instead of {wanted}")


class Messages:
    """The classes of the messages that the descriptors describe."""

    def __init__(self, file):
        pool = DescriptorPool()
        with open(file, "rb") as descriptors:
            for described in descriptor_pb2.FileDescriptorSet.FromString(descriptors.read()).file:
                pool.Add(described)
        self.methods = pool.FindServiceByName(SERVICE).methods_by_name
        self.classes = {}
        for name, method in self.methods.items():
            ends = (method.input_type, method.output_type)
            self.classes[name] = tuple(message_factory.GetMessageClass(end) for end in ends)

    def of(self, method):
        return self.classes[method]


if __name__ == "__main__":
    main(*sys.argv[1:])
