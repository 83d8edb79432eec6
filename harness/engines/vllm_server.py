"""vLLM as a server of its own, which we start and stop, or at an address the user gives."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any

from torch import Tensor

from srpo_bench.children import python_path
from srpo_bench.harness.config import Vllm
from srpo_bench.harness.engines.vllm_engine import Completion, HostError, Request
from srpo_bench.harness.engines.vllm_local import environment, options
from srpo_bench.harness.errors import RunError

EXTENSION = "srpo_bench.harness.engines.vllm_extension.WeightFiles"
AT_ONCE = 64
"""Requests in flight; one is a prompt with all its samples."""
_LONGEST_FOLDER = 65
"""Of a folder of sockets: a socket's path has at most 107 characters, vLLM names it with 36."""

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Weights and samples go to the server itself, whatever proxy serves the rest of the machine."""


class ServerHost:
    """Speaks OpenAI's completions with token ids. Weights pass through a file on a shared disk."""

    def __init__(self, model: Path, dtype: str, settings: Vllm) -> None:
        self.model, self.dtype, self.settings = model, dtype, settings
        self.address = (settings.address or "").rstrip("/")
        self.process: subprocess.Popen[bytes] | None = None
        self.watcher: subprocess.Popen[bytes] | None = None
        self.folder = tempfile.TemporaryDirectory(prefix="bench-vllm-")
        self.turn: IO[str] | None = None
        self.name = ""

    def start(self) -> None:
        """See ``Host.start``. The user's own server is waited for once it has been there."""
        if self.settings.address:
            self._take_turn()
        else:
            self._spawn()
        if self.process is not None or self.name:
            self._wait()
        self.name = self._ask("/v1/models")["data"][0]["id"]

    def stop(self) -> None:
        """See ``Host.stop``. The user's own server is left to the next run."""
        if self.turn is not None:
            self.turn.close()
        self.turn = None
        if self.process is not None:
            _kill(self.process)
        if self.watcher is not None:
            self.watcher.kill()
            self.watcher.wait()
        self.process = self.watcher = None

    def load(self, weights: Mapping[str, Tensor]) -> None:
        """See ``Host.load``."""
        from safetensors.torch import save_file

        path = Path(self.folder.name) / "weights.safetensors"
        save_file({k: v.cpu().clone() for k, v in weights.items()}, path)
        self._ask("/collective_rpc", {"method": "load_weight_file", "kwargs": {"path": str(path)}})
        if not self._ask("/reset_prefix_cache", {})["success"]:
            raise HostError("it kept what it had cached under the old weights")

    def complete(self, requests: Sequence[Request]) -> list[list[Completion]]:
        """See ``Host.complete``."""

        def completed(request: Request) -> list[Completion]:
            choices = self._complete(request.prompt, request.parameters())
            return [_completion(choice) for choice in sorted(choices, key=lambda c: c["index"])]

        with ThreadPoolExecutor(min(AT_ONCE, len(requests))) as pool:
            answers = [pool.submit(completed, request) for request in requests]
            try:
                return [answer.result() for answer in answers]
            except (HostError, RunError):
                pool.shutdown(cancel_futures=True)
                raise

    def score(self, tokens: list[int]) -> list[float]:
        """See ``Host.score``."""
        (choice,) = self._complete(tokens, {"max_tokens": 1, "prompt_logprobs": 0})
        scored = zip(tokens[1:], choice["prompt_logprobs"][1:], strict=True)
        return [by_token[str(token)]["logprob"] for token, by_token in scored]

    def _complete(self, prompt: list[int], parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        body = {"model": self.name, "prompt": prompt, "return_token_ids": True, **parameters}
        choices: list[dict[str, Any]] = self._ask("/v1/completions", body)["choices"]
        return choices

    def _take_turn(self) -> None:
        """Wait until no other run of this machine has it: it holds one learner's weights."""
        name = f"bench-vllm-{urllib.parse.quote(self.address, safe='')}.lock"
        lock = Path(tempfile.gettempdir()) / name
        with contextlib.suppress(FileExistsError):
            lock.touch(exist_ok=False)
            lock.chmod(0o644)
        self.turn = lock.open()  # read only: it may be another user's
        fcntl.flock(self.turn, fcntl.LOCK_EX)

    def _spawn(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        arguments = options(self.model, self.dtype, self.settings)
        with self._log().open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", "vllm.entrypoints.openai.api_server"),
                    *("--host", "127.0.0.1", "--port", str(port)),
                    *("--worker-extension-cls", EXTENSION),
                    *_flags(arguments),
                ],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": python_path(), **self._environment()},
                start_new_session=True,
            )
        # When this process ends, however it does, the pipe closes and the server goes with it.
        ending = 'read _; kill -s KILL -- "-$0"; rm -rf -- "$1"'
        self.watcher = subprocess.Popen(
            ["sh", "-c", ending, str(self.process.pid), self.folder.name],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _environment(self) -> dict[str, str]:
        short = len(self.folder.name) < _LONGEST_FOLDER
        return {
            **environment(self.settings),
            **({"VLLM_RPC_BASE_PATH": self.folder.name} if short else {}),  # its sockets go with it
            "VLLM_SERVER_DEV_MODE": "1",  # it then takes weights
            **({"TORCH_COMPILE_DISABLE": "1"} if self.settings.enforce_eager else {}),
        }

    def _wait(self) -> None:
        deadline = time.monotonic() + self.settings.start_seconds
        while (left := deadline - time.monotonic()) > 0:
            if self.process is not None and self.process.poll() is not None:
                raise HostError(f"its server ended while starting ({self._last_error()})")
            try:
                self._ask("/v1/models", seconds=left)
                return
            except HostError:
                time.sleep(0.25)
        raise HostError(
            f"its server gave no answer within rollout.vllm.start_seconds="
            f"{self.settings.start_seconds:g} s"
        )

    def _ask(
        self, path: str, body: Mapping[str, Any] | None = None, seconds: float | None = None
    ) -> Any:
        """POST where there is a body, else GET.

        Raises:
            HostError: no answer in time, or the server's own failure.
            RunError: the server refuses the request, as it would the next time.
        """
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.address + path, data, {"Content-Type": "application/json"}
        )
        limit = self.settings.answer_seconds if seconds is None else seconds
        try:
            with DIRECT.open(request, timeout=limit) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            reason = " ".join(error.read().decode(errors="replace").split())[:300]
            if error.code < 500:
                raise RunError(f"vLLM's server refuses {path} ({error.code}): {reason}") from error
            raise HostError(f"its server answered {error.code} to {path}: {reason}") from error
        except TimeoutError as error:
            raise HostError(f"its server gave no answer to {path} within {limit:g} s") from error
        except (OSError, HTTPException) as error:
            raise HostError(f"its server at {self.address} does not answer ({error})") from error
        try:
            return json.loads(text) if text else None
        except ValueError as error:
            raise RunError(f"What answers at {self.address} is not vLLM.") from error

    def _log(self) -> Path:
        return Path(self.folder.name) / "server.log"

    def _last_error(self) -> str:
        lines = self._log().read_text(errors="replace").splitlines()
        wrong = [line for line in lines if "Error" in line] or lines or ["no output"]
        return " ".join(wrong[-1].split())[-300:]


def _completion(choice: Mapping[str, Any]) -> Completion:
    logp = choice["logprobs"]["token_logprobs"]
    return Completion(choice["token_ids"], logp, choice["finish_reason"] == "length")


def _flags(arguments: Mapping[str, Any]) -> list[str]:
    out = []
    for name, value in arguments.items():
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            out.append(flag if value else f"--no-{flag[2:]}")
        else:
            out += [flag, value if isinstance(value, str) else json.dumps(value)]
    return out


def _kill(process: subprocess.Popen[bytes]) -> None:
    """The server and what it started: they have a session of their own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
