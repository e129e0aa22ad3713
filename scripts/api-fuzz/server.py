"""The server that is fuzzed: started for it in a folder of its own, and looked at when it is done."""

import base64
import json
import os
import re
import secrets
import signal
import subprocess
import threading
import time
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# For the server to start, and to stop. Far beyond what is needed, so that only a defect ends it.
PATIENCE_S = 60
BASE = "/api/v1/webhooks"
# Everything but loopback: made-up urls name hosts that may exist, and nobody there asked for a request.
ELSEWHERE = "0.0.0.0/2,64.0.0.0/3,96.0.0.0/4,112.0.0.0/5,120.0.0.0/6,124.0.0.0/7,126.0.0.0/8,128.0.0.0/1,::/0"


class Server:
    """`posthaste serve`, its keys and its log."""

    def __init__(self, binary: Path, folder: Path, database_url: str | None, redis_url: str | None):
        self.operator_key = secrets.token_urlsafe(32)
        self.log = folder / "server.log"
        settings = {
            "POSTHASTE_LISTEN": "127.0.0.1:0",
            "POSTHASTE_DATABASE_URL": database_url or f"sqlite://{folder}/posthaste.db?mode=rwc",
            "POSTHASTE_ADMIN_KEY": self.operator_key,
            "POSTHASTE_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "POSTHASTE_EGRESS_DENY": ELSEWHERE,
            "PATH": os.environ["PATH"],
        }
        if redis_url:
            settings["POSTHASTE_REDIS_URL"] = redis_url
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [binary, "serve", "--dev"], cwd=folder, env=settings, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.url = self._listening()

    def _listening(self) -> str:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until and self.process.poll() is None:
            for line in self.lines():
                if line.get("message") == "listening":
                    return f"http://{line['address']}"
            time.sleep(0.05)
        raise SystemExit(f"the server did not start:\n{self.log.read_text()}")

    def lines(self) -> list[dict]:
        """Its log; what is no JSON is a line's `message`."""
        parsed = []
        for text in self.log.read_text().splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                line = {"message": text}
            parsed.append(line.get("fields", {}) | line)
        return parsed

    def call(self, method: str, path: str, key: str, body: dict | None = None) -> dict:
        """An answer that must be a success."""
        request = urllib.request.Request(
            f"{self.url}{BASE}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return json.load(answer)

    def faults(self) -> list[str]:
        """What it shows of itself that must not be: it is gone, it has failed, it has panicked."""
        if self.process.poll() is not None:
            return [f"the server ended by itself, with {self.process.returncode}"]
        said = [f"answered: {labels}" for labels in self._requests() if labels["status"] == "5xx"]
        said += [f"logged: {json.dumps(line)}" for line in self.lines() if _tells_a_failure(line)]
        return said

    def routes_without_success(self) -> set[str]:
        """Operations of the document that were never answered with a 2xx: nothing is known of what they do then."""
        seen = {(labels["method"], labels["route"]) for labels in self._requests() if labels["status"] == "2xx"}
        with urllib.request.urlopen(f"{self.url}/openapi.json", timeout=PATIENCE_S) as answer:
            paths = json.load(answer)["paths"]
        described = {(method.upper(), path) for path, item in paths.items() for method in item}
        return {f"{method} {path}" for method, path in described - seen}

    def _requests(self) -> list[dict[str, str]]:
        """What was asked and answered, as its metrics tell: route, method and class of status."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=PATIENCE_S) as answer:
            lines = answer.read().decode().splitlines()
        counters = [line for line in lines if line.startswith("posthaste_http_requests_total{")]
        return [dict(re.findall(r'(\w+)="([^"]*)"', line)) for line in counters]

    def stop(self) -> list[str]:
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return ["the server did not stop"]
        return [] if code == 0 else [f"the server stopped with {code}"]


def _tells_a_failure(line: dict) -> bool:
    return line.get("level") == "ERROR" or "panicked" in line.get("message", "")


class _Receiver(BaseHTTPRequestHandler):
    """Answers with the status that the path names."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status = int(self.path.strip("/"))
        body = b"" if status == 204 else b'{"received": true}'
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _Receivers(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A sender that goes away is none of our matter."""


@contextmanager
def receiver():
    """The url of something that takes deliveries: `/204` does, `/500` doesn't."""
    server = _Receivers(("127.0.0.1", 0), _Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
