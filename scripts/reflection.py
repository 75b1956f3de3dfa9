"""Starts a server, and asks it what it serves by server reflection alone.

usage: reflection.py BINARY PROTOS

Every service that the protos in the folder PROTOS declare must be listed and described, every method down to its
messages, by reflection v1alpha (Python) and v1 (buf); and a call built from nothing but the answer must succeed.
"""

import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

WITHIN_SECONDS = 60
HEALTH = "grpc.health.v1.Health"


def main(binary, protos):
    declared = declared_services(pathlib.Path(protos))
    grpc_port, admin_port = free_ports(2)
    with tempfile.TemporaryDirectory() as folder, running(binary, folder, grpc_port, admin_port) as server:
        wait_until_ready(server, admin_port)
        address = f"127.0.0.1:{grpc_port}"
        ask_with_python(address, declared)
        for protocol in ["grpc-v1", "grpc-v1alpha"]:
            ask_with_buf(address, declared, protocol)
        server.terminate()
        code = server.wait(WITHIN_SECONDS)
        assert code == 0, f"the server ended with {code}"
    print(f"reflection shows {len(declared)} services to clients that have no protos")


def declared_services(folder):
    """The full names of the services in a folder of protos, each with its methods."""
    services = {}
    for file in folder.rglob("*.proto"):
        text = re.sub(r"//.*", "", file.read_text())
        package = re.search(r"^package ([\w.]+);", text, re.M).group(1)
        for service, body in re.findall(r"^service (\w+) \{(.*?)^\}", text, re.M | re.S):
            services[f"{package}.{service}"] = sorted(re.findall(r"\brpc (\w+)", body))
    assert services, f"no service is declared in {folder}"
    return services


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def running(binary, folder, grpc_port, admin_port):
    environment = {
        "PATH": os.environ["PATH"],
        "FAIRLEAD__SERVER__LISTEN": f"127.0.0.1:{grpc_port}",
        "FAIRLEAD__ADMIN__LISTEN": f"127.0.0.1:{admin_port}",
        "FAIRLEAD__LIFECYCLE__LAME_DUCK": "0s",
    }
    # Its data goes where it is started.
    return Server([os.path.abspath(binary)], cwd=folder, env=environment, stdout=subprocess.DEVNULL)


class Server(subprocess.Popen):
    """A process that is killed when something fails."""

    def __exit__(self, *failure):
        self.kill()
        return super().__exit__(*failure)


def wait_until_ready(server, admin_port):
    deadline = time.monotonic() + WITHIN_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, f"the server ended with {server.poll()}"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{admin_port}/ready", timeout=5):
                return
        except OSError:
            time.sleep(0.02)
    raise AssertionError("the server does not become ready")


def ask_with_python(address, declared):
    with grpc.insecure_channel(address) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        check_listed(database.get_services(), declared)

        pool = DescriptorPool(database)
        for name, methods in declared.items():
            service = pool.FindServiceByName(name)
            described = sorted(method.name for method in service.methods)
            assert described == methods, f"{name} is described with {described}, and declares {methods}"
            for method in service.methods:
                # Fails when a type that a message is made of cannot be had from the server.
                message_factory.GetMessageClass(method.input_type)()
                message_factory.GetMessageClass(method.output_type)()

        check = pool.FindServiceByName(HEALTH).methods_by_name["Check"]
        request = message_factory.GetMessageClass(check.input_type)
        response = message_factory.GetMessageClass(check.output_type)
        call = channel.unary_unary(f"/{HEALTH}/Check", request.SerializeToString, response.FromString)
        for name in declared:
            answer = call(request(service=name), timeout=WITHIN_SECONDS)
            assert answer.status == 1, f"{name} is not serving"


def ask_with_buf(address, declared, protocol):
    def curl(path, *arguments):
        command = ["scripts/buf", "curl", "--http2-prior-knowledge", "--reflect", "--reflect-protocol", protocol]
        command += ["--protocol", "grpc", *arguments, f"http://{address}{path}"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    check_listed(curl("", "--list-services").split(), declared)
    methods = curl("", "--list-methods").split()
    missing = [f"{name}/{method}" for name in declared for method in declared[name]]
    missing = [method for method in missing if method not in methods]
    assert not missing, f"{protocol} does not list {missing}"
    answer = json.loads(curl(f"/{HEALTH}/Check", "--data", "{}"))
    assert answer == {"status": "SERVING"}, answer


def check_listed(listed, declared):
    missing = (declared.keys() | {HEALTH}) - set(listed)
    assert not missing, f"{sorted(missing)} are not among {sorted(listed)}"


main(*sys.argv[1:])
