"""A Pulumi language host for Python: tells the engine how to run this project's program and policy packs.

The official one is not served as a Go module, so where the CLI is built from modules this one stands in for
it. It decides nothing: it starts the SDK's own executor and the SDK's own policy server, with the virtual
environment that the project asks for, and hands on what they write. Code generation (``pulumi convert``,
``pulumi import``, ``pulumi package``) is not here; the engine says so when it is asked for.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import language_pb2 as pb
from pulumi.runtime.proto import language_pb2_grpc, plugin_pb2

from tools.toolchain.children import Child, Children, output_of, stop
from tools.toolchain.interpreter import (
    NoVirtualEnvironment,
    environment_for,
    python_for,
    virtual_environment,
)

Response = TypeVar("Response")
VERSION = "1.0.0"
BAIL = 32
"""Exit code of the SDK's executor for "the reader has been told already"."""
MESSAGE_LIMIT = ("grpc.max_receive_message_length", 400 << 20), ("grpc.max_send_message_length", 400 << 20)
"""What the engine itself allows: a stack's configuration can be large."""


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Answers one engine. Method names are the protocol's."""

    def __init__(self, engine: str, executor: Path, children: Children) -> None:
        self._engine = engine
        self._executor = executor
        self._children = children

    def Handshake(
        self, request: pb.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> pb.LanguageHandshakeResponse:
        """Take the address of an engine that attached instead of starting this host."""
        self._engine = request.engine_address or self._engine
        return pb.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """Say which version of this host answers."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetRequiredPackages(
        self, request: pb.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> pb.GetRequiredPackagesResponse:
        """Name no packages: dynamic providers come with the CLI, others are fetched when first used."""
        return pb.GetRequiredPackagesResponse()

    def RuntimeOptionsPrompts(
        self, request: pb.RuntimeOptionsRequest, context: grpc.ServicerContext
    ) -> pb.RuntimeOptionsResponse:
        """Ask nothing: the project's file says all there is to say."""
        return pb.RuntimeOptionsResponse()

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        """End the program; the engine waits for the resource steps in hand by itself."""
        threading.Thread(target=self._children.stop_all, daemon=True).start()
        return Empty()

    def About(self, request: pb.AboutRequest, context: grpc.ServicerContext) -> pb.AboutResponse:
        """Say which Python runs the program, by asking it."""
        asked = "import platform, sys; print(sys.executable); print(platform.python_version())"
        executable, version = self._ask(request.info, context, "-c", asked).split("\n")[:2]
        return pb.AboutResponse(executable=executable, version=version)

    def GetProgramDependencies(
        self, request: pb.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> pb.GetProgramDependenciesResponse:
        """List the installed packages: all of them, or those that no other one requires."""
        which = [] if request.transitiveDependencies else ["--not-required"]
        pip = ("-m", "pip", "--disable-pip-version-check", "list", "--format=json", *which)
        found = json.loads(self._ask(request.info, context, *pip))
        return pb.GetProgramDependenciesResponse(
            dependencies=[pb.DependencyInfo(name=item["name"], version=item["version"]) for item in found]
        )

    def Run(self, request: pb.RunRequest, context: grpc.ServicerContext) -> pb.RunResponse:
        """Run the program to its end. What it prints goes to the engine through our own output."""
        python = _python_or_abort(request.info, context)
        env = environment_for(request.info)
        env["PULUMI_CONFIG"] = json.dumps(dict(request.config))
        env["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(list(request.configSecretKeys))
        child = self._children.start([python, str(self._executor), *self._run_arguments(request)], env)
        _stop_when_over(context, child)
        code = self._children.wait(child)
        if code == 0:
            return pb.RunResponse()
        if code == BAIL:
            return pb.RunResponse(bail=True)
        how = f"was ended by signal {-code}" if code < 0 else f"exited with code {code}"
        return pb.RunResponse(error=f"the program {how}")

    def RunPlugin(
        self, request: pb.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.RunPluginResponse]:
        """Run a policy pack, or another plugin that is a folder with a ``__main__.py``, until it is ended."""
        python = _python_or_abort(request.info, context)
        folder = request.info.program_directory
        is_pack = request.kind == "analyzer"
        # The policy server takes the folder after its own arguments and reads the pack from where it stands.
        command = ["-m", "pulumi.policy", *request.args, folder] if is_pack else [folder, *request.args]
        child = self._children.start(
            [python, "-u", *command],
            environment_for(request.info, request.env),
            cwd=folder if is_pack else request.pwd,
            piped=True,
        )
        _stop_when_over(context, child)
        yield from _chunks(child, pb.RunPluginResponse)
        yield pb.RunPluginResponse(exitcode=self._children.wait(child))

    def InstallDependencies(
        self, request: pb.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.InstallDependenciesResponse]:
        """Make the virtual environment if there is none, and install the project's ``requirements.txt``."""
        for command in _install_commands(request.info):
            child = self._children.start(
                command, dict(os.environ), cwd=request.info.program_directory, piped=True
            )
            _stop_when_over(context, child)
            yield from _chunks(child, pb.InstallDependenciesResponse)
            if code := self._children.wait(child):
                context.abort(grpc.StatusCode.UNKNOWN, f"`{' '.join(command)}` failed with exit code {code}")

    def _run_arguments(self, request: pb.RunRequest) -> list[str]:
        """Return the command line of the SDK's executor."""
        options = {
            "monitor": request.monitor_address,
            "engine": self._engine,
            "project": request.project,
            "root_directory": request.info.root_directory,
            "stack": request.stack,
            "pwd": request.pwd,
            "dry_run": json.dumps(request.dryRun),
            "parallel": str(request.parallel),
            "organization": request.organization,
        }
        flags = [part for name, value in options.items() if value for part in (f"--{name}", value)]
        return [*flags, request.info.entry_point or ".", *request.args]

    def _ask(self, info: pb.ProgramInfo, context: grpc.ServicerContext, *arguments: str) -> str:
        """Return what the program's Python prints when it is run with these arguments."""
        command = [_python_or_abort(info, context), *arguments]
        answer = subprocess.run(
            command, env=environment_for(info), capture_output=True, text=True, check=False
        )
        if answer.returncode:
            context.abort(grpc.StatusCode.UNKNOWN, f"{command[0]} failed: {answer.stderr.strip()}")
        return answer.stdout


def _python_or_abort(info: pb.ProgramInfo, context: grpc.ServicerContext) -> str:
    try:
        return python_for(info)
    except NoVirtualEnvironment as missing:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(missing))
        raise  # abort has raised already


def _install_commands(info: pb.ProgramInfo) -> list[list[str]]:
    """Return what has to be run, in order."""
    folder = virtual_environment(info)
    wanted = Path(info.program_directory, "requirements.txt")
    python = str(folder / "bin" / "python") if folder else python_for(info)
    make = [[sys.executable, "-m", "venv", str(folder)]] if folder and not Path(python).exists() else []
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "-r", str(wanted)]
    return [*make, *([pip] if wanted.exists() else [])]


def _chunks(child: Child, response: Callable[..., Response]) -> Iterator[Response]:
    """Wrap what a child writes; the responses of this protocol have a field for each stream."""
    for stream, chunk in output_of(child):
        yield response(**{stream: chunk})


def _stop_when_over(context: grpc.ServicerContext, child: Child) -> None:
    """End the child with its call. Not in gRPC's own thread, which has other calls to serve meanwhile."""
    context.add_callback(lambda: threading.Thread(target=stop, args=([child],), daemon=True).start())


def serve(engine: str, executor: Path) -> None:
    """Serve until the engine says stop (SIGINT, SIGTERM) or is gone, then end every child."""
    over = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: over.set())
    children = Children()
    server = grpc.server(ThreadPoolExecutor(max_workers=16), options=MESSAGE_LIMIT)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(engine, executor, children), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)  # the engine reads the first line
    parent = os.getppid()
    while not over.wait(1.0) and os.getppid() == parent:
        pass
    children.stop_all()
    server.stop(grace=1.0).wait()


def main() -> None:
    """Read the command line that the engine gives: flags of its own, then its address."""
    parser = argparse.ArgumentParser(prog="pulumi-language-python")
    parser.add_argument("--use-executor", type=Path, required=True)
    parser.add_argument("engine", nargs="?", default="")
    arguments, _ = parser.parse_known_args()
    serve(arguments.engine, arguments.use_executor)
